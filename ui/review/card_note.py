"""The note on a sample."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from ui.desk import Desk


class NoteField(QLineEdit):
    """Enter keeps what was written, Esc drops it; both give the focus back.

    What was begun for one sample is kept for that one when another comes into focus.
    """

    failed = Signal(object)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._sample_id: int | None = None
        self._kept = ""
        self._came_from: QWidget | None = None
        self.setPlaceholderText(self.tr("Add a note"))
        self.setAccessibleName(self.tr("Note"))
        self.setClearButtonEnabled(True)
        self.editingFinished.connect(self.keep)
        self.returnPressed.connect(self._give_back)

    def tell(self, sample_id: int, note: str | None) -> None:
        """Show a sample's note, unless the user is changing it."""
        if sample_id != self._sample_id:
            self.keep()
        elif self.text() != self._kept:
            self._kept = note or ""
            return
        self._sample_id, self._kept = sample_id, note or ""
        if self.text() != self._kept:
            self.setText(self._kept)

    def edit(self) -> None:
        """Write into it; the focus goes back to where it is now."""
        self._came_from = QApplication.focusWidget()
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def keep(self) -> None:
        """Write down what was changed."""
        note, sample_id = self.text().strip(), self._sample_id
        if sample_id is None or note == self._kept.strip():
            return
        self._kept = self.text()
        ids = np.array([sample_id], np.int64)
        self._desk.act(
            lambda session: session.annotate(ids, note),
            lambda _count: None,
            self.failed.emit,
            owner=self,
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.setText(self._kept)
            self._give_back()
            event.accept()
            return
        super().keyPressEvent(event)

    def _give_back(self) -> None:
        came_from, self._came_from = self._came_from, None
        if came_from is not None and came_from is not self and came_from.isVisible():
            came_from.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.clearFocus()
