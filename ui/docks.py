"""Panels at the window's edges, each made when it is first looked at."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QWidget


class LazyDock(QDockWidget):
    """A dock whose panel is made at the first show: a window starts with what is on the screen."""

    def __init__(
        self, name: str, title: str, make: Callable[[], QWidget], window: QMainWindow
    ) -> None:
        super().__init__(title, window)
        self.setObjectName(name)
        self.setAllowedAreas(Qt.DockWidgetArea.AllDockWidgetAreas)
        self._make = make
        self.panel: QWidget | None = None
        self.visibilityChanged.connect(self._name_tabs)

    def showEvent(self, event: QShowEvent) -> None:
        self.ensure()
        super().showEvent(event)

    def _name_tabs(self) -> None:
        """Qt makes the bars of docks that share a place as they come to, and leaves them unnamed."""
        window = self.parent()
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        for bar in window.findChildren(QTabBar, options=direct) if window else ():
            bar.setAccessibleName(self.tr("Panels that share this place"))

    def ensure(self) -> QWidget:
        """The panel, made now if it was not."""
        if self.panel is None:
            self.panel = self._make()
            self.setWidget(self.panel)
        return self.panel

    def bring(self) -> None:
        """Show it in front of those it shares its place with, and give it the focus."""
        self.uncover()
        self.ensure().setFocus()

    def uncover(self) -> None:
        """Show it in front, and leave the focus where it is."""
        self.show()
        self.raise_()

    def toggle(self) -> None:
        """Hide it where it is seen, else bring it; one behind another tab is not seen."""
        if self.isVisible() and not self.visibleRegion().isEmpty():
            self.hide()
        else:
            self.bring()
