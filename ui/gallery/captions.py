"""Short texts and badges, laid out once and painted many times."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPixmap, QStaticText

_MANY = 4096
BADGE = 18
"""Side of a badge, in pixels."""


class Captions:
    """Elided one-line texts in one font."""

    def __init__(self, font: QFont, *, struck: bool = False) -> None:
        self.font = QFont(font)
        self._struck = struck
        self._metrics = QFontMetricsF(self.font)
        self.height = int(self._metrics.height() + 1)
        self._texts: dict[tuple[str, int], tuple[QStaticText, float]] = {}

    def draw(self, painter: QPainter, x: float, y: float, width: float, text: str) -> float:
        """Draw with the painter's pen, elided to `width`; returns the width taken."""
        key = (text, math.ceil(width))
        found = self._texts.get(key)
        if found is None:
            found = self._texts[key] = self._laid_out(text, math.ceil(width))
        painter.setFont(self.font)
        painter.drawStaticText(int(x), int(y), found[0])
        if self._struck:  # the line of a struck-out font is drawn in another place by static texts
            middle = y + self._metrics.ascent() - self._metrics.strikeOutPos()
            painter.drawLine(QLineF(int(x), middle, int(x) + found[1], middle))
        return found[1]

    def width(self, text: str) -> int:
        """Room for the text, in whole pixels."""
        return math.ceil(self._metrics.horizontalAdvance(text))

    def _laid_out(self, text: str, width: int) -> tuple[QStaticText, float]:
        if len(self._texts) > _MANY:
            self._texts.clear()
        elided = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(width, 0))
        laid_out = QStaticText(elided)
        laid_out.setTextFormat(Qt.TextFormat.PlainText)
        laid_out.prepare(font=self.font)
        return laid_out, self._metrics.horizontalAdvance(elided)


class Badges:
    """Filled discs with a glyph: a state's shape and colour."""

    def __init__(self, font: QFont) -> None:
        self._font = QFont(font)
        self._font.setPixelSize(BADGE - 6)
        self._font.setBold(True)
        self._pixmaps: dict[tuple[str, str, float], QPixmap] = {}

    def get(self, glyph: str, colour: str, ink: str, ratio: float) -> QPixmap:
        key = (glyph, colour, ratio)
        if key not in self._pixmaps:
            self._pixmaps[key] = self._painted(glyph, QColor(colour), QColor(ink), ratio)
        return self._pixmaps[key]

    def _painted(self, glyph: str, colour: QColor, ink: QColor, ratio: float) -> QPixmap:
        side = round(BADGE * ratio)
        pixmap = QPixmap(side, side)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(ink)
        painter.setBrush(colour)
        box = QRectF(0.5, 0.5, BADGE - 1, BADGE - 1)
        painter.drawRoundedRect(box, 5, 5)
        painter.setFont(self._font)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, glyph)
        painter.end()
        return pixmap
