"""The bank of questions as the editor changes it: each change is kept at once, and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from auditor.model import ChangeSet
from auditor.session import Session
from auditor.session.background import JobEvent, JobState
from auditor.session.interview import Kind, Question
from ui.desk import Desk

Bank = tuple[Question, ...]
_STEPS = 50
_JOB = "questions"


class QuestionBank(QObject):
    """What is shown is what is stored, or is being stored; a change that is refused is taken back."""

    changed = Signal()
    refused = Signal(object)
    """The exception, for a sentence."""

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._before: list[Bank] = []
        self._job: int | None = None
        self.questions: Bank = ()
        self.languages: tuple[str, ...] = ()
        desk.changed.connect(self._on_change)
        desk.job.connect(self._follow)

    @property
    def can_undo(self) -> bool:
        return bool(self._before)

    @property
    def is_writing(self) -> bool:
        """A model writes questions."""
        return self._job is not None

    def read(self) -> None:
        def keep(found: tuple[Bank, tuple[str, ...]]) -> None:
            self.questions, self.languages = found
            self.changed.emit()

        self._desk.ask(
            lambda session: (session.interview.bank(), session.interview.languages()),
            keep,
            self.refused.emit,
            lane="bank",
            owner=self,
        )

    def about(self, name: str) -> list[Question]:
        return [one for one in self.questions if one.about == name]

    def add(self, question: Question) -> None:
        self._put((*self.questions, question))

    def exchange(self, old: Question, new: Question) -> None:
        """Put one question in another's place."""
        if old != new:
            self._put(tuple(new if one is old else one for one in self.questions))

    def replace_all(self, questions: Bank) -> None:
        if questions != self.questions:
            self._put(questions)

    def delete(self, gone: Sequence[Question]) -> None:
        self._put(tuple(one for one in self.questions if one not in gone))

    def undo(self) -> None:
        """Take back the last change made here."""
        if self._before:
            self._put(self._before.pop(), is_step=False)

    def from_templates(self, language: str) -> None:
        self._renew(lambda session: session.interview.from_templates(language))

    def import_csv(self, path: Path) -> None:
        self._renew(lambda session: session.interview.read_csv(path.read_text("utf-8-sig")))

    def export_csv(self, path: Path, done: Callable[[Any], None]) -> None:
        self._desk.act(
            lambda session: path.write_text(session.interview.write_csv(), encoding="utf-8"),
            done,
            self.refused.emit,
            owner=self,
        )

    def from_model(self, model: str) -> None:
        """Have a language model write them: a job, after what runs."""
        session, before = self._desk.session, self.questions

        def work(_progress: object) -> Bank:
            return session.interview.from_model(model)

        title = self.tr("Questions by {model}").format(model=model)
        self._remember(before)
        self._job = session.jobs.add(_JOB, title, work)
        self.changed.emit()

    def _put(self, new: Bank, *, is_step: bool = True) -> None:
        old, self.questions = self.questions, new
        if is_step:
            self._remember(old)
        self.changed.emit()

        def take_back(error: Exception) -> None:
            if is_step:
                self._before.pop()
            self.refused.emit(error)
            self.read()

        self._desk.act(
            lambda session: session.interview.put(new), lambda _none: None, take_back, owner=self
        )

    def _renew(self, work: Callable[[Session], Bank]) -> None:
        old = self.questions

        def keep(new: Bank) -> None:
            self._remember(old)
            self.questions = new
            self.changed.emit()

        self._desk.act(work, keep, self.refused.emit, owner=self)

    def _remember(self, bank: Bank) -> None:
        self._before = [*self._before[1 - _STEPS :], bank]

    def _on_change(self, changes: ChangeSet) -> None:
        if changes.touches("question", "class"):
            self.read()

    def _follow(self, event: JobEvent) -> None:
        if event.number != self._job or not event.ended:
            return
        self._job = None
        if event.state is not JobState.DONE:
            self._before.pop()
            self.refused.emit(ValueError(event.message or self.tr("It was stopped.")))
        self.read()


def with_kind(question: Question, kind: Kind) -> Question:
    """The question as one of that kind, expecting what such a question can."""
    expected = {
        Kind.GENERAL: question.about,
        Kind.SPECIFIC: "yes",
        Kind.NEGATIVE: "no",
        Kind.COUNT: question.expected if question.expected.isdigit() else "1",
    }[kind]
    return replace(question, kind=kind, expected=expected)
