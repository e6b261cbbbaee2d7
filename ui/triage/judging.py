"""What is said about one mistake: verdict, category, severity, a note."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from auditor.session.triage import Category, Judged, Mistake, Severity, Word
from ui.triage import words
from ui.triage.choices import Choices

_VERDICT_KEYS = {Judged.RIGHT: "R", Judged.UNCLEAR: "U", Judged.WRONG: "W"}
_SEVERITY_KEYS = {Severity.MAJOR: "M", Severity.MINOR: "N", Severity.BORDERLINE: "B"}


class Judging(QWidget):
    """Fills in what a rule guesses; a severity, right or unclear ends the judgement."""

    judged = Signal(object, str)
    """A Word and the note."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._word: Word | None = None
        self.facts, self.rule, self.standing = QLabel(self), QLabel(self), QLabel(self)
        for label in (self.facts, self.rule, self.standing):
            label.setWordWrap(True)
        self.verdicts = Choices(
            self.tr("Verdict"),
            [(one, words.verdict(one), key) for one, key in _VERDICT_KEYS.items()],
            self._say,
            self,
            columns=3,
        )
        self.categories = Choices(
            self.tr("Why it is wrong"),
            [(one, words.category(one), str(n)) for n, one in enumerate(Category, 1)],
            self._because,
            self,
            columns=2,
        )
        self.severities = Choices(
            self.tr("How bad: this ends the judgement"),
            [(one, words.severity(one), key) for one, key in _SEVERITY_KEYS.items()],
            self._end,
            self,
            columns=3,
        )
        self.note = QLineEdit(self)
        self.note.setPlaceholderText(self.tr("Note"))
        self.note.setAccessibleName(self.tr("Note"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (
            self.facts,
            self.verdicts,
            self.categories,
            self.severities,
            self.rule,
            self.note,
            self.standing,
        ):
            column.addWidget(widget)
        column.addStretch(1)
        self.show_mistake(None)

    def show_mistake(self, one: Mistake | None) -> None:
        """Begin with the judgement that stands, else with the rule's guess."""
        self.setEnabled(one is not None)
        if one is None:
            self._word = None
            for label in (self.facts, self.rule, self.standing):
                label.clear()
            self.note.clear()
            self._mark()
            return
        self.facts.setText(
            self.tr("Accepted: {accepted}\nPredicted: {predicted}").format(
                accepted=words.accepted(one), predicted=words.predicted(one)
            )
        )
        guess, self._word = one.guess, one.word
        if one.word is None and guess is not None:
            self._word = Word(Judged.WRONG, guess.category, guess.severity)
        self.rule.setText(
            ""
            if guess is None
            else self.tr("A rule fills this in: {rule}. Override it freely.").format(
                rule=guess.rule
            )
        )
        self.note.setText(one.note)
        who = self.tr("Judged by {who}: {word}")
        said = who.format(who=one.reviewer, word=words.word(one.word))
        self.standing.setText("" if one.word is None else said)
        self._mark()

    def _say(self, verdict: Judged) -> None:
        if verdict is Judged.WRONG:
            guessed = self._word if self._word and self._word.verdict is Judged.WRONG else None
            self._word = guessed or Word(Judged.WRONG)
            self._mark()
        else:
            self._word = Word(verdict)
            self._mark()
            self.judged.emit(self._word, self.note.text().strip())

    def _because(self, category: Category) -> None:
        self._word = replace(self._wrong(), category=category)
        self._mark()

    def _end(self, severity: Severity) -> None:
        self._word = replace(self._wrong(), severity=severity)
        self._mark()
        self.judged.emit(self._word, self.note.text().strip())

    def _wrong(self) -> Word:
        is_wrong = self._word is not None and self._word.verdict is Judged.WRONG
        return self._word if is_wrong and self._word is not None else Word(Judged.WRONG)

    def _mark(self) -> None:
        word = self._word
        self.verdicts.mark(word.verdict if word else None)
        self.categories.mark(word.category if word else None)
        self.severities.mark(word.severity if word else None)
