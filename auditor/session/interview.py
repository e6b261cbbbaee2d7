"""Questions about the pictures and their answers, for both front ends: the bank, the plan, the transcript."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor import checks
from auditor.ask import bank as banks
from auditor.ask.base import AnswerState, Kind, Question
from auditor.ask.judging import HALF
from auditor.ask.occlusion import HeatMap
from auditor.checks.answerer import AnswererParams
from auditor.checks.base import parameters
from auditor.session import answerers, ask_captions, ask_plan, rates
from auditor.session.ask_inputs import one_label
from auditor.session.asked import asked_table
from auditor.session.asking import Asker, of_answers
from auditor.session.browsing import Ids
from auditor.session.needs import AuditOptions
from auditor.session.other_findings import label_errors
from auditor.session.question_bank import make_bank
from auditor.session.transcript import ANSWERER, Asked, transcript
from auditor.store import answers, project, questions, runs, samples
from auditor.store.db import Connection, Store

CHECK = "visual_language"
CAPTION_CHECK = "caption_fit"
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
        return cost(self.new, price_per_thousand)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known before anybody is asked, and without loading a model."""

    every: AskPlan
    disputed: AskPlan
    """With only those asked about that the label check doubts, and a random share."""
    has_doubts: bool
    """The label check has findings about the data as they are."""
    leaves_for: str
    """The host that pictures would go to; "" where they stay on this machine."""
    answers: int
    """Of this answerer, kept so far."""
    unclear: int
    """Of them, those that say neither yes nor no, or nothing."""

    def spent(self, price_per_thousand: float) -> float:
        return cost(self.answers, price_per_thousand)


def cost(answers: int, price_per_thousand: float) -> float:
    """Of so many answers."""
    return answers * price_per_thousand / 1000


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far a question's answers can be trusted in this set, as the last run learnt it."""

    about: str
    text: str
    agrees_if_right: float
    agrees_if_wrong: float
    answers: int
    is_used: bool
    is_backward: bool = False
    """Marked the wrong way: its other answer counts as the expected one."""


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

    def languages(self) -> tuple[str, ...]:
        """Those that questions can be made in from templates."""
        return banks.languages()

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

    def plan(self, values: dict[str, Any], options: Any, check: str = CHECK) -> AskPlan:
        """How many prompts the check with these parameters asks, and how long that takes."""
        params = parameters(checks.load(check).spec, values)
        who = self.asker(options).describe(params)
        return self._plan(params, options, who.id, who.fingerprint)

    def outlook(self, values: dict[str, Any], options: Any, check: str = CHECK) -> Outlook:
        """What asking would take, as far as can be told at once.

        Answers count as known where the answerer of that id gave them the last time: a model that
        changed since is asked again. Raises AnswererError for an id of no known form, and TaskError
        where there are no captions to ask about.
        """
        params = parameters(checks.load(check).spec, values)
        leaves_for = answerers.pictures_leave_for(params.model)
        with self.store.reader() as db:
            fingerprint, count, unclear = answers.kept(db, params.model)
            has_doubts = check == CHECK and label_errors(db) is not None

        def planned(**changes: str) -> AskPlan:
            return self._plan(replace(params, **changes), options, params.model, fingerprint)

        every = planned(ask="all") if check == CHECK else planned()
        # Without the label check's doubts all are asked about: a million samples are read once.
        disputed = planned(ask="disputed") if has_doubts else every
        return Outlook(every, disputed, has_doubts, leaves_for, count, unclear)

    def _plan(self, params: Any, options: Any, who: str, fingerprint: str) -> AskPlan:
        wanted = self.asker(options).first_plan(params)
        with self.store.reader() as db:
            new = answers.missing(db, wanted.table, fingerprint).num_rows
            rate = rates.noted(db, of_answers(who, options))
        if params.max_calls:
            new = min(new, params.max_calls)
        seconds = rate.seconds_for(new, rate.workers) if rate else None
        return AskPlan(who, wanted.table.num_rows, new, seconds)

    def against(self, about: str, text: str) -> Ids:
        """Samples labelled `about` whose answer to that question is not the expected one."""
        asked = [one for one in self.bank() if (one.about, one.text) == (about, text)]
        with self.store.reader() as db:
            who = project.fact(db, ANSWERER)
            if who is None:
                return np.empty(0, np.int64)
            table = samples.readable(db)
            wanted = ask_plan.of_labels(table, one_label(table), asked)
            known = answers.known(db, wanted.table, who["fingerprint"])
            said = asked_table(known, wanted.questions, project.classes(db))
        ids: Ids = said.filter(pc.less(said["agree"], HALF))["sample_id"].to_numpy()
        return ids

    def reliability(self, db: Connection) -> tuple[Reliability, ...]:
        """What the newest run learnt of each question."""
        return _reliability(runs.metrics(db, CHECK))

    def where(
        self,
        sample_id: int,
        model: str,
        options: AuditOptions,
        about: str = "",
        *,
        cells: int = 8,
        **values: Any,
    ) -> HeatMap:
        """Where the picture speaks for or against its label, another class, or a phrase.

        `about` "": the sample's one label. `values` are further parameters of asking, such as
        allow_remote. Blocks. Raises InterviewError; TaskError where the model cannot answer.
        """
        bank = self.bank()
        with self.store.reader() as db:
            if answers.pixel_hash(db, sample_id) is None:
                raise InterviewError(f"the project has no readable picture {sample_id}")
            given = samples.given(db, sample_id)
            if not about and len(given) != 1:
                raise InterviewError(
                    f"sample {sample_id} has {len(given)} labels: say what is to be asked about"
                )
            asked = ask_captions.about(db, sample_id, about or given[0], bank)
        if not asked:
            raise InterviewError(f"there is no question of yes or no about {about or given[0]!r}")
        params = AnswererParams(model=model, **values)
        return self.asker(options).where(sample_id, asked, params, cells)

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
        # Runs of earlier versions did not tell.
        bool(facts.get("backward", 0)),
    )


__all__ = [
    "CAPTION_CHECK",
    "CHECK",
    "AskPlan",
    "Asked",
    "HeatMap",
    "Interview",
    "InterviewError",
    "Kind",
    "Outlook",
    "Question",
    "Reliability",
    "transcript",
]
