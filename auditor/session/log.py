"""The project's own log file."""

from __future__ import annotations

import contextlib
import logging


class ProjectLog(logging.FileHandler):
    """A log that is done without where the disk is full: it may not hide what there is to say."""

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError):  # the file is opened with the first record
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        """Say nothing."""

    def close(self) -> None:
        with contextlib.suppress(OSError):
            super().close()
