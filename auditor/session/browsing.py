"""What the window lists: ids by filter and order, the rows on the screen, and counts that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from auditor.model import ChangeSet
from auditor.store import project
from auditor.store.db import Connection

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
    raise NotImplementedError


def ids(db: Connection, view: View, *, limit: int | None = None) -> Ids:
    """Sample ids in the view's order. Raises FilterError."""
    raise NotImplementedError


def rows(db: Connection, view: View, sample_ids: Sequence[int]) -> list[Row]:
    """The rows of those samples, in the order asked for; a sample that is gone is left out."""
    raise NotImplementedError


def tally(db: Connection, view: View) -> Tally:
    """Raises FilterError."""
    raise NotImplementedError


def facets(db: Connection, view: View, column: str, *, limit: int = 1000) -> list[Facet]:
    """Values of a text column among the view's samples, most frequent first."""
    raise NotImplementedError


def scores(db: Connection, view: View, column: str) -> tuple[Ids, npt.NDArray[np.float32]]:
    """Ids and values of a number column among the view's samples; nulls are left out."""
    raise NotImplementedError


def pairs(db: Connection, view: View, *, limit: int = 2000) -> list[Pair]:
    """Flagged (given, suggested) pairs of the view's check among its samples, most first."""
    raise NotImplementedError


def class_rows(db: Connection, check_id: str | None) -> list[ClassRow]:
    """The table of classes, in the data set's order."""
    raise NotImplementedError


def saved_views(db: Connection) -> dict[str, View]:
    """Filters that were kept under a name, in alphabetical order."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class SaveView:
    """Keep a view under a name; None forgets the name."""

    name: str
    view: View | None

    def __call__(self, db: Connection) -> ChangeSet:
        raise NotImplementedError


def recall(db: Connection, key: str) -> Any:
    """What the window remembered about this project, such as where the reviewer was; or None."""
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Remember:
    """Keep a small JSON-able value for the window. It is no change of the data set."""

    key: str
    value: Any

    def __call__(self, db: Connection) -> ChangeSet:
        raise NotImplementedError


def class_names(db: Connection) -> tuple[str, ...]:
    """The data set's classes in their order."""
    return project.classes(db)
