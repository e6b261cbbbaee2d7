"""Findings counted by bands of their score, with what the review made of them so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from auditor.store.db import Connection, first
from auditor.store.review import JUDGED
from auditor.store.standing import REVIEWED, STATE, UNDECIDED

Score = Literal["p_error", "quality"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One band. Means are of the score; None of no finding."""

    number: int
    findings: int
    flagged: int
    judged: int
    """By a person, looking at it; see review.JUDGED."""
    confirmed: int
    left_flagged: int
    """Without a decision, or deferred."""
    left_other: int
    mean_judged: float | None
    mean_left_flagged: float | None
    mean_left_other: float | None


def score_of(db: Connection, run_id: int) -> Score:
    """The calibrated probability where the run has one."""
    query = "select 1 from finding where run_id = ? and p_error is not null limit 1"
    return "p_error" if first(db, query, [run_id]) else "quality"


def count(db: Connection, run_id: int, score: Score, bands: int) -> Iterator[Counted]:
    """Equal bands of [0, 1] that have findings, lowest first; those without the score are left out.

    By quality only flags are counted: it gives no probability that the others are wrong.
    """
    rows = db.execute(
        f"with scored as (select f.sample_id, f.flagged, f.{score} as score, r.verdict,"
        f"   {UNDECIDED} as open, {JUDGED} and {STATE} = 'decided' as judged"
        f"  from finding f left join ({REVIEWED.format('review')}) r using (sample_id)"
        f"  left join action a using (action_id) where f.run_id = ?"
        f"  and f.{score} is not null and (f.flagged or ?)"
        "  and f.sample_id not in (select sample_id from sample where not present))"
        " select least(floor(score::double * ?), ? - 1)::integer as number, count(*),"
        "  count(*) filter (flagged), count(*) filter (judged),"
        "  count(*) filter (judged and verdict <> 'keep'),"
        "  count(*) filter (flagged and open), count(*) filter (not flagged and open),"
        "  avg(score) filter (judged), avg(score) filter (flagged and open),"
        "  avg(score) filter (not flagged and open)"
        " from scored group by number order by number",
        [run_id, run_id, score == "p_error", bands, bands],
    ).fetchall()
    names = Counted.__dataclass_fields__
    return (Counted(**dict(zip(names, row, strict=True))) for row in rows)
