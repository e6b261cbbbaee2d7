"""What the model was asked about the sample: a chip for each question, and one's own answer to it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from auditor.session.evidence import Evidence
from auditor.session.interview import Asked
from ui import theme
from ui.desk import Desk
from ui.review.pieces import Chip, MutedLabel

_HALF = 0.5


class Transcript(QWidget):
    """Questions about the given label first, then those about other classes."""

    failed = Signal(object)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._sample_id: int | None = None
        self._rows: list[QuestionRow] = []
        self._asked_by = MutedLabel("", self)
        self._asked_by.setWordWrap(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self._asked_by)

    @property
    def chips(self) -> list[str]:
        """What the chips say, in their order."""
        return [row.chip.words for row in self._rows if not row.isHidden()]

    def tell(self, evidence: Evidence) -> None:
        self._sample_id = evidence.sample_id
        told = evidence.transcript
        while len(self._rows) < len(told):
            self._rows.append(self._row())
        for row in self._rows[len(told) :]:
            row.hide()
        for row, asked in zip(self._rows, told, strict=False):
            row.tell(asked)
            row.show()
        models = {one.answered_by for one in told if one.answered_by and not one.by_person}
        self._asked_by.setText(self.tr("Asked: {models}").format(models=", ".join(sorted(models))))
        self._asked_by.setVisible(bool(models))

    def answer(self, text: str, said: str) -> None:
        """Keep the reviewer's own answer; it goes before the model's in the next audit."""
        sample_id = self._sample_id
        if sample_id is not None:
            self._desk.act(
                lambda session: session.interview.tell(sample_id, text, said),
                lambda _none: None,
                self.failed.emit,
                owner=self,
            )

    def _row(self) -> QuestionRow:
        row = QuestionRow(self)
        row.answered.connect(self.answer)
        self._column.addWidget(row)
        return row


class QuestionRow(QWidget):
    """One question: the chip says the answer, by glyph and colour whether it fits the label."""

    answered = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked: Asked | None = None
        self.chip = Chip(self)
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._own = QToolButton(self)
        self._own.setText("…")
        self._own.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self._own.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._own.setAccessibleName(self.tr("Answer it yourself"))
        self._own.setToolTip(self.tr("Answer it yourself"))
        self._own.setMenu(self._menu())
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self.chip, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._text, 1)
        line.addWidget(self._own, 0, Qt.AlignmentFlag.AlignTop)

    def tell(self, asked: Asked) -> None:
        self._asked = asked
        words, colour = self._said(asked)
        self.chip.tell(words, colour, filled=asked.by_person)
        question = asked.question
        about = "" if asked.is_about_given else f"{question.about}: "
        self._text.setText(about + question.text)
        self.setToolTip(
            self.tr("Expected of {about}: {expected}").format(
                about=question.about, expected=question.expected
            )
            + (f"\n“{asked.reply}”" if asked.reply else "")
        )
        self._own.setVisible(question.form == "yes_no")

    def _said(self, asked: Asked) -> tuple[str, QColor]:
        now = theme.colours()
        if not asked.answered_by:
            return self.tr("not asked"), QColor(now.muted)
        if asked.agree is None:
            return "? " + self.tr("unclear"), QColor(now.deferred)
        fits = asked.agree >= _HALF
        said = self._in_words(asked)
        if asked.by_person:
            said = self.tr("you: {answer}").format(answer=said)
        return ("✓ " if fits else "✕ ") + said, QColor(now.kept if fits else now.flagged)

    def _in_words(self, asked: Asked) -> str:
        if asked.p_yes is None:
            return (asked.reply or "").strip()[:24]
        says_yes = asked.p_yes >= _HALF
        share = asked.p_yes if says_yes else 1 - asked.p_yes
        return f"{self.tr('yes') if says_yes else self.tr('no')} {share:.0%}"

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for said, words in (
            ("yes", self.tr("Yes")),
            ("no", self.tr("No")),
            ("unclear", self.tr("Cannot tell")),
        ):
            menu.addAction(words).triggered.connect(partial(self._answer, said))
        return menu

    def _answer(self, said: str, *_: object) -> None:
        if self._asked is not None:
            self.answered.emit(self._asked.question.text, said)
