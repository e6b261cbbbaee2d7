"""The last lines of the project's log, followed while they are looked at."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QFontDatabase, QHideEvent, QShowEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from ui.desk import Desk

_LINES = 200
_BYTES = 1 << 16
_FOLLOW_MS = 1000


class LogView(QPlainTextEdit):
    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setAccessibleName(self.tr("Log"))
        self.setPlaceholderText(self.tr("Nothing has been logged."))
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setMinimumHeight(180)
        self.setTabChangesFocus(True)
        self._desk = desk
        self._shown = ""
        self._follow = QTimer(self, interval=_FOLLOW_MS)
        self._follow.timeout.connect(self.read)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.read()
        self._follow.start()

    def hideEvent(self, event: QHideEvent) -> None:
        self._follow.stop()
        super().hideEvent(event)

    def read(self) -> None:
        """Show what the log ends with now."""
        path = self._desk.session.folder.logs / "auditor.log"
        self._desk.ask(
            lambda _session: tail(path), self._show, self._ignore, lane="log", owner=self, slow=True
        )

    def _show(self, text: str) -> None:
        if text == self._shown:
            return
        bar = self.verticalScrollBar()
        at_end = bar.value() == bar.maximum()
        place = bar.value()
        self._shown = text
        self.setPlainText(text)
        bar.setValue(bar.maximum() if at_end else place)

    def _ignore(self, error: Exception) -> None:
        """A log that cannot be read is no trouble of the user's."""


def tail(path: Path, lines: int = _LINES) -> str:
    """The last lines of a file, "" where there is none; bytes that are no text are marked."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - _BYTES, 0))
            found = file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ""
    whole = found if size <= _BYTES else found[1:]
    return "\n".join(whole[-lines:])
