"""The rubber band: cells under a rectangle drawn with the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QRect, QSize, QTimer
from PySide6.QtWidgets import QApplication, QRubberBand

from ui.gallery.ranges import Ranges

if TYPE_CHECKING:
    from ui.gallery.view import GalleryView

_SCROLL_MS = 30


class Band(QObject):
    """Selects while it is drawn; beyond the edge it scrolls on."""

    def __init__(self, view: GalleryView) -> None:
        super().__init__(view)
        self._view = view
        self._rubber = QRubberBand(QRubberBand.Shape.Rectangle, view.viewport())
        self._origin: QPoint | None = None
        """In the content, not the viewport: it scrolls along."""
        self._point = QPoint()
        self._base = Ranges.none()
        self._adds = False
        self._scroll = QTimer(self, interval=_SCROLL_MS)
        self._scroll.timeout.connect(self._scroll_on)

    def begin(self, point: QPoint, *, adds: bool) -> None:
        self._origin = point + QPoint(0, self._scrolled)
        self._point, self._adds = point, adds

    def move(self, point: QPoint) -> None:
        if self._origin is None:
            return
        distance = (point + QPoint(0, self._scrolled) - self._origin).manhattanLength()
        if not self._rubber.isVisible():
            if distance < QApplication.startDragDistance():
                return
            self._base = self._view.picker.ranges if self._adds else Ranges.none()
            self._rubber.show()
        self._point = point
        self._draw()
        is_inside = 0 <= point.y() < self._view.viewport().height()
        if is_inside:
            self._scroll.stop()
        elif not self._scroll.isActive():
            self._scroll.start()

    def end(self) -> None:
        self._scroll.stop()
        self._origin = None
        if self._rubber.isVisible():
            self._rubber.hide()
            self._view.picker.keep()

    @property
    def _scrolled(self) -> int:
        return self._view.verticalScrollBar().value()

    def _scroll_on(self) -> None:
        height, y = self._view.viewport().height(), self._point.y()
        beyond = y if y < 0 else y - height
        self._view.verticalScrollBar().setValue(self._scrolled + beyond)
        self._draw()

    def _draw(self) -> None:
        if self._origin is None:
            return
        one = QSize(1, 1)
        here = QRect(self._point + QPoint(0, self._scrolled), one)
        area = QRect(self._origin, one).united(here)
        self._rubber.setGeometry(area.translated(0, -self._scrolled))
        cell, columns = self._view.cell(0), self._view.samples.columnCount()
        count = len(self._view.samples.ids)
        rows = range(max(area.top() // cell.height(), 0), area.bottom() // cell.height() + 1)
        across = range(
            max(area.left() // cell.width(), 0), min(area.right() // cell.width() + 1, columns)
        )
        under = Ranges.block(rows, across, columns, count)
        self._view.picker.show(self._base | under if len(self._base) else under)
