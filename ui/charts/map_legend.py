"""What the map's colours and shapes mean."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme, verdicts
from ui.charts import inks, palette, words
from ui.charts.map_scene import Colouring, Mode
from ui.charts.scatter import shape

_ROW, _WIDTH, _SWATCH = 20, 168, 22
_RADIUS = 5.0


class MapLegend(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("What the colours mean"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._colouring: Colouring | None = None
        self._entries: list[tuple[int, str, int]] = []

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH, _ROW * 4)

    def show_colouring(self, colouring: Colouring) -> None:
        """List the kinds, with how many points each has."""
        self._colouring = colouring
        kinds = range(1, len(colouring.names) + 1)
        titles = [self._title(colouring.mode, name) for name in colouring.names]
        self._entries = [
            (kind, title, colouring.count(kind)) for kind, title in zip(kinds, titles, strict=True)
        ]
        others = self.tr("no estimate") if colouring.mode is Mode.P_ERROR else self.tr("others")
        self._entries.append((0, others, colouring.count(0)))
        self._entries = [entry for entry in self._entries if entry[2]]
        self.setAccessibleDescription(
            ", ".join(f"{title}: {count:,}" for _, title, count in self._entries)
        )
        self.update()

    def _title(self, mode: Mode, name: str) -> str:
        if mode is not Mode.REVIEW:
            return name
        return self.tr("flagged, to review") if name == "flagged" else verdicts.said(name)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._colouring is None:
            return
        painter = QPainter(self)
        top = 4.0
        if self._colouring.mode is Mode.P_ERROR:
            self._paint_scale(painter)
            top += 2 * _ROW + 8
        colours = inks.colours(self._colouring)
        for kind, title, count in self._entries:
            self._paint_swatch(painter, QPointF(10, top + _ROW / 2), kind, colours[kind])
            self._paint_words(painter, top, title, words.short(count))
            top += _ROW

    def _paint_swatch(self, painter: QPainter, middle: QPointF, kind: int, colour: QColor) -> None:
        if self._colouring is None:
            return
        for row, column, cover in shape(inks.shape_of(self._colouring, kind), _RADIUS):
            shade = QColor(colour)
            shade.setAlphaF(cover)
            painter.fillRect(QRectF(middle.x() + column, middle.y() + row, 1, 1), shade)

    def _paint_words(self, painter: QPainter, top: float, title: str, count: str) -> None:
        metrics = self.fontMetrics()
        room = int(self.width() - _SWATCH - metrics.horizontalAdvance(count) - 10)
        box = QRectF(_SWATCH, top, self.width() - _SWATCH - 2, _ROW)
        painter.setPen(QColor(theme.colours().text))
        flags = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(
            box,
            flags | Qt.AlignmentFlag.AlignLeft,
            metrics.elidedText(title, Qt.TextElideMode.ElideRight, room),
        )
        painter.setPen(QColor(theme.colours().muted))
        painter.drawText(box, flags | Qt.AlignmentFlag.AlignRight, count)

    def _paint_scale(self, painter: QPainter) -> None:
        bar = QRectF(4, 6, self.width() - 8, 12)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        shades = palette.sequence()
        for place, shade in enumerate(shades):
            gradient.setColorAt(place / (len(shades) - 1), shade)
        painter.fillRect(bar, gradient)
        painter.setPen(QColor(theme.colours().muted))
        below = QRectF(bar.left(), bar.bottom() + 2, bar.width(), _ROW)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, "p_error")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, "1")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
