"""The project's bank of questions, in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from auditor.ask.base import Kind, Question
from auditor.model import ChangeSet
from auditor.store.db import Connection, insert

_SCHEMA = pa.schema(
    [
        pa.field("about", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("expected", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("enabled", pa.bool_(), nullable=False),
        pa.field("locked", pa.bool_(), nullable=False),
    ]
)


def read(db: Connection) -> tuple[Question, ...]:
    """Every question, those switched off as well."""
    names = ", ".join(_SCHEMA.names)
    rows = db.execute(f"select {names} from question order by rowid").fetchall()
    return tuple(_question(*row) for row in rows)


def _question(*cells: Any) -> Question:
    named = dict(zip(_SCHEMA.names, cells, strict=True))
    return Question(**{**named, "kind": Kind(named["kind"])})


def table_of(bank: Sequence[Question]) -> pa.Table:
    """Questions as rows."""
    rows = [{name: getattr(one, name) for name in _SCHEMA.names} for one in bank]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def of_table(table: pa.Table) -> list[Question]:
    """Questions of rows."""
    return [_question(*row.values()) for row in table.select(_SCHEMA.names).to_pylist()]


@dataclass(frozen=True, slots=True)
class PutQuestions:
    """Put these questions in the place of all there were."""

    questions: Sequence[Question]

    def __call__(self, db: Connection) -> ChangeSet:
        db.execute("delete from question")
        insert(db, "insert into question select * from incoming", table_of(self.questions))
        return ChangeSet(frozenset({"question"}))


def about(
    db: Connection, classes: Sequence[str], prompt_keys: Sequence[str]
) -> tuple[Question, ...]:
    """Questions about those classes, and any whose prompt is one of those keys."""
    names = ", ".join(_SCHEMA.names)
    rows = db.execute(
        f"select {names} from question where about in (select unnest(?::text[])) or text in"
        " (select text from prompt where prompt_key in (select unnest(?::text[]))) order by rowid",
        [list(classes), list(prompt_keys)],
    ).fetchall()
    return tuple(_question(*row) for row in rows)
