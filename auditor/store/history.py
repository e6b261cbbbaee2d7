"""The steps of the review as rows: who changed what when, and what each undoing takes back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.store.db import Connection
from auditor.store.review import TAKEN_BACK


def steps(db: Connection, *, limit: int, before: int | None) -> list[tuple[Any, ...]]:
    """Newest first: action_id, title, reviewer, made_on, samples, check_ids, undoes, standing."""
    return db.execute(
        "with page as (select * from action where action_id < coalesce(?, action_id + 1)"
        "  order by action_id desc limit ?),"
        " size as (select action_id, count(*) as samples,"
        "  list_sort(list(distinct check_id) filter (check_id is not null)) as check_ids"
        "  from change where action_id in (select action_id from page) group by action_id)"
        " select action_id, title, reviewer, made_on, coalesce(samples, 0),"
        "  coalesce(check_ids, []), undoes,"
        f" undoes is not null or action_id not in ({TAKEN_BACK})"
        " from page left join size using (action_id) order by action_id desc",
        [before, limit],
    ).fetchall()


def sample_ids(db: Connection, action_id: int) -> npt.NDArray[np.int64]:
    """The samples that an action changed, in id order."""
    found = db.execute(
        "select sample_id from change where action_id = ? order by sample_id", [action_id]
    ).fetchnumpy()
    ids: npt.NDArray[np.int64] = np.asarray(found["sample_id"], np.int64)
    return ids


def of_sample(db: Connection, sample_id: int) -> list[tuple[Any, ...]]:
    """What was decided about one sample, oldest first: made_on, reviewer, title, verdict, labels, note, check_id."""
    return db.execute(
        "select a.made_on, a.reviewer, a.title, c.new_verdict, c.new_labels, c.new_note, c.check_id"
        " from change c join action a using (action_id) where c.sample_id = ? order by a.action_id",
        [sample_id],
    ).fetchall()


def decided_since(db: Connection, moment: datetime) -> int:
    """Samples whose standing decision was made at `moment` or later."""
    row = db.execute(
        "select count(*) from review join action using (action_id)"
        " where verdict is not null and made_on >= ?",
        [moment.astimezone(UTC).replace(tzinfo=None)],
    ).fetchone()
    return int(row[0]) if row else 0
