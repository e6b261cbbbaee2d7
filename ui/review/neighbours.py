"""The samples most alike, of the given and of the suggested label."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from auditor.session.evidence import Evidence
from ui import theme
from ui.review import pairing
from ui.review.pieces import breakable
from ui.workspace import Workspace

_SIDE = 60
_NARROWEST = 36
_MOST = 5
_CLIENT = "neighbours"


class NeighbourButton(QAbstractButton):
    """One thumbnail: a click compares, with Ctrl it goes there."""

    compare_wanted = Signal(int)
    focus_wanted = Signal(int)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sample_id = -1
        self._workspace = workspace
        self._goes = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(_NARROWEST)  # in a narrow card they shrink, all five in sight
        self.setMaximumWidth(_SIDE)
        self.setToolTip(self.tr("Click to compare, Ctrl+click to go there"))
        self.clicked.connect(self._act)

    def sizeHint(self) -> QSize:
        return QSize(_SIDE, _SIDE)

    def tell(self, sample_id: int, name: str) -> None:
        self.sample_id = sample_id
        self.setAccessibleName(name)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._goes = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        super().mouseReleaseEvent(event)
        self._goes = False

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sample_id = self.sample_id
        menu.addAction(self.tr("Compare")).triggered.connect(
            lambda: self.compare_wanted.emit(sample_id)
        )
        menu.addAction(self.tr("Go there")).triggered.connect(
            lambda: self.focus_wanted.emit(sample_id)
        )
        menu.popup(event.globalPos())

    def paintEvent(self, _event: QPaintEvent) -> None:
        now = theme.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.fillRect(box, QColor(now.raised))
        pixmap = self._workspace.thumbnails.get(self.sample_id)
        if pixmap is not None and not pixmap.isNull():
            size = pixmap.size().toSizeF()
            size.scale(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRectF(box.topLeft(), size)
            place.moveCenter(box.center())
            painter.drawPixmap(place, pixmap, QRectF(pixmap.rect()))
        if self.hasFocus() or self.underMouse():
            painter.setPen(QPen(QColor(now.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box)
        painter.end()

    def _act(self) -> None:
        wanted = self.focus_wanted if self._goes else self.compare_wanted
        wanted.emit(self.sample_id)


class NeighbourRow(QWidget):
    """A caption over as many thumbnails as there is room for."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._caption = QLabel(self)
        self._caption.setTextFormat(Qt.TextFormat.PlainText)
        self._caption.setWordWrap(True)
        self.buttons = [NeighbourButton(workspace, self) for _ in range(_MOST)]
        row = QHBoxLayout()
        row.setSpacing(4)
        for button in self.buttons:
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self._caption)
        column.addLayout(row)

    def tell(self, caption: str, sample_ids: Sequence[int]) -> None:
        self.setVisible(bool(sample_ids))
        self._caption.setText(breakable(caption))
        for place, button in enumerate(self.buttons):
            button.setVisible(place < len(sample_ids))
            if place < len(sample_ids):
                number = f"{place + 1}"
                button.tell(sample_ids[place], f"{caption}, {number}")


class Neighbours(QWidget):
    """Both rows: what it looks like says more than any number."""

    compare_wanted = Signal(int)
    focus_wanted = Signal(int)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.given, self.suggested = (NeighbourRow(workspace, self) for _ in range(2))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for row in (self.suggested, self.given):
            column.addWidget(row)
            for button in row.buttons:
                button.compare_wanted.connect(self.compare_wanted)
                button.focus_wanted.connect(self.focus_wanted)
        workspace.thumbnails.ready.connect(self._on_thumbnail)

    def tell(self, evidence: Evidence) -> None:
        of_given = evidence.neighbours_given[:_MOST]
        of_suggested = evidence.neighbours_suggested[:_MOST]
        self._workspace.thumbnails.keep_only(_CLIENT, (*of_given, *of_suggested))
        say = self.tr("Most alike among “{label}”")
        self.given.tell(say.format(label=pairing.labels(evidence.given)), of_given)
        self.suggested.tell(say.format(label=pairing.labels(evidence.suggested)), of_suggested)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
        super().changeEvent(event)

    def _on_thumbnail(self, sample_id: int) -> None:
        for button in (*self.given.buttons, *self.suggested.buttons):
            if button.sample_id == sample_id:
                button.update()
