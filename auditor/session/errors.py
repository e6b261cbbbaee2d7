"""What a user is told where something failed."""

from __future__ import annotations

import errno
import os


def sentence(error: Exception) -> str:
    """One sentence; the system's own errors name the file and drop their number."""
    if not isinstance(error, OSError):
        return str(error) or type(error).__name__
    if error.errno == errno.ENOSPC:
        return "the disk is full: make room and do the same again; what was saved is kept"
    if error.filename and error.strerror:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return str(error)
