"""Below the wall: where one is, how large the pictures are, and what becomes of them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from auditor.model import Verdict

_SIDES = (48, 224)
_SIDE = 96


class WallBar(QWidget):
    accepted = Signal()
    sized = Signal(int)
    """How wide pictures are to be, in pixels."""
    exceptions_chosen = Signal()
    """`exception_verdict` is another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._page, self._said = QLabel(self), QLabel(self)
        self._size = QSlider(Qt.Orientation.Horizontal, self)
        self._size.setRange(*_SIDES)
        self._size.setValue(_SIDE)
        self._size.setMaximumWidth(140)
        self._size.setAccessibleName(self.tr("Size of the pictures"))
        self._exceptions = self._make_exceptions()
        self._accept = QPushButton(self)
        self._rest, self._key = 0, ""
        self._accept.setDefault(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._page)
        row.addWidget(self._said)
        row.addStretch(1)
        for widget in (self._size, self._exceptions, self._accept):
            row.addWidget(widget)
        self._size.valueChanged.connect(self.sized)
        self._exceptions.currentIndexChanged.connect(self.exceptions_chosen)
        self._accept.clicked.connect(self.accepted)

    @property
    def said(self) -> str:
        return self._said.text()

    @property
    def exception_verdict(self) -> Verdict | None:
        """What becomes of the exceptions; None leaves them undecided."""
        chosen = self._exceptions.currentData()
        return Verdict(chosen) if chosen is not None else None

    def say(self, sentence: str) -> None:
        self._said.setText(sentence)

    def show_page(self, start: int, size: int, every: int) -> None:
        """Which page begins at `start`, of pages of `size` that hold `every` sample."""
        self._page.setText(
            self.tr("Page {page} of {pages}, {size} each").format(
                page=start // size + 1, pages=max(-(-every // size), 1), size=size
            )
            if every
            else ""
        )

    def show_rest(self, rest: int, *, can_accept: bool) -> None:
        """How many samples would be accepted now."""
        self._rest = rest
        self._accept.setEnabled(can_accept)
        self._name_button()

    def show_key(self, key: str) -> None:
        """The key that accepts the page, as the user knows it; "" for none."""
        self._key = key
        self._name_button()

    def _name_button(self) -> None:
        text = self.tr("Accept {count}").format(count=self._rest)
        self._accept.setText(f"{text}  {self._key}" if self._key else text)

    def _make_exceptions(self) -> QComboBox:
        made = QComboBox(self)
        made.setAccessibleName(self.tr("What becomes of the exceptions"))
        # As text: a combo box finds no Python value again.
        made.addItem(self.tr("Exceptions keep their label"), str(Verdict.KEEP))
        made.addItem(self.tr("Exceptions are put aside"), str(Verdict.DEFER))
        made.addItem(self.tr("Exceptions stay undecided"), None)
        return made
