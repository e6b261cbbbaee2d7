"""Ask what a check wants to know about the pictures: plan, ask only what is new, keep every answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.ask.bank import merged
from auditor.ask.base import Question
from auditor.ask.occlusion import HeatMap
from auditor.formats.base import Understanding
from auditor.jobs import journal
from auditor.jobs.pool import Handlers, Pool, Task
from auditor.progress import Progress
from auditor.session import ask_captions, ask_plan, rates
from auditor.session.ask_inputs import (
    aligned,
    likely_classes,
    one_label,
    shows_another,
    written,
)
from auditor.session.ask_plan import Wanted
from auditor.session.asked import asked_table
from auditor.session.folder import ProjectFolder
from auditor.session.importing import TaskError, raise_failure, shards, worker_died
from auditor.session.needs import AuditOptions, Ready
from auditor.session.other_findings import label_errors, proposals, with_shown
from auditor.session.question_bank import make_bank
from auditor.session.transcript import ANSWERER
from auditor.store import answers, project, questions, samples
from auditor.store.db import Store

log = logging.getLogger(__name__)

_SHARD = 64
"""Samples of a task: what a worker that dies may have to ask again is bounded by it."""
_PATIENCE = 120.0
"""Seconds to wait for workers of a killed program to write down what they had asked."""
_DOUBTFUL = 0.1
"""Where the answers make a label so likely wrong, the other classes' questions are asked as well."""
_SUSPECT = 0.25
"""The same by the label check."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Who was asked, and how much of it was new."""

    id: str
    fingerprint: str
    asked: int
    known: int


