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


@dataclass(frozen=True, slots=True)
class PutQuestions:
    """Put these questions in the place of all there were."""

    questions: Sequence[Question]

    def __call__(self, db: Connection) -> ChangeSet:
        rows = [{name: getattr(one, name) for name in _SCHEMA.names} for one in self.questions]
        db.execute("delete from question")
        insert(
            db,
            "insert into question select * from incoming",
            pa.Table.from_pylist(rows, schema=_SCHEMA),
        )
        return ChangeSet(frozenset({"question"}))
