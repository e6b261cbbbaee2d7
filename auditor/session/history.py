"""The steps of the review: who changed what when, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auditor.session.browsing import Ids
from auditor.store.db import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action. An undo is a step of its own and names the one it takes back."""

    action_id: int
    title: str
    reviewer: str
    made_on: datetime
    samples: int
    check_ids: tuple[str, ...]
    undoes: int | None
    standing: bool
    """False where it was undone; always true of an undo or redo itself."""


def steps(db: Connection, *, limit: int = 500, before: int | None = None) -> list[Step]:
    """Newest first; `before` an action id, for the next page."""
    raise NotImplementedError


def step_ids(db: Connection, action_id: int) -> Ids:
    """The samples that an action changed."""
    raise NotImplementedError


def to_undo(db: Connection) -> str | None:
    """Title of the step that undo would take back."""
    raise NotImplementedError


def to_redo(db: Connection) -> str | None:
    raise NotImplementedError
