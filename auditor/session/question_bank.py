"""The bank of questions of a project: made from templates, read from and written to CSV files."""

from __future__ import annotations

import json

import pyarrow.compute as pc

from auditor.ask import bank
from auditor.ask.base import Question
from auditor.store import project, questions, runs
from auditor.store.db import Connection, Store


def make_bank(store: Store, *, again: bool = False, language: str = "en") -> tuple[Question, ...]:
    """The bank, with questions from templates for classes that have none.

    `again` replaces what templates made before; what a person wrote or locked stays.
    """
    with store.reader() as db:
        old, classes = questions.read(db), project.classes(db)
        confusable = _confusable(db)
    known = {one.about for one in old}
    lacking = [name for name in classes if again or name not in known]
    if not lacking:
        return old
    fresh = bank.generate(classes, confusable=confusable, language=language)
    new = bank.merged(old, [one for one in fresh if one.about in set(lacking)])
    store.write(questions.PutQuestions(new)).result()
    return new


def _confusable(db: Connection) -> dict[str, list[str]]:
    """Per class those that the label check mixes it up with, most first."""
    found: dict[str, list[tuple[float, str]]] = {}
    pairs = runs.metrics(db, "label_errors")
    for row in pairs.filter(pc.equal(pairs["scope"], "pair")).to_pylist():
        given, other = json.loads(row["key"])
        found.setdefault(given, []).append((row["value"], other))
    return {name: [o for _, o in sorted(rows, reverse=True)] for name, rows in found.items()}
