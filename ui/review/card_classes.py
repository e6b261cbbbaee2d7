"""Classes in order of probability, each with the digit that chooses it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from auditor.session.evidence import Evidence
from ui import theme
from ui.review.pieces import MutedLabel

MOST = 10
_DIGITS = 9
_HEIGHT = 28
_CAP = 20


class ClassButton(QAbstractButton):
    """A keycap, a name, and a bar as long as the class is likely."""

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = ""
        self._key = str(number) if number <= _DIGITS else ""
        self._share: float | None = None
        self._remark = ""
        self._is_label = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def tell(self, name: str, share: float | None, remark: str, *, is_label: bool) -> None:
        self.name, self._share, self._remark = name, share, remark
        self._is_label = is_label
        words = [name, remark] if share is None else [name, _percent(share), remark]
        self.setAccessibleName(", ".join(word for word in words if word))
        beside = self.tr("Ctrl+click puts it beside the other labels, or takes it away")
        self.setToolTip(f"{self.tr('Relabel as “{name}”').format(name=name)}. {beside}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, _HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        now = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self.underMouse() or self.isDown() or self.hasFocus():
            painter.setPen(QPen(QColor(now.accent if self.hasFocus() else now.line), 1))
            painter.setBrush(QColor(now.raised))
            painter.drawRoundedRect(box, 4, 4)
        if self._key or self._is_label:
            self._paint_cap(painter, QRectF(box.left() + 3, box.center().y() - 10, _CAP, _CAP))
        self._paint_words(painter, box.adjusted(_CAP + 12, 0, -6, -4))
        self._paint_bar(painter, box.adjusted(_CAP + 12, box.height() - 4, -6, -1))
        painter.end()

    def _paint_cap(self, painter: QPainter, box: QRectF) -> None:
        now = theme.colours()
        painter.setPen(QPen(QColor(now.accent if self._is_label else now.line), 1))
        painter.setBrush(QColor(now.accent if self._is_label else now.base))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor(now.on_accent if self._is_label else now.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._key)

    def _paint_words(self, painter: QPainter, box: QRectF) -> None:
        now = theme.colours()
        metrics = self.fontMetrics()
        share = "" if self._share is None else _percent(self._share)
        side = "  ".join(word for word in (self._remark, share) if word)
        taken = metrics.horizontalAdvance(side) + 10
        flag = Qt.AlignmentFlag
        painter.setPen(QColor(now.muted))
        painter.drawText(box, flag.AlignRight | flag.AlignVCenter, side)
        painter.setPen(QColor(now.text))
        name = metrics.elidedText(self.name, Qt.TextElideMode.ElideMiddle, int(box.width()) - taken)
        painter.drawText(box, flag.AlignLeft | flag.AlignVCenter, name)

    def _paint_bar(self, painter: QPainter, box: QRectF) -> None:
        if self._share is None:
            return
        now = theme.colours()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(now.line))
        painter.drawRect(box)
        painter.setBrush(QColor(now.accent))
        painter.drawRect(QRectF(box.left(), box.top(), box.width() * self._share, box.height()))


class ClassList(QWidget):
    """The first ten; a click chooses, with Ctrl one of several. Labels have a filled keycap."""

    chosen = Signal(str)
    toggled = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        self.buttons = [ClassButton(number + 1, self) for number in range(MOST)]
        for button in self.buttons:
            button.clicked.connect(self._choose)
            column.addWidget(button)
        self._more = MutedLabel(parent=self)
        self._more.setWordWrap(True)
        column.addWidget(self._more)

    @property
    def rest_words(self) -> str:
        """How many more classes there are and how to find them; "" for none."""
        return "" if self._more.isHidden() else self._more.text()

    def tell(self, evidence: Evidence) -> None:
        for place, button in enumerate(self.buttons):
            button.setVisible(place < len(evidence.ranked))
            if place < len(evidence.ranked):
                name, share = evidence.ranked[place]
                remark = self._remark(name, evidence)
                button.tell(name, share, remark, is_label=name in evidence.labels)
        rest = len(evidence.ranked) - MOST
        self._more.setVisible(rest > 0)
        self._more.setText(self.tr("{rest:,} more classes: type to find with T").format(rest=rest))

    def _remark(self, name: str, evidence: Evidence) -> str:
        if name in evidence.labels:
            return self.tr("now") if evidence.labels != evidence.given else self.tr("given")
        return self.tr("given") if name in evidence.given else ""

    def _choose(self) -> None:
        button = self.sender()
        if isinstance(button, ClassButton):
            held = QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier
            (self.toggled if held else self.chosen).emit(button.name)


def _percent(share: float) -> str:
    """Certainty is not claimed by rounding."""
    if 0 < share < 0.005:
        return "< 1 %"
    if 0.995 <= share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"
