"""Samples chosen by a filter, with only those tables joined that the question needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import pyarrow as pa

from auditor.model import QUALITY_STATISTICS
from auditor.store import runs
from auditor.store.db import Connection, arrow, identifier
from auditor.store.filters import Condition, FilterError, parse

Kind = Literal["text", "number", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """A name that filters and sorting may use. `tables` are the aliases that its SQL reads."""

    sql: str
    kind: Kind
    tables: str = "s"


_LABELS = "coalesce(r.labels, s.given)"
_STATE = (
    "case when r.verdict is null then 'unseen' when r.verdict = 'defer' then 'deferred'"
    " else 'decided' end"
)
UNDECIDED = "(r.verdict is null or r.verdict = 'defer')"
"""Nobody has come to a decision yet: unseen or deferred."""
_OURS = {
    "sample_id": Column("s.sample_id", "number"),
    "path": Column("s.path", "text"),
    "split": Column("s.split", "text"),
    "group": Column('s."group"', "text"),
    "given_label": Column("s.given[1]", "text"),
    "label": Column(f"{_LABELS}[1]", "text", "r"),
    "decision": Column("r.verdict", "text", "r"),
    "state": Column(f"({_STATE})", "text", "r"),
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
        only: Condition | None = None,
        tail: str = "",
    ) -> pa.Table:
        """`select` over the chosen samples: s sample, r review, f finding, m media, e extra.

        `tables` names those that `select`, `only` and `tail` read. Raises FilterError.
        """
        known = columns(db)
        condition = self._condition(known)
        for name in condition.names:
            tables += known[name].tables
        source = self._source(db, tables)
        narrowed = f" and {only.sql}" if only else ""
        query = (
            f"select {select} from {source.sql}"
            f" where s.present and {condition.sql}{narrowed} {tail}"
        )
        with _comparing(self.where):
            return arrow(
                db, query, [*source.values, *condition.values, *(only.values if only else ())]
            )

    def _condition(self, known: dict[str, Column]) -> Condition:
        if not self.where.strip():
            return Condition("true")
        return parse(self.where, {name: column.sql for name, column in known.items()})

    def _source(self, db: Connection, tables: str) -> Condition:
        joined, values = ["sample s"], list[Any]()
        if "r" in tables:
            review, about = self._review()
            joined.append(f"left join {review} r on r.sample_id = s.sample_id")
            values += about
        if "f" in tables:
            run = runs.latest(db, self.check_id) if self.check_id else None
            joined.append("left join finding f on f.sample_id = s.sample_id and f.run_id = ?")
            values.append(run.run_id if run else -1)
        if "m" in tables:
            joined.append("left join media m on m.sample_id = s.sample_id")
        if "e" in tables:
            joined.append("left join extra e on e.sample_id = s.sample_id")
        return Condition(" ".join(joined), tuple(values))

    def _review(self) -> tuple[str, list[int]]:
        if self.as_of is None:
            return "review", []
        return _AS_OF, [self.as_of]


_AS_OF = (
    "(select sample_id, new_verdict as verdict, new_labels as labels, new_note as note"
    " from change join (select sample_id, max(action_id) as action_id from change"
    "  where action_id <= ? group by sample_id) using (sample_id, action_id))"
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
