"""The four-way question as a mode of the review: given, the other, both or neither, a digit each."""

from __future__ import annotations

from typing import Self

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from auditor.session import four_way
from auditor.session.evidence import Evidence
from auditor.session.four_way import FourWay
from ui.commands import Command, Commands
from ui.review.card_classes import ClassButton

ANSWERS = tuple(FourWay)
"""In the order of their digits, from 1."""


class FourWayMode(QObject):
    """Whether the digits answer the four-way question; one for each window."""

    changed = Signal()

    def __init__(self, commands: Commands) -> None:
        super().__init__(commands)
        title = self.tr("Ask which of two labels fits")
        self._action = commands.add(
            Command("decide.four_way", title, self.tr("Decide"), ("Y",), checkable=True),
            self.changed.emit,
        )

    @classmethod
    def of(cls, commands: Commands) -> Self:
        """That of a window; made by whichever part comes first."""
        return commands.findChild(cls) or cls(commands)

    @property
    def is_on(self) -> bool:
        return self._action.isChecked()


class FourWayList(QWidget):
    """A button for each answer, in the words of the sample's two labels."""

    answered = Signal(object)
    """A FourWay."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        self.buttons = [ClassButton(number + 1, self) for number in range(len(ANSWERS))]
        for button, said in zip(self.buttons, ANSWERS, strict=True):
            button.clicked.connect(lambda _on=False, said=said: self.answered.emit(said))
            column.addWidget(button)

    def tell(self, evidence: Evidence) -> bool:
        """Ask about a sample; False where it has not two labels to choose from."""
        asked = four_way.pair(evidence)
        if asked is None:
            return False
        texts = {
            FourWay.GIVEN: self.tr("Only “{name}”").format(name=asked.given),
            FourWay.SUGGESTED: self.tr("Only “{name}”").format(name=asked.other),
            FourWay.BOTH: self.tr("Both"),
            FourWay.NEITHER: self.tr("Neither"),
        }
        given = self.tr("given")
        stands = evidence.labels if evidence.verdict is not None else None
        for button, said in zip(self.buttons, ANSWERS, strict=True):
            remark = given if said is FourWay.GIVEN else ""
            is_answer = stands == asked.labels(said)
            button.tell(texts[said], None, remark, is_label=is_answer)
            button.setToolTip(self.tr("Decides, and counts as your vote"))
        return True
