"""Questions about the pictures and their answers, for both front ends: the bank, the plan, the transcript."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from auditor import checks
from auditor.ask import bank as banks
from auditor.ask.base import AnswerState, Kind, Question
from auditor.checks.base import parameters
from auditor.session import rates
from auditor.session.asking import Asker, of_answers
from auditor.session.needs import AuditOptions
from auditor.session.question_bank import make_bank
from auditor.session.transcript import Asked, transcript
from auditor.store import answers, project, questions, runs
from auditor.store.db import Connection, Store

CHECK = "visual_language"
SAID = {"yes": 1.0, "no": 0.0}
"""What a person may say to a yes/no question; anything else but "unclear" is a number."""


class InterviewError(ValueError):
    """The question or the answer cannot be taken. Says why."""


@dataclass(frozen=True, slots=True)
class AskPlan:
    """What an audit would ask about given labels; other classes' questions come on top."""

    answerer: str
    prompts: int
    new: int
    """Of them not answered yet."""
    seconds: float | None
    """None where it has not been asked here yet."""

    def cost(self, price_per_thousand: float) -> float:
        return self.new * price_per_thousand / 1000


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far a question's answers can be trusted in this set, as the last run learnt it."""

    about: str
    text: str
    agrees_if_right: float
    agrees_if_wrong: float
    answers: int
    is_used: bool


@dataclass(frozen=True, slots=True)
class Interview:
    store: Store
    asker: Callable[[Any], Asker]
    """Makes the one who asks, for audit options."""
    reviewer: Callable[[], str]

    # the bank

    def bank(self) -> tuple[Question, ...]:
        """Every question, those switched off as well; made from templates where there is none."""
        return make_bank(self.store)

    def put(self, bank: Sequence[Question]) -> None:
        """Keep a changed bank. Raises BankError."""
        with self.store.reader() as db:
            classes = project.classes(db)
        banks.validate(bank, classes)
        self.store.write(questions.PutQuestions(tuple(bank))).result()

    def from_templates(self, language: str = "en") -> tuple[Question, ...]:
        """Make the templates' questions anew; what a person wrote or locked stays."""
        return make_bank(self.store, again=True, language=language)

    def read_csv(self, text: str) -> tuple[Question, ...]:
        """Take in a bank from a CSV file, beside what is locked. Raises BankError."""
        with self.store.reader() as db:
            old, classes = questions.read(db), project.classes(db)
        new = banks.merged(old, banks.read_csv(text, classes))
        self.store.write(questions.PutQuestions(new)).result()
        return new

    def from_model(self, model: str, per_class: int = 6) -> tuple[Question, ...]:
        """Have a language model write each class's questions; what is locked stays."""
        return self.asker(AuditOptions()).questions_from(model, per_class)

    def write_csv(self) -> str:
        return banks.write_csv(self.bank())

    # before and after asking

    def plan(self, values: dict[str, Any], options: Any) -> AskPlan:
        """How many prompts the check with these parameters asks, and how long that takes."""
        params = parameters(checks.load(CHECK).spec, values)
        asker = self.asker(options)
        who = asker.describe(params)
        wanted = asker.first_plan(params)
        with self.store.reader() as db:
            new = answers.missing(db, wanted.table, who.fingerprint).num_rows
            rate = rates.noted(db, of_answers(who.id, options))
        if params.max_calls:
            new = min(new, params.max_calls)
        seconds = rate.seconds_for(new, rate.workers) if rate else None
        return AskPlan(who.id, wanted.table.num_rows, new, seconds)

    def reliability(self, db: Connection) -> tuple[Reliability, ...]:
        """What the newest run learnt of each question."""
        return _reliability(runs.metrics(db, CHECK))

    def tell(self, sample_id: int, text: str, said: str) -> None:
        """Keep a person's answer: yes, no, unclear, or a number. Raises InterviewError."""
        with self.store.reader() as db:
            picture = answers.pixel_hash(db, sample_id)
            asked = {one.question.text: one.question for one in transcript(db, sample_id)}
        if picture is None:
            raise InterviewError(f"the project has no readable picture {sample_id}")
        if text not in asked:
            raise InterviewError(f"{text!r} is not asked about sample {sample_id}")
        question = asked[text]
        row = {
            "pixel_hash": picture,
            "prompt_key": question.prompt.key,
            **_said(question, said),
            "reply": said,
            "seconds": 0.0,
        }
        table = pa.Table.from_pylist([row], schema=answers.ANSWER_SCHEMA)
        who = self.reviewer()
        self.store.write(answers.PutPrompts([question.prompt])).result()
        self.store.write(
            answers.PutAnswers(answers.PERSON + who, who, table, replace=True)
        ).result()


def _said(question: Question, said: str) -> dict[str, Any]:
    nothing: dict[str, Any] = {"state": str(AnswerState.UNKNOWN), "p_yes": None, "number": None}
    if said == "unclear":
        return nothing
    answered = {**nothing, "state": str(AnswerState.ANSWERED)}
    if question.form == "yes_no" and said in SAID:
        return {**answered, "p_yes": SAID[said]}
    if question.form == "number" and said.isdigit():
        return {**answered, "number": int(said)}
    if question.form == "open":
        return answered
    raise InterviewError(f"{said!r} is no answer to {question.text!r}: say yes, no, or unclear")


def _reliability(metrics: pa.Table) -> tuple[Reliability, ...]:
    known: dict[str, dict[str, float]] = {}
    for row in metrics.to_pylist():
        if row["scope"] == "question":
            known.setdefault(row["key"], {})[row["name"]] = row["value"]
    return tuple(_of_question(json.loads(key), facts) for key, facts in known.items())


def _of_question(key: list[str], facts: dict[str, float]) -> Reliability:
    about, text = key
    return Reliability(
        about,
        text,
        facts["agrees_if_right"],
        facts["agrees_if_wrong"],
        int(facts["answers"]),
        bool(facts["used"]),
    )


__all__ = [
    "CHECK",
    "AskPlan",
    "Asked",
    "Interview",
    "InterviewError",
    "Kind",
    "Question",
    "Reliability",
    "transcript",
]
