"""What this machine has, and which of the window's system libraries it lacks."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from auditor import version
from auditor.screen import install_command, missing_qt_packages

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


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
