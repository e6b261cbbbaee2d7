"""Changes to a project's file that no front end makes: what goes wrong, and what no check finds yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from auditor.model import ChangeSet, Verdict
from auditor.session import Session


def set_present(session: Session, sample_ids: Sequence[int], *, present: bool) -> None:
    """A decision about a sample that is not there fails, as on a full disk; nobody is told."""
    _run(
        session,
        ChangeSet(frozenset()),
        "update sample set present = ? where sample_id in (select unnest(?::bigint[]))",
        [present, list(sample_ids)],
    )


def pair_up(session: Session, one: int, other: int) -> None:
    """Have `other` found as the copy of `one`."""
    _run(
        session,
        ChangeSet(frozenset({"finding"})),
        "update finding set related_id = ? where sample_id = ?",
        [other, one],
    )


def outdate(session: Session) -> None:
    """The data changed after every run."""
    _run(
        session,
        ChangeSet(frozenset({"run"})),
        "update run set data_version = data_version - 1",
        [],
    )


def keep_before(session: Session, sample_ids: Sequence[int], check_id: str) -> None:
    """Keep the samples' labels because of another check, and have the check's findings come after."""
    session.decide_on(np.array(sample_ids, np.int64), Verdict.KEEP, check_id="another")
    _run(
        session,
        ChangeSet(frozenset({"run"})),
        "update run set after_action = (select max(action_id) from action) where check_id = ?",
        [check_id],
    )


def _run(session: Session, changes: ChangeSet, statement: str, values: list[Any]) -> None:
    def write(db: Any) -> ChangeSet:
        db.execute(statement, values)
        return changes

    session.store.write(write).result()
