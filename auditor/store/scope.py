"""Samples chosen by a filter, with only those tables joined that the question needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.model import QUALITY_STATISTICS
from auditor.store import runs
from auditor.store.db import Connection, arrow, identifier
from auditor.store.filters import Condition, FilterError, parse
from auditor.store.standing import REVIEWED, STATE

Ids = npt.NDArray[np.int64]
Kind = Literal["text", "number", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """A name that filters and sorting may use. `tables` are the aliases that its SQL reads."""

    sql: str
    kind: Kind
    tables: str = "s"


_LABELS = "coalesce(r.labels, s.given)"
_OURS = {
    "sample_id": Column("s.sample_id", "number"),
    "path": Column("s.path", "text"),
    "split": Column("s.split", "text"),
    "group": Column('s."group"', "text"),
    "given_label": Column("s.given[1]", "text"),
    "label": Column(f"{_LABELS}[1]", "text", "r"),
    "decision": Column("r.verdict", "text", "r"),
    "state": Column(f"({STATE})", "text", "rf"),
    "note": Column("r.note", "text", "r"),
    "quality": Column("f.quality", "number", "f"),
    "label_score": Column("f.quality", "number", "f"),
    "flagged": Column("f.flagged", "flag", "f"),
    "is_label_issue": Column("f.flagged", "flag", "f"),
    "p_error": Column("f.p_error", "number", "f"),
    "p_error_low": Column("f.p_error_low", "number", "f"),
    "p_error_high": Column("f.p_error_high", "number", "f"),
    "predicted_label": Column("f.suggested[1]", "text", "f"),
    "suggested_label": Column("f.suggested[1]", "text", "f"),
    **{name: Column(f"m.{name}", "text", "m") for name in ("mode", "format", "reason")},
    **{
        name: Column(f"m.{name}", "number", "m")
        for name in ("width", "height", "byte_size", *QUALITY_STATISTICS)
    },
}
_NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "REAL")


def columns(db: Connection) -> dict[str, Column]:
    """The names a filter may use; ours win over a source's column of that name."""
    found = db.execute("describe extra").fetchall()
    extra = {name: _extra(name, kind) for name, kind, *_ in found if name != "sample_id"}
    return {**extra, **_OURS}


def _extra(name: str, kind: str) -> Column:
    sql = f"e.{identifier(name)}"
    if "[" in kind or "(" in kind.removeprefix("DECIMAL"):  # lists and structs
        return Column(f"{sql}::text", "text", "e")
    if any(word in kind for word in _NUMBERS):
        return Column(sql, "number", "e")
    if kind == "BOOLEAN":
        return Column(sql, "flag", "e")
    return Column(sql if kind == "VARCHAR" else f"{sql}::text", "text", "e")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Present samples that meet a filter, beside the newest findings of a check."""

    where: str = ""
    check_id: str | None = None
    as_of: int | None = None
    """Decisions up to and with this action; None is now."""

    def read(
        self,
        db: Connection,
        select: str,
        *,
        tables: str = "",
        only: str = "true",
        tail: str = "",
        among: Ids | None = None,
    ) -> pa.Table:
        """`select` over the chosen samples: s sample, r review, f finding, m media, e extra.

        `tables` names those that `select`, `only` and `tail` read; `among` narrows the samples.
        Raises FilterError.
        """
        known = columns(db) if self.where.strip() else {}
        condition = self._condition(known)
        for name in condition.names:
            tables += known[name].tables
        source = self._source(db, tables, narrowed=among is not None)
        query = (
            f"select {select} from {source.sql}"
            f" where s.present and {condition.sql} and {only} {tail}"
        )
        if among is not None:
            db.register("incoming", pa.table({"sample_id": among}))
        with _comparing(self.where):
            found = arrow(db, query, [*source.values, *condition.values])
        if among is not None:
            db.unregister("incoming")
        return found

    def values(self, db: Connection, column: Column) -> pa.Table:
        """A column that one table holds, without a look at the others: sample_id, value."""
        table = self._table(column.tables, self._run_id(db))
        query = f"select sample_id, {column.sql} as value from {table.sql}"
        return arrow(db, query, table.values)

    def _condition(self, known: dict[str, Column]) -> Condition:
        if not known:
            return Condition("true")
        return parse(self.where, {name: column.sql for name, column in known.items()})

    def _source(self, db: Connection, tables: str, *, narrowed: bool) -> Condition:
        """Samples, joined with the tables of those aliases."""
        run_id = self._run_id(db)
        sql, values = self._table("s", run_id, narrowed=narrowed).sql, list[Any]()
        for alias in _TABLES:
            if alias in tables and alias != "s":
                table = self._table(alias, run_id, narrowed=narrowed)
                sql += f" left join {table.sql} on {alias}.sample_id = s.sample_id"
                values += table.values
        return Condition(sql, tuple(values))

    def _table(self, alias: str, run_id: int, *, narrowed: bool = False) -> Condition:
        """The table under its alias; narrowed, only rows of the samples in `incoming`."""
        name, condition, values = _TABLES[alias], "true", list[Any]()
        if alias == "f":
            condition, values = "run_id = ?", [run_id]
        if alias == "r":
            source, values = (name, []) if self.as_of is None else (_AS_OF, [self.as_of])
            name, values = f"({REVIEWED.format(source)})", [*values, run_id]
        if narrowed:
            # Here and not in the join: DuckDB then skips the rows as it reads each table.
            condition += " and sample_id in (select sample_id from incoming)"
        return Condition(f"(select * from {name} where {condition}) {alias}", tuple(values))

    def _run_id(self, db: Connection) -> int:
        """The check's newest finished run; where there is none, no run's."""
        run = runs.latest(db, self.check_id) if self.check_id else None
        return run.run_id if run else -1


_TABLES = {"s": "sample", "f": "finding", "r": "review", "m": "media", "e": "extra"}
"""Findings before reviews: a state depends on both, and the flagged ones are soon few."""
_AS_OF = (
    "(select n.sample_id, n.new_verdict as verdict, n.new_labels as labels, n.new_note as note,"
    "  n.new_action as action_id, made.check_id"
    " from change n join (select sample_id, max(action_id) as action_id from change"
    "  where action_id <= ? group by sample_id) using (sample_id, action_id)"
    " left join change made on made.action_id = n.new_action and made.sample_id = n.sample_id)"
)


def column(db: Connection, name: str, kinds: Sequence[Kind] = ()) -> Column:
    """The column of that name. Raises FilterError where there is none, or none of those kinds."""
    known = columns(db)
    if name not in known:
        raise FilterError(f"there is no column {name!r}; there are: {', '.join(known)}")
    if kinds and known[name].kind not in kinds:
        raise FilterError(f"{name!r} holds no {' or '.join(kinds)}")
    return known[name]


@contextmanager
def _comparing(text: str) -> Iterator[None]:
    try:
        yield
    except (duckdb.ConversionException, duckdb.BinderException):
        raise FilterError(
            f"{text.strip()!r} compares numbers with text: put texts, and only texts, in quotes"
        ) from None
