"""Small parts that the evidence card and the comparison are made of."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ui import theme


def breakable(text: str) -> str:
    """Class names are long words: let them break where a reader would break them."""
    for sign in "_-/.":
        text = text.replace(sign, sign + "\u200b")
    return text


class ElidedLabel(QLabel):
    """One line; what does not fit is left out in the middle, and told by the tool tip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(24)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def setText(self, text: str) -> None:
        super().setText(text)
        self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        box = self.contentsRect()
        fitting = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideMiddle, box.width()
        )
        painter.drawText(box, self.alignment().value, fitting)
        painter.end()


class MutedLabel(QLabel):
    """Text that steps back, in whichever scheme."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._dress()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        style = f"color: {theme.colours().muted};"
        if style != self.styleSheet():
            self.setStyleSheet(style)


class Chip(QWidget):
    """A state by glyph, word and colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words, self._colour, self._filled = "", QColor(), False
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    @property
    def words(self) -> str:
        return self._words

    def tell(self, words: str, colour: QColor, *, filled: bool) -> None:
        self._words, self._colour, self._filled = words, colour, filled
        self.setAccessibleName(words)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._words) + 18, metrics.height() + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(28, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(self._colour, 1))
        painter.setBrush(self._colour if self._filled else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.setPen(QColor(theme.colours().base) if self._filled else self._colour)
        fitting = self.fontMetrics().elidedText(
            self._words, Qt.TextElideMode.ElideRight, int(box.width()) - 14
        )
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, fitting)
        painter.end()


class IntervalBar(QWidget):
    """A probability on the line from 0 to 100 %, and how sure it is: a dot with whiskers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value, self._low, self._high = 0.0, 0.0, 0.0
        self.setFixedHeight(16)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def tell(self, value: float, low: float | None, high: float | None) -> None:
        self._value = value
        self._low, self._high = value if low is None else low, value if high is None else high
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        now = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, length, middle = 6.0, self.width() - 12.0, self.height() / 2
        track = QRectF(left, middle - 3, length, 6)
        painter.setPen(QPen(QColor(now.line), 1))
        painter.setBrush(QColor(now.raised))
        painter.drawRoundedRect(track, 3, 3)
        half = left + length / 2
        painter.drawLine(int(half), int(middle) - 6, int(half), int(middle) + 6)
        low, value, high = (left + length * x for x in (self._low, self._value, self._high))
        painter.setPen(QPen(QColor(now.flagged), 2))
        painter.drawLine(round(low), round(middle), round(high), round(middle))
        for end in (low, high):
            painter.drawLine(round(end), round(middle) - 5, round(end), round(middle) + 5)
        painter.setBrush(QColor(now.flagged))
        painter.drawEllipse(QRectF(value - 4, middle - 4, 8, 8))
        painter.end()


class Section(QWidget):
    """A title over a body; one that folds starts folded."""

    def __init__(
        self, title: str, body: QWidget, parent: QWidget | None = None, *, folds: bool = False
    ) -> None:
        super().__init__(parent)
        self._body = body
        self._head = _fold_button(self) if folds else QLabel(self)
        font = QFont(self._head.font())
        font.setBold(True)
        self._head.setFont(font)
        self.set_title(title)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._head)
        column.addWidget(body)
        if isinstance(self._head, QToolButton):
            self._head.clicked.connect(lambda: self.open(self._body.isHidden()))
            self.open(False)

    def set_title(self, title: str) -> None:
        self._head.setText(title)
        self._head.setAccessibleName(title)

    def open(self, opened: bool = True) -> None:
        """Unfold, or fold again, a section that folds."""
        self._body.setVisible(opened)
        if isinstance(self._head, QToolButton):
            self._head.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)


def _fold_button(parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setAutoRaise(True)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button
