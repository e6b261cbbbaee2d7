"""Facts about the project itself: where it came from, its classes, its data version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.model import ChangeSet
from auditor.store.db import Connection, first


def fact(db: Connection, key: str) -> Any:
    """A stored fact, or None."""
    row = first(db, "select value from project where key = ?", [key])
    return json.loads(row[0]) if row else None


def put(db: Connection, key: str, value: Any) -> None:
    db.execute("insert or replace into project values (?, ?)", [key, json.dumps(value)])


def facts(db: Connection, prefix: str) -> dict[str, Any]:
    """Stored facts whose key begins so, in the order of their keys, by the rest of the key."""
    rows = db.execute(
        "select key, value from project where starts_with(key, ?) order by key", [prefix]
    ).fetchall()
    return {key.removeprefix(prefix): json.loads(value) for key, value in rows}


def forget(db: Connection, key: str) -> None:
    db.execute("delete from project where key = ?", [key])


def folder(db: Connection) -> Path:
    """Where the project lies."""
    row = first(db, "select path from duckdb_databases() where not internal")
    if row is None:
        raise LookupError("the project has no file")
    return Path(row[0]).parent


def data_version(db: Connection) -> int:
    """Grows with each import, or look at an image, that changed something; findings of older ones are stale."""
    return int(fact(db, "data_version") or 0)


def classes(db: Connection) -> tuple[str, ...]:
    rows = db.execute("select name from class order by class_id").fetchall()
    return tuple(name for (name,) in rows)


def add_classes(db: Connection, names: Sequence[str]) -> None:
    """Append the new ones: an id once given never names another class."""
    known = set(classes(db))
    new = [name for name in names if name not in known]
    if new:
        db.execute(
            "insert into class select ? + unnest(range(len(?::text[]))), unnest(?::text[])",
            [len(known), new, new],
        )


@dataclass(frozen=True, slots=True)
class PutFact:
    key: str
    value: Any

    def __call__(self, db: Connection) -> ChangeSet:
        put(db, self.key, self.value)
        return ChangeSet(frozenset({"project"}))
