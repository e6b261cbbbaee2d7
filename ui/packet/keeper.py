"""Writes a packet's answers into its file, off the Qt thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from PySide6.QtCore import QObject, Signal

from auditor.session.packets import Reviewing


class Keeper(QObject):
    """One save is under way at a time, and one more waits: it writes all that was said meanwhile."""

    kept = Signal(int)
    """So many answers are in the file."""
    failed = Signal(object)
    """The error; what was said stays in memory."""

    def __init__(self, held: Reviewing, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._held = held
        self._thread = ThreadPoolExecutor(1, "packet")
        self._waits = False
        self._error: Exception | None = None
        """Why the newest save failed."""

    def keep(self) -> None:
        """Write what was said so far, soon."""
        if not self._waits:
            self._waits = True
            self._thread.submit(self._write)

    def settle(self) -> Exception | None:
        """Wait until all is written, after another try where that failed; why it is not."""
        if self._error is not None:
            self.keep()
        self._thread.submit(lambda: None).result()
        return self._error

    def close(self) -> None:
        """Let go of the thread, once what is being written is."""
        self._thread.shutdown(wait=True)

    def _write(self) -> None:
        self._waits = False
        try:
            count = self._held.save()
        except Exception as error:  # noqa: BLE001  the border: the reviewer gets a sentence
            self._error = error
            self.failed.emit(error)
        else:
            self._error = None
            self.kept.emit(count)