@dataclass(frozen=True, slots=True)
class Asker:
    store: Store
    folder: ProjectFolder
    pool: Pool
    understood: Understanding
    progress: Progress
    options: AuditOptions

    def prepare(self, params: Any) -> dict[str, Ready]:
        """Answers for the check, as Arrow files of ASKED_SCHEMA. Raises TaskError, CancelledError.

        "further_answers" are about classes that the picture seems to show beside its label: they are
        not what a wrong class gets.
        """
        who = self.describe(params)
        self.absorb()
        wanted = self.first_plan(params)
        self._ask(wanted, params, who)
        column = ask_captions.column_of(params)
        if column:
            self.store.write(project.PutFact(ask_captions.COLUMN, column)).result()
        else:
            wanted, further = self._with_alternatives(wanted, params, who)
            self._ask(wanted.beside(further), params, who)
        facts = {"id": who.id, "fingerprint": who.fingerprint}
        self.store.write(project.PutFact(ANSWERER, facts)).result()
        plans = {"captions": wanted} if column else {"answers": wanted, "further_answers": further}
        files = {
            name: written(
                self._joined(plan, who.fingerprint),
                self.folder.answers / f"{name}.arrow",
                who.fingerprint,
            )
            for name, plan in plans.items()
        }
        return files if not column else {"answers": files["captions"]}

    # planning

    def first_plan(self, params: Any) -> Wanted:
        """What is asked about the given labels, or about captions. Asks nothing. Raises TaskError."""
        if column := ask_captions.column_of(params):
            return self._of_captions(column)
        make_bank(self.store)
        with self.store.reader() as db:
            table = samples.readable(db)
            bank = questions.read(db)
        table = table.filter(pa.array(self._chosen(table, params)))
        return ask_plan.of_labels(table, one_label(table), bank)

    def _of_captions(self, column: str) -> Wanted:
        with self.store.reader() as db:
            table = samples.readable(db)
            try:
                captions = ask_captions.read(db, column, table["sample_id"])
            except ask_captions.CaptionsError as error:
                raise TaskError(str(error)) from None
        return ask_captions.planned(table, captions)

    def _chosen(self, table: pa.Table, params: Any) -> npt.NDArray[np.bool_]:
        """All samples, or those that label checks doubt and a random share of the others."""
        everything = np.ones(table.num_rows, bool)
        if params.ask == "all":
            return everything
        with self.store.reader() as db:
            doubts, proposed = label_errors(db), proposals(db)
        if doubts is None:
            return everything
        ids: npt.NDArray[np.int64] = table["sample_id"].to_numpy()
        p_error = aligned(doubts, ids, "p_error")
        audited = ask_plan.at_random(ids, params.audit_share, self.options.seed)
        shows_more = np.isin(ids, list(proposed))
        chosen: npt.NDArray[np.bool_] = audited | shows_more | ~(p_error < params.doubt)
        return chosen

    def _with_alternatives(
        self, first: Wanted, params: Any, who: Answered
    ) -> tuple[Wanted, Wanted]:
        """The plan with questions of other classes, about samples that look wrong and a random share;
        and those about what pictures seem to show beside their label."""
        if not params.alternatives:
            return first, first.without(first)
        known = self._joined(first, who.fingerprint)
        with self.store.reader() as db:
            table = samples.readable(db)
            doubts, classes, proposed = label_errors(db), project.classes(db), proposals(db)
        ids: npt.NDArray[np.int64] = table["sample_id"].to_numpy()
        looked_at = np.isin(ids, first.table["sample_id"].to_numpy())
        shows_more = table.filter(pa.array(np.isin(ids, list(proposed)) & looked_at))
        wrong = np.isin(ids, ask_plan.doubted(known, _DOUBTFUL).to_numpy())
        if doubts is not None:
            doubts = with_shown(doubts)
            wrong |= aligned(doubts, ids, "p_error") >= _SUSPECT
            wrong |= shows_another(doubts, table)
        wrong |= ask_plan.at_random(ids, params.audit_share, self.options.seed)
        table = table.filter(pa.array(wrong & looked_at))
        given = one_label(table).to_pylist()
        likely = likely_classes(doubts, table["sample_id"].to_numpy())
        most = params.alternatives
        others = ask_plan.alternatives(given, likely, classes, most)
        further = [proposed[one][:most] for one in shows_more["sample_id"].to_pylist()]
        planned = first.beside(ask_plan.of_alternatives(table, others, first.questions))
        more = ask_plan.of_alternatives(shows_more, further, first.questions)
        return planned, more.without(planned)

    # asking

    def describe(self, params: Any) -> Answered:
        """Load the answerer in a worker, and say who it is."""
        found: dict[str, Any] = {}
        nothing = pa.table({"sample_id": pa.array([], pa.int64())})
        task = Task(
            "auditor.jobs.answering:describe", nothing, self._config(params), may_halve=False
        )
        self.pool.run(
            [task],
            Handlers(
                done=lambda _task, tables: found.update(tables["answerer"].to_pylist()[0]),
                lost=worker_died,
                failed=raise_failure,
            ),
            total=0,
        )
        return Answered(found["id"], found["fingerprint"], 0, 0)

    def questions_from(self, model: str, per_class: int) -> tuple[Question, ...]:
        """Have a server's language model write each class's questions. Raises TaskError."""
        with self.store.reader() as db:
            classes, old = project.classes(db), questions.read(db)
        found: list[Question] = []
        names = pa.table({"sample_id": range(len(classes)), "name": list(classes)})
        config = {"answerer": model, "options": {}, "device": "cpu", "threads": 1}
        config["per_class"] = per_class
        task = Task("auditor.jobs.answering:write_questions", names, config, may_halve=False)

        def keep(_task: Task, tables: Mapping[str, pa.Table]) -> None:
            found.extend(questions.of_table(tables["questions"]))

        tell = Handlers(
            done=keep,
            lost=worker_died,
            failed=raise_failure,
            progress=lambda done, of: self.progress("questions", done, of),
        )
        self.pool.run([task], tell, total=len(classes))
        new = merged(old, found)
        self.store.write(questions.PutQuestions(new)).result()
        return new

    def where(self, sample_id: int, asked: Sequence[Question], params: Any, cells: int) -> HeatMap:
        """Where one sample's picture speaks for or against what is asked. Raises TaskError."""
        with self.store.reader() as db:
            table = samples.read(db).select(["sample_id", "path", "row"])
        found: dict[str, Any] = {}
        config = {**self._config(params), "cells": cells}
        config["questions"] = [asdict(one) for one in asked]
        one = table.filter(pc.equal(table["sample_id"], sample_id))
        task = Task("auditor.jobs.answering:where", one, config, may_halve=False)
        tell = Handlers(
            done=lambda _task, tables: found.update(tables["map"].to_pylist()[0]),
            lost=worker_died,
            failed=raise_failure,
            progress=lambda done, of: self.progress("heat map", done, of),
        )
        self.pool.run([task], tell, total=1)
        hidden = np.array(found["hidden"], np.float32).reshape(-1, found["columns"])
        return HeatMap(found["base"], hidden, found["is_hard"])

    def absorb(self) -> None:
        """Take in what a killed or stopped run left in its journals."""
        for path in journal.left(self.folder.answers):
            self._take_in(path, _PATIENCE)

    def _take_in(self, path: Path, patience: float) -> None:
        fingerprint, answerer_id, found = journal.read(path, patience, answers.ANSWER_SCHEMA)
        if found.num_rows:
            self.store.write(answers.PutAnswers(fingerprint, answerer_id, found)).result()
        path.unlink()

    def _ask(self, wanted: Wanted, params: Any, who: Answered) -> None:
        with self.store.reader() as db:
            new = answers.missing(db, wanted.table, who.fingerprint)
        if params.max_calls:
            new = new.slice(0, params.max_calls)
        if not new.num_rows:
            return
        self.store.write(answers.PutPrompts(list(wanted.prompts.values()))).result()
        tasks = self._tasks(new, wanted, params)
        total = sum(one.rows for one in tasks)
        began = self.pool.clock()
        try:
            self.pool.run(
                tasks,
                Handlers(
                    done=lambda _task, _tables: self._absorb_ended(),
                    lost=lambda task: log.warning("%s", task.samples["path"].to_pylist()),
                    failed=raise_failure,
                    progress=lambda done, of: self.progress(
                        "answers", round(new.num_rows * done / max(of, 1)), new.num_rows
                    ),
                ),
                total=total,
                workers=self._workers(params),
            )
        finally:
            self._absorb_ended()
        rates.note(
            self.store, self.pool, of_answers(who.id, self.options), new.num_rows, _SHARD, began
        )

    def _absorb_ended(self) -> None:
        """Take in the journals that nobody writes any more."""
        for path in journal.left(self.folder.answers):
            try:
                self._take_in(path, 0.0)
            except journal.JournalBusyError:
                continue

    def _tasks(self, new: pa.Table, wanted: Wanted, params: Any) -> list[Task]:
        prompts = wanted.prompts
        lists = new.group_by(["sample_id", "pixel_hash"], use_threads=False).aggregate(
            [("prompt_key", "list")]
        )
        with self.store.reader() as db:
            places = samples.read(db).select(["sample_id", "path", "row"])
        place = pc.index_in(lists["sample_id"], value_set=places["sample_id"].combine_chunks())
        rows = lists.append_column("path", places["path"].take(place))
        rows = rows.append_column("row", places["row"].take(place)).sort_by("sample_id")
        asked = [
            [{"form": prompts[key].form, "text": prompts[key].text} for key in keys]
            for keys in rows["prompt_key_list"].to_pylist()
        ]
        rows = rows.drop(["prompt_key_list"]).append_column("prompts", pa.array(asked, _PROMPTS))
        size = max(1, min(_SHARD, -(-rows.num_rows // (2 * self.pool.size))))
        return list(shards(rows, "auditor.jobs.answering:answer", self._config(params), size))

    def _workers(self, params: Any) -> int | None:
        """One for a server, which answers many at once, and for a device's memory."""
        one = params.model.startswith("server:") or self.options.device.startswith("cuda")
        return 1 if one else None

    def _config(self, params: Any) -> dict[str, Any]:
        return {
            "answerer": params.model,
            "options": {
                "concurrency": params.concurrency,
                "timeout_s": params.timeout_s,
                "requests_per_minute": params.requests_per_minute or None,
                "allow_remote": params.allow_remote,
            },
            "device": self.options.device,
            "root": str(self.understood.root),
            "image_column": self.understood.columns.get("image"),
            "journals": str(self.folder.answers),
            "threads": 1,
        }

    # what came of it

    def _joined(self, wanted: Wanted, fingerprint: str) -> pa.Table:
        with self.store.reader() as db:
            known = answers.known(db, wanted.table, fingerprint)
            classes = project.classes(db)
        return asked_table(known, wanted.questions, classes)


_PROMPTS = pa.list_(pa.struct([("form", pa.string()), ("text", pa.string())]))


def of_answers(answerer_id: str, options: AuditOptions) -> str:
    """The name under which the rate of this answerer is kept."""
    return f"answers:{answerer_id}:{options.device}"
