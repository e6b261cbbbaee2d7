"""The picture of a distribution: bars parted by state, and a threshold to drag."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QToolTip, QWidget

from ui import theme
from ui.charts import axis, words
from ui.charts.base import Canvas
from ui.charts.distribution import EMPTY, Distribution
from ui.commands import ENTER

_BAR = 9
"""Width of a bar, in pixels."""
_TOP, _RIGHT = 14, 14
_GRAB = 8
_STEPS = 100
_MOVES = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageDown: -10,
    Qt.Key.Key_PageUp: 10,
    Qt.Key.Key_Home: -10 * _STEPS,
    Qt.Key.Key_End: 10 * _STEPS,
}


class HistogramView(Canvas):
    threshold_changed = Signal(float)
    chosen = Signal()
    """Enter: the samples beyond the threshold are wanted."""

    keys = frozenset([*_MOVES, *ENTER])

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setAccessibleName(self.tr("Histogram; arrow keys move the threshold"))
        self.setMouseTracking(True)
        self.shown = EMPTY
        self.threshold = 0.5
        self.upward = True
        self.is_log = False
        self._is_dragged = False

    def show_distribution(self, shown: Distribution, threshold: float, *, upward: bool) -> None:
        self.shown, self.upward = shown, upward
        self.set_threshold(threshold)
        self.update()

    def set_log(self, is_log: bool) -> None:
        self.is_log = is_log
        self.update()

    def set_threshold(self, value: float) -> None:
        """Move the line, to a round value within the axis."""
        low, high = self.shown.limits
        by = self.step
        rounded = min(max(round(value / by) * by, low), high)
        self.threshold = float(f"{rounded:.10g}")
        self.threshold_changed.emit(self.threshold)
        self.update()

    @property
    def step(self) -> float:
        """By how much an arrow key moves the threshold."""
        low, high = self.shown.limits
        return axis.step(low, high, _STEPS)

    # where things are

    @property
    def _plot(self) -> QRectF:
        metrics = self.fontMetrics()
        left = metrics.horizontalAdvance("888.8 M") + 10
        bottom = metrics.height() + 10
        size = self.size()
        return QRectF(left, _TOP, size.width() - left - _RIGHT, size.height() - _TOP - bottom)

    def _x(self, value: float) -> float:
        low, high = self.shown.limits
        return self._plot.left() + (value - low) / (high - low) * self._plot.width()

    def _value(self, x: float) -> float:
        low, high = self.shown.limits
        return low + (x - self._plot.left()) / max(self._plot.width(), 1) * (high - low)

    def _edges(self, shown: Distribution) -> npt.NDArray[np.float64]:
        bins = min(max(int(self._plot.width() / _BAR), 10), 120)
        low, high = shown.limits
        # Round bins: a bar then never straddles a threshold that arrow keys reach.
        by = axis.step(low, high, bins)
        first, last = np.floor(low / by + 1e-9), np.ceil(high / by - 1e-9)
        return np.clip(np.arange(first, last + 1) * by, low, high)

    def _height(self, counts: npt.NDArray[np.int64], top: float) -> npt.NDArray[np.float64]:
        """Heights in pixels of counts, where `top` fills the plot."""
        scaled = np.log10(counts + 1) if self.is_log else counts.astype(np.float64)
        full = np.log10(top + 1) if self.is_log else top
        return np.asarray(scaled / full * self._plot.height(), np.float64)

    # painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.colours().base))
        if len(self.shown) and self._plot.isValid():
            edges = self._edges(self.shown)
            counts = self.shown.bars(edges)
            top = max(float(counts.sum(axis=0).max()), 1.0)
            self._paint_grid(painter, top)
            self._paint_bars(painter, edges, counts, top)
            self._paint_values(painter)
            self._paint_threshold(painter)
        self.paint_focus(painter)

    def _paint_grid(self, painter: QPainter, top: float) -> None:
        now, plot = theme.colours(), self._plot
        marks = axis.powers(top) if self.is_log else axis.ticks(0, top, int(plot.height() / 36) + 1)
        marks = marks[marks == np.round(marks)].astype(np.int64)
        for mark, height in zip(marks, self._height(marks, top), strict=True):
            y = plot.bottom() - height
            painter.setPen(QColor(now.line))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(QColor(now.muted))
            painter.drawText(
                QRectF(0, y - 10, plot.left() - 6, 20),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                words.short(float(mark)),
            )

    def _paint_bars(
        self,
        painter: QPainter,
        edges: npt.NDArray[np.float64],
        counts: npt.NDArray[np.int64],
        top: float,
    ) -> None:
        heights = self._height(counts.cumsum(axis=0), top)
        left, bottom = [self._x(e) for e in edges], self._plot.bottom()
        gap = 1.0 if left[1] - left[0] > 4 else 0.0
        below = np.zeros(counts.shape[1])
        for (brush, outline), upto in zip(part_styles(), heights, strict=True):
            painter.setBrush(brush)
            painter.setPen(QPen(outline, 1))
            for place in np.flatnonzero(upto > below):
                # Even one sample among a million is seen.
                tall = max(float(upto[place] - below[place]), 1.5 if below[place] == 0 else 0.0)
                width = left[place + 1] - left[place] - 1 - gap
                painter.drawRect(
                    QRectF(left[place], bottom - below[place] - tall, max(width, 1), tall)
                )
            below = np.maximum(upto, below)

    def _paint_values(self, painter: QPainter) -> None:
        now, plot = theme.colours(), self._plot
        painter.setPen(QColor(now.muted))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        low, high = self.shown.limits
        most = max(int(plot.width() / 90), 2)
        for mark in axis.ticks(low, high, most):
            x = self._x(float(mark))
            painter.drawLine(QPointF(x, plot.bottom()), QPointF(x, plot.bottom() + 4))
            painter.drawText(
                QRectF(x - 60, plot.bottom() + 4, 120, self.height() - plot.bottom() - 4),
                Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter,
                words.number(float(mark), axis.step(low, high, most)),
            )

    def _paint_threshold(self, painter: QPainter) -> None:
        plot, x = self._plot, self._x(self.threshold)
        accent = QColor(theme.colours().accent)
        shade = QColor(accent)
        shade.setAlpha(34)
        end = plot.right() if self.upward else plot.left()
        painter.fillRect(QRectF(QPointF(x, plot.top()), QPointF(end, plot.bottom())), shade)
        for colour, width in ((QColor(theme.colours().base), 5), (accent, 2)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(QPointF(x, plot.top() - 4), QPointF(x, plot.bottom()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        tip = plot.top() - 4
        aside = 9 if self.upward else -9
        # A flag that points to the side that is meant.
        painter.drawPolygon(
            QPolygonF([QPointF(x, tip - 8), QPointF(x + aside, tip - 2), QPointF(x, tip + 4)])
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._is_dragged = True
            self.set_threshold(self._value(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._is_dragged:
            self.set_threshold(self._value(x))
            return
        is_near = abs(x - self._x(self.threshold)) <= _GRAB
        self.setCursor(Qt.CursorShape.SizeHorCursor if is_near else Qt.CursorShape.ArrowCursor)
        QToolTip.showText(event.globalPosition().toPoint(), self.words_at(x), self)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._is_dragged = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in ENTER:
            self.chosen.emit()
        elif key in _MOVES:
            self.set_threshold(self.threshold + _MOVES[key] * self.step)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def words_at(self, x: float) -> str:
        """The bar at a position, in words; "" beside the bars."""
        if not len(self.shown) or not self._plot.left() <= x <= self._plot.right():
            return ""
        edges = self._edges(self.shown)
        place = int(np.clip(np.searchsorted(edges, self._value(x), "right") - 1, 0, len(edges) - 2))
        decided, flagged, rest = (int(n) for n in self.shown.bars(edges)[:, place])
        step = float(edges[1] - edges[0])
        return self.tr(
            "{low} to {high}: {count} ({flagged:,} to review, {decided:,} decided)"
        ).format(
            low=words.number(float(edges[place]), axis.step(0, step, 1)),
            high=words.number(float(edges[place + 1]), axis.step(0, step, 1)),
            count=words.samples(decided + flagged + rest),
            flagged=flagged,
            decided=decided,
        )


def part_styles() -> Iterator[tuple[QBrush, QColor]]:
    """Fill and outline of decided, flagged and other samples: told apart by pattern as well."""
    now = theme.colours()
    yield QBrush(QColor(now.accepted)), QColor(now.accepted)
    hatch = QBrush(QColor(now.flagged), Qt.BrushStyle.BDiagPattern)
    yield hatch, QColor(now.flagged)
    yield QBrush(QColor(now.raised)), QColor(now.muted)
