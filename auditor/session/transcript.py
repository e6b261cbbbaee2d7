"""What was asked about one sample and what was answered, by the model or by a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auditor.ask.agreement import agreement
from auditor.ask.base import Answer, AnswerState, Question
from auditor.session import ask_captions
from auditor.store import answers, project, questions, samples
from auditor.store.db import Connection

ANSWERER = "answerer"
"""The project's fact that says who was asked last: id and fingerprint."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about the sample and its answer, as a chip shows it."""

    question: Question
    is_about_given: bool
    """About the given label or the caption; else about another class."""
    agree: float | None
    """Probability that the answer is the expected one; None: not known."""
    p_yes: float | None
    reply: str | None
    answered_by: str
    """"" where nobody answered."""
    by_person: bool


def transcript(db: Connection, sample_id: int) -> tuple[Asked, ...]:
    """Questions about the sample's caption and its label, then answered ones about other classes."""
    who = project.fact(db, ANSWERER)
    if who is None:  # nobody was ever asked about this set
        return ()
    given = samples.given(db, sample_id)
    said = answers.of_picture(db, sample_id, who["fingerprint"])
    bank = questions.about(db, given, list(said))
    classes = project.classes(db)
    captioned = [
        _asked(one, True, said.get(one.prompt.key), who["id"], classes)
        for one in ask_captions.of_sample(db, sample_id)
    ]
    if not any(one.answered_by for one in captioned):  # somebody else was asked about captions
        captioned = []
    found = [
        _asked(one, one.about in given, said.get(one.prompt.key), who["id"], classes)
        for one in bank
        if one.enabled
    ]
    return tuple(sorted([*captioned, *found], key=lambda one: not one.is_about_given))


def _asked(
    question: Question,
    is_about_given: bool,
    row: dict[str, Any] | None,
    answerer: str,
    classes: Sequence[str],
) -> Asked:
    if row is None:
        return Asked(question, is_about_given, None, None, None, "", by_person=False)
    answer = Answer(
        state=AnswerState(row["state"]), p_yes=row["p_yes"], number=row["number"], text=row["reply"]
    )
    return Asked(
        question,
        is_about_given,
        agreement(question, answer, classes),
        row["p_yes"],
        row["reply"],
        row["answerer"].removeprefix(answers.PERSON) if row["by_person"] else answerer,
        by_person=row["by_person"],
    )
