"""What this machine has, and which of the window's system libraries it lacks."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from auditor import version

# The libraries Qt's own modules and its X11 plugin load, and the Debian packages that hold them.
_QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
_PACKAGES = (
    "PySide6-Essentials",
    "cleanlab",
    "duckdb",
    "open_clip_torch",
    "torch",
    "transformers",
    "timm",
)
_ROOM = 1 << 30


@dataclass(frozen=True, slots=True)
class Examination:
    facts: dict[str, str]
    problems: tuple[str, ...]


def examine() -> Examination:
    """Look at versions, cores, disk and Qt's libraries; imports neither torch nor Qt."""
    free = shutil.disk_usage(Path.cwd()).free
    facts = {
        "dataset auditor": version.VERSION,
        "python": f"{platform.python_version()} ({sys.executable})",
        "system": platform.platform(),
        "cores": str(os.cpu_count()),
        "free disk here": f"{free / 1e9:.1f} GB",
        **{name: _version(name) for name in _PACKAGES},
    }
    problems = []
    if lacking := missing_qt_packages():
        problems.append(
            f"the window needs system libraries that are missing: {install_command(lacking)}"
            " (the commands work without them)"
        )
    if free < _ROOM:
        problems.append(
            "less than 1 GB is free here: a project needs room for thumbnails and features"
        )
    return Examination(facts, tuple(problems))


def missing_qt_packages() -> tuple[str, ...]:
    """Debian packages of the libraries that the window would not find; none on other systems."""
    if not sys.platform.startswith("linux"):
        return ()
    return tuple(package for library, package in _QT_LIBRARIES.items() if not _loads(library))


def why_no_window() -> str:
    """A sentence with the way on where the window cannot be opened here; "" where it can."""
    if lacking := missing_qt_packages():
        return (
            f"The window needs system libraries that are missing: {install_command(lacking)}"
            "\nWithout it every command works: `python main.py --help`"
        )
    screenless = sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    )
    return (
        "There is no screen here. Every command works without one: `python main.py --help`"
        if screenless
        else ""
    )


def install_command(packages: Iterable[str]) -> str:
    """The line that installs them on Debian and its relatives."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    root = "" if is_root else "sudo "
    return f"{root}apt-get install -y {' '.join(packages)}"


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
