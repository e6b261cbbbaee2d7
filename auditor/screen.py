"""Whether the window can be opened here: Qt's system libraries, and a screen."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable

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
