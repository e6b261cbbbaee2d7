"""A table view whose keys are its own while it has the focus."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from ui.commands import ENTER

_OWN = frozenset(
    {
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
    }
)


class ChartTable(QTableView):
    chosen = Signal(QModelIndex)
    """Enter, or a click as `clicks` says."""
    copied = Signal()

    def __init__(self, clicks: int, parent: QWidget | None = None) -> None:
        """`clicks` with the mouse choose a cell: one or two."""
        super().__init__(parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        (self.clicked if clicks == 1 else self.doubleClicked).connect(self.chosen)

    def takes_key(self, event: QKeyEvent) -> bool:
        """Whether it is the table's and no shortcut."""
        is_plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return (is_plain and event.key() in _OWN | ENTER) or _copies(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex())
        elif _copies(event):
            self.copied.emit()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        # A click beside the cells means none of them.
        if self.indexAt(event.position().toPoint()).isValid():
            super().mouseReleaseEvent(event)


def _copies(event: QKeyEvent) -> bool:
    return event.matches(QKeySequence.StandardKey.Copy)
