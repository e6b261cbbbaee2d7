"""Precision by band of the score: a bar for what was found, a whisker for how sure that is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from auditor.session.precision import Band, PrecisionSoFar
from ui import theme
from ui.charts import words
from ui.charts.base import Canvas
from ui.commands import ENTER

_ROW, _TALLEST = 26, 40
_GAP = 12
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class PrecisionView(Canvas):
    row_changed = Signal(str)
    """The row in focus, in words."""
    chosen = Signal(object)
    """A Band whose rest is wanted."""

    keys = frozenset([Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End, *ENTER])

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setAccessibleName(self.tr("Precision by score; up and down read the rows"))
        self._shown: PrecisionSoFar | None = None
        self._row = 0

    def show_precision(self, shown: PrecisionSoFar) -> None:
        self._shown = shown
        self._row = min(self._row, len(shown.bands) - 1)
        self.setMinimumHeight((len(shown.bands) + 2) * _ROW)
        self.update()
        self._tell()

    @property
    def bands(self) -> tuple[Band, ...]:
        return self._shown.bands if self._shown else ()

    def sentence(self, band: Band) -> str:
        """A band in words."""
        low, high = self._ends(band)
        left = _about(band.expected_left)
        if band.precision is None or band.precision_low is None or band.precision_high is None:
            if not band.findings:
                return self.tr("No sample scores between {low} and {high}.").format(
                    low=low, high=high
                )
            return self.tr(
                "None of the {count} between {low} and {high} was judged yet."
                " About {left} errors are expected there."
            ).format(count=words.samples(band.findings), low=low, high=high, left=left)
        return self.tr(
            "Of the findings you judged between {low} and {high}, {confirmed:,} of {judged:,} were"
            " errors: {precision} ({least:.0f} to {most:.0f}). About {left} errors are left there."
        ).format(
            low=low,
            high=high,
            confirmed=band.confirmed,
            judged=band.judged,
            precision=words.percent(band.precision),
            least=100 * band.precision_low,
            most=100 * band.precision_high,
            left=left,
        )

    def _ends(self, band: Band) -> tuple[str, str]:
        digits = 1 if len(self.bands) <= 10 else 2
        return f"{band.low:.{digits}f}", f"{band.high:.{digits}f}"

    # painting

    @property
    def _tall(self) -> float:
        return min(max(self.height() / (len(self.bands) + 2), _ROW), _TALLEST)

    def _box(self, row: int) -> QRectF:
        return QRectF(0, (row + 1) * self._tall, self.width(), self._tall)

    def _columns(self) -> tuple[float, float, float, float]:
        """Where the track begins and ends, and where the two columns of words end."""
        advance = self.fontMetrics().horizontalAdvance
        left = max(advance("0.88 – 0.88"), advance(self._score_title())) + 4 * _GAP  # noqa: RUF001
        errors = self.width() - _GAP
        judged = errors - max(advance("888 (888 to 888)"), advance(self._left_title())) - 2 * _GAP
        right = judged - max(advance("88,888 of 88,888"), advance(self._judged_title())) - 2 * _GAP
        return left, max(right, left + 40), judged, errors

    def _score_title(self) -> str:
        return self._shown.column if self._shown else ""

    def _judged_title(self) -> str:
        return self.tr("errors of judged")

    def _left_title(self) -> str:
        return self.tr("errors expected left")

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.colours().base))
        self._paint_frame(painter)
        for row, band in enumerate(self.bands):
            self._paint_band(painter, row, band)
        self.paint_focus(painter)

    def _paint_frame(self, painter: QPainter) -> None:
        """Titles above, and the percentages with their lines."""
        now = theme.colours()
        left, right, judged, errors = self._columns()
        tall = self._tall
        painter.setPen(QColor(now.muted))
        painter.drawText(QRectF(0, 0, left - 2 * _GAP, tall), _RIGHT, self._score_title())
        painter.drawText(QRectF(right, 0, judged - right, tall), _RIGHT, self._judged_title())
        painter.drawText(QRectF(judged, 0, errors - judged, tall), _RIGHT, self._left_title())
        bottom = self._box(len(self.bands)).top()
        for percent in (0, 25, 50, 75, 100):
            x = left + (right - left) * percent / 100
            painter.setPen(QPen(QColor(now.line), 1))
            painter.drawLine(QPointF(x, tall - 3), QPointF(x, bottom))
            painter.setPen(QColor(now.muted))
            painter.drawText(
                QRectF(x - 30, 0, 60, tall - 2), Qt.AlignmentFlag.AlignCenter, f"{percent} %"
            )

    def _paint_band(self, painter: QPainter, row: int, band: Band) -> None:
        now, box = theme.colours(), self._box(row)
        left, right, judged, errors = self._columns()
        if row == self._row:
            painter.fillRect(box, QColor(now.raised))
            painter.fillRect(QRectF(0, box.top(), 3, box.height()), QColor(now.accent))
        painter.setPen(QColor(now.text if band.findings else now.muted))
        low, high = self._ends(band)
        name = f"{low} – {high}"  # noqa: RUF001
        painter.drawText(QRectF(0, box.top(), left - 2 * _GAP, box.height()), _RIGHT, name)
        track = QRectF(left, box.top() + box.height() * 0.24, right - left, box.height() * 0.52)
        if band.precision is None:
            self._paint_unjudged(painter, track, band)
        else:
            self._paint_bar(painter, track, band)
        words_box = QRectF(right, box.top(), judged - right, box.height())
        painter.setPen(QColor(now.text if band.judged else now.muted))
        said = f"{band.confirmed:,} / {band.judged:,}" if band.judged else "–"  # noqa: RUF001
        painter.drawText(words_box, _RIGHT, said)
        self._paint_left(painter, QRectF(judged, box.top(), errors - judged, box.height()), band)

    def _paint_left(self, painter: QPainter, box: QRectF, band: Band) -> None:
        """About how many, and in grey within which limits."""
        now = theme.colours()
        low, high = _about(band.expected_left_low), _about(band.expected_left_high)
        limits = self.tr("({low} to {high})").format(low=low, high=high)
        advance = self.fontMetrics().horizontalAdvance
        painter.setPen(QColor(now.muted))
        painter.drawText(box, _RIGHT, limits)
        painter.setPen(QColor(now.text if band.expected_left >= 0.5 else now.muted))
        painter.drawText(
            box.adjusted(0, 0, -advance(limits) - 6, 0), _RIGHT, _about(band.expected_left)
        )

    def _paint_bar(self, painter: QPainter, track: QRectF, band: Band) -> None:
        now = theme.colours()
        share, low, high = band.precision or 0.0, band.precision_low, band.precision_high
        painter.fillRect(track, QColor(now.line) if theme.is_dark() else QColor(now.raised))
        painter.fillRect(
            QRectF(track.left(), track.top(), track.width() * share, track.height()),
            QColor(now.flagged),
        )
        middle = track.center().y()
        ends = [track.left() + track.width() * (end or 0.0) for end in (low, high)]
        # A rim in the background's colour keeps the whisker readable on the bar.
        for colour, width in ((now.base, 5), (now.text, 2)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawLine(QPointF(ends[0], middle), QPointF(ends[1], middle))
            for x in ends:
                painter.drawLine(QPointF(x, middle - 5), QPointF(x, middle + 5))

    def _paint_unjudged(self, painter: QPainter, track: QRectF, band: Band) -> None:
        now = theme.colours()
        painter.setPen(QPen(QColor(now.line), 1, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(track)
        painter.setPen(QColor(now.muted))
        said = (
            self.tr("{count}, none judged yet").format(count=words.samples(band.findings))
            if band.findings
            else self.tr("no samples")
        )
        painter.drawText(track.adjusted(8, 0, 0, 0), _LEFT, said)

    # mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = int(event.position().y() / self._tall) - 1
        if 0 <= row < len(self.bands):
            self._go(row)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)
        self.choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        rows = {
            Qt.Key.Key_Up: self._row - 1,
            Qt.Key.Key_Down: self._row + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(self.bands) - 1,
        }
        key = Qt.Key(event.key())
        if key in ENTER:
            self.choose()
        elif key in rows:
            self._go(rows[key])
        else:
            super().keyPressEvent(event)

    def choose(self) -> None:
        """Want what is left of the row in focus."""
        if self.bands:
            self.chosen.emit(self.bands[self._row])

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(480, (len(self.bands) + 2) * _ROW)

    def _go(self, row: int) -> None:
        self._row = min(max(row, 0), len(self.bands) - 1)
        self.update()
        self._tell()

    def _tell(self) -> None:
        if self.bands:
            self.row_changed.emit(self.sentence(self.bands[self._row]))


def _about(count: float) -> str:
    """Whole numbers, but for the small ones."""
    return f"{count:.1f}" if 0.05 <= count < 3 and count != round(count) else f"{count:,.0f}"
