"""What the window lists: ids by filter and order, the rows on the screen, and counts that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from auditor.model import ChangeSet
from auditor.store import gallery, project, scope
from auditor.store.db import Connection
from auditor.store.scope import Scope

Ids = npt.NDArray[np.int64]
ColumnKind = Literal["text", "number", "flag"]


class State(StrEnum):
    """Where the review of a sample stands."""

    UNSEEN = "unseen"
    DECIDED = "decided"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A list of samples: which, in what order, and as of when."""

    check_id: str | None = None
    """Whose findings the rows show, and `p_error`, `quality`, `flagged` in `where` mean."""
    where: str = ""
    """A filter as store.filters reads it, e.g. "label = 'cat' and p_error > 0.8"; "" is all."""
    sort: str = ""
    """A name of `columns`; "" is the import's order. Nulls come last either way."""
    descending: bool = False
    as_of: int | None = None
    """Decisions up to and with this action; None is now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a cell of the gallery shows."""

    sample_id: int
    path: str
    row: int | None
    given: tuple[str, ...]
    labels: tuple[str, ...]
    """Now, or as of the view's action."""
    split: str | None
    verdict: str | None
    state: State
    """Of the view's check, which may flag the sample after it was decided because of another."""
    note: str | None
    flagged: bool
    quality: float | None
    p_error: float | None
    suggested: tuple[str, ...]
    related_id: int | None
    reason: str | None
    """Why the image cannot be read; None where it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of a view."""

    samples: int
    flagged: int
    unseen: int
    decided: int
    deferred: int


@dataclass(frozen=True, slots=True)
class Facet:
    """One value of a class, split or text column, and how many of the view have it."""

    value: str | None
    samples: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Findings that give one class and suggest another."""

    given: str
    suggested: str
    flagged: int
    undecided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRow:
    """A class in the table of classes; the check's numbers are None where it has not been run."""

    name: str
    samples: int
    flagged: int
    undecided: int
    noise: float | None
    """The check's estimated share of wrong labels."""
    changed_to: int
    """Samples that decisions brought into the class."""
    changed_from: int


def columns(db: Connection) -> dict[str, ColumnKind]:
    """Every name that `where` and `sort` may use."""
    return {name: column.kind for name, column in scope.columns(db).items()}


def ids(db: Connection, view: View, *, limit: int | None = None) -> Ids:
    """Sample ids in the view's order. Raises FilterError."""
    return gallery.ids(db, scope_of(view), view.sort, descending=view.descending, limit=limit)


def rows(db: Connection, view: View, sample_ids: Sequence[int]) -> list[Row]:
    """The rows of those samples, in the order asked for; a sample that is gone is left out."""
    listed = replace(scope_of(view), where="")
    found = {row[0]: row for row in gallery.rows(db, listed, sample_ids)}
    return [_row(*found[i]) for i in map(int, sample_ids) if i in found]


def _row(*cells: Any) -> Row:
    named = dict(zip(_ROW_NAMES, cells, strict=True))
    for name in ("given", "labels", "suggested"):
        named[name] = tuple(named[name] or ())
    return Row(**{**named, "state": State(named["state"])})


_ROW_NAMES = tuple(field.name for field in fields(Row))


def tally(db: Connection, view: View) -> Tally:
    """Raises FilterError."""
    samples, flagged, unseen, deferred = gallery.tally(db, scope_of(view))
    return Tally(
        samples=samples,
        flagged=flagged,
        unseen=unseen,
        decided=samples - unseen - deferred,
        deferred=deferred,
    )


def facets(db: Connection, view: View, column: str, *, limit: int = 1000) -> list[Facet]:
    """Values of a text column among the view's samples, most frequent first."""
    return [Facet(*row) for row in gallery.facets(db, scope_of(view), column, limit)]


def scores(db: Connection, view: View, column: str) -> tuple[Ids, npt.NDArray[np.float32]]:
    """Ids and values of a number column among the view's samples; nulls are left out."""
    return gallery.scores(db, scope_of(view), column)


def pairs(db: Connection, view: View, *, limit: int = 2000) -> list[Pair]:
    """Flagged (given, suggested) pairs of the view's check among its samples, most first."""
    return [Pair(*row) for row in gallery.pairs(db, scope_of(view), limit)]


def class_rows(db: Connection, check_id: str | None) -> list[ClassRow]:
    """The table of classes, in the data set's order."""
    names = [field.name for field in fields(ClassRow)]
    found = gallery.classes(db, check_id)
    return [ClassRow(**dict(zip(names, row, strict=True))) for row in found]


def saved_views(db: Connection) -> dict[str, View]:
    """Filters that were kept under a name, in alphabetical order."""
    known = {field.name for field in fields(View)}
    kept = project.facts(db, _SAVED)
    return {
        name: View(**{key: value for key, value in view.items() if key in known})
        for name, view in kept.items()
    }


@dataclass(frozen=True, slots=True)
class SaveView:
    """Keep a view under a name; None forgets the name."""

    name: str
    view: View | None

    def __call__(self, db: Connection) -> ChangeSet:
        if self.view is None:
            project.forget(db, _SAVED + self.name)
        else:
            project.put(db, _SAVED + self.name, asdict(self.view))
        return ChangeSet(frozenset({"project"}))


def recall(db: Connection, key: str) -> Any:
    """What the window remembered about this project, such as where the reviewer was; or None."""
    return project.fact(db, _REMEMBERED + key)


@dataclass(frozen=True, slots=True)
class Remember:
    """Keep a small JSON-able value for the window. It is no change of the data set."""

    key: str
    value: Any

    def __call__(self, db: Connection) -> ChangeSet:
        project.put(db, _REMEMBERED + self.key, self.value)
        return ChangeSet(frozenset())


_SAVED, _REMEMBERED = "view:", "window:"
"""Their keys among the project's facts begin so."""


def class_names(db: Connection) -> tuple[str, ...]:
    """The data set's classes in their order."""
    return project.classes(db)


def quoted(text: str) -> str:
    """A text as a filter spells it."""
    return "'" + text.replace("'", "''") + "'"


def scope_of(view: View) -> Scope:
    """The samples of a view, without their order."""
    return Scope(where=view.where, check_id=view.check_id, as_of=view.as_of)
