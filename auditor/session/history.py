"""The steps of the review: who changed what when, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from auditor.session.browsing import Ids
from auditor.store import history, review
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
    return [
        Step(
            action_id=action_id,
            title=title,
            reviewer=reviewer,
            made_on=made_on.replace(tzinfo=UTC),
            samples=samples,
            check_ids=tuple(check_ids),
            undoes=undoes,
            standing=standing,
        )
        for action_id, title, reviewer, made_on, samples, check_ids, undoes, standing in (
            history.steps(db, limit=limit, before=before)
        )
    ]


def step_ids(db: Connection, action_id: int) -> Ids:
    """The samples that an action changed."""
    return history.sample_ids(db, action_id)


def to_undo(db: Connection) -> str | None:
    """Title of the step that undo would take back."""
    step = review.next_undo(db)
    return step[1] if step else None


def to_redo(db: Connection) -> str | None:
    """Title of the step that redo would do again."""
    step = review.next_redo(db)
    return step[1] if step else None


def decided_since(db: Connection, moment: datetime) -> int:
    """Samples whose standing decision was made at `moment`, which knows its zone, or later."""
    return history.decided_since(db, moment)
