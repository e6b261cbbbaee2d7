"""One sample over the whole middle of the window."""

from __future__ import annotations

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.review.loupe import Loupe
from ui.workspace import Workspace


class LoupePage(QWidget):
    """Shows the sample in focus, while it is looked at."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.loupe = Loupe(workspace, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.loupe)
        self.setFocusProxy(self.loupe)
        workspace.focus_changed.connect(self._show)

    def showEvent(self, event: QShowEvent) -> None:
        self.loupe.show_sample(self._workspace.focus)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.loupe.show_sample(None)
        super().hideEvent(event)

    def _show(self, sample_id: int | None) -> None:
        if self.isVisible():
            self.loupe.show_sample(sample_id)
