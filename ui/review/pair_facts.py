"""What is known of two samples, side by side; what differs stands out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from ui.review import pairing
from ui.review.pairing import Fact, Pairing
from ui.review.pieces import ElidedLabel, MutedLabel
from ui.workspace import Workspace

_SIDES = (0, 2)
_ALIGN = {0: Qt.AlignmentFlag.AlignRight, 2: Qt.AlignmentFlag.AlignLeft}


class PairFacts(QWidget):
    """A table of three columns: the left one's value, what it is, the right one's value."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._ids: tuple[int, int] | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 6, 12, 8)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(2)
        for side in _SIDES:
            self._grid.setColumnStretch(side, 1)
        self._rows: list[tuple[ElidedLabel, QLabel, ElidedLabel]] = []
        self._focus = {side: self._focus_button(side) for side in _SIDES}
        for side, button in self._focus.items():
            self._grid.addWidget(button, 0, side, _ALIGN[side])

    def tell(self, found: Pairing | None) -> None:
        self.setVisible(found is not None)
        if found is None:
            return
        self._ids = found.left.sample_id, found.right.sample_id
        paths = Fact(self.tr("File"), found.left.path, found.right.path)
        shown = [paths, *pairing.facts(found)]
        while len(self._rows) < len(shown):
            self._rows.append(self._row(len(self._rows) + 1))
        for row, fact in zip(self._rows, shown, strict=True):
            self._fill(row, fact)

    def mark(self, focus: int | None) -> None:
        """Say which of the two decisions are about."""
        for side, sample_id in zip(_SIDES, self._ids or (None, None), strict=True):
            is_focus = sample_id is not None and sample_id == focus
            self._focus[side].setText(
                self.tr("● Decisions are about this one") if is_focus else self.tr("Go to this one")
            )
            self._focus[side].setEnabled(not is_focus)

    def _fill(self, row: tuple[ElidedLabel, QLabel, ElidedLabel], fact: Fact) -> None:
        left, name, right = row
        left.setText(fact.left)
        right.setText(fact.right)
        name.setText(f"≠ {fact.name}" if fact.differs else f"= {fact.name}")
        for label in row:
            font = QFont(label.font())
            font.setBold(fact.differs)
            label.setFont(font)

    def _row(self, number: int) -> tuple[ElidedLabel, QLabel, ElidedLabel]:
        row = ElidedLabel(self), MutedLabel(parent=self), ElidedLabel(self)
        for column, label in enumerate(row):
            label.setAlignment(_ALIGN.get(column, Qt.AlignmentFlag.AlignHCenter))
            self._grid.addWidget(label, number, column)
        return row

    def _focus_button(self, side: int) -> QPushButton:
        button = QPushButton(self)
        button.setFlat(True)
        button.clicked.connect(lambda: self._go(side))
        return button

    def _go(self, side: int) -> None:
        if self._ids is not None:
            self._workspace.set_focus(self._ids[_SIDES.index(side)])
