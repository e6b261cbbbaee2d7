"""What an export would write otherwise than it came; the rows are those of `review.edits`."""

from __future__ import annotations

from typing import Any

from auditor.store import review, runs, samples
from auditor.store.db import Connection, first
from auditor.store.standing import BEFORE

_CHANGED = "present and (excluded or labels is distinct from given)"


def counts(db: Connection) -> dict[str, int]:
    """samples, relabelled, excluded, kept, deferred, by_rule, undecided_flags."""
    found = first(
        db,
        "select count(*) filter (labels is distinct from given and not excluded),"
        " count(*) filter (excluded), count(*) filter (verdict = 'keep'),"
        " count(*) filter (verdict = 'defer'),"
        " count(*) filter (verdict is not null and ends_with(reviewer, ?))"
        " from label_now join action using (action_id) where present",
        [review.BY_RULE],
    )
    flags = first(
        db,
        "select count(distinct f.sample_id) from finding f join run using (run_id)"
        " join sample s using (sample_id) left join review r using (sample_id)"
        f" where f.flagged and run_id in ({runs.NEWEST}) and s.present"
        f" and (r.verdict is null or {BEFORE})",
    )
    names = ("relabelled", "excluded", "kept", "deferred", "by_rule", "undecided_flags")
    numbers = (*(found or ()), *(flags or ()))
    return {"samples": samples.count(db), **dict(zip(names, numbers, strict=True))}


def moves(db: Connection, limit: int) -> list[tuple[str, str, int]]:
    """(old, new, samples), most first; several labels are joined, "" is none or excluded."""
    return db.execute(
        "select array_to_string(given, ', ') as old,"
        " case when excluded then '' else array_to_string(labels, ', ') end as new, count(*) as n"
        f" from label_now where {_CHANGED} group by 1, 2 order by n desc, old, new limit ?",
        [limit],
    ).fetchall()


def changed(db: Connection, limit: int) -> list[tuple[Any, ...]]:
    """In import order: sample_id, path, row, given, labels, excluded, reviewer, title."""
    return db.execute(
        'select sample_id, path, "row", given, labels, excluded, reviewer, title'
        f" from label_now join action using (action_id) where {_CHANGED} order by sample_id limit ?",
        [limit],
    ).fetchall()
