"""Precision so far: what the decisions made say about the findings that are left.

Those left are not like those judged, for people judge the most suspicious ones first: what is
assumed instead is said in `remaining`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.session import remaining
from auditor.session.remaining import Expected, Remaining
from auditor.store import bands as counting
from auditor.store import runs
from auditor.store.bands import Counted
from auditor.store.db import Connection

FEWEST = 30
"""Findings to judge one by one before the numbers are believed."""
SMALL_SHARE = 0.01
"""Stopping is reasonable where errors left among flags are surely fewer than this share of all flags,"""
LOW_PRECISION = 0.1
"""or where, as suspicious as any flag that is left, surely fewer than this share are errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Findings whose score lies in [low, high); all counts are of samples."""

    low: float
    high: float
    findings: int
    judged: int
    """Decided one by one by a person; rules and deferrals do not count."""
    confirmed: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    """95 % interval."""
    expected_left: float
    """Errors expected among the band's undecided findings."""
    expected_left_low: float
    expected_left_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionSoFar:
    check_id: str
    column: str
    """What the bands are of: p_error where the check has it, else quality."""
    bands: tuple[Band, ...]
    """Most suspicious first."""
    judged: int
    confirmed: int
    expected_left: float
    expected_left_low: float
    expected_left_high: float
    advice: str
    """One or two sentences: go on, or when stopping is reasonable and what would be missed."""
    may_stop: bool


def so_far(db: Connection, check_id: str, *, bands: int = 10) -> PrecisionSoFar | None:
    """None where the check has no finished run."""
    run = runs.latest(db, check_id)
    if run is None:
        return None
    score = counting.score_of(db, run.run_id)
    counted = list(counting.count(db, run.run_id, score, bands))
    if score == "p_error":
        counted.reverse()
    left = remaining.estimate(counted, calibrated=score == "p_error")
    rows = tuple(_band(one, bands, there) for one, there in zip(counted, left.bands, strict=True))
    judged = sum(one.judged for one in rows)
    may_stop = _may_stop(counted, rows, left)
    return PrecisionSoFar(
        check_id=check_id,
        column=score,
        bands=rows,
        judged=judged,
        confirmed=sum(one.confirmed for one in rows),
        expected_left=left.total.value,
        expected_left_low=left.total.low,
        expected_left_high=left.total.high,
        advice=_advice(counted, judged, left, may_stop=may_stop),
        may_stop=may_stop,
    )


def jeffreys(confirmed: int, judged: int) -> tuple[float, float]:
    """The 95 % interval of a share: equal tails of Beta(confirmed + 1/2, judged - confirmed + 1/2).

    At the ends it is closed: 0 where none was confirmed, 1 where all were. Source: Brown, Cai,
    DasGupta 2001, "Interval estimation for a binomial proportion". With x = sin(t)^2 the density is
    sin(t)^2k cos(t)^2(n-k), so that a fine grid gives the quantiles: loading a statistics library
    for them would hold the window up.
    """
    angle = (np.arange(_GRID) + 0.5) * (np.pi / 2 / _GRID)
    log = 2 * confirmed * np.log(np.sin(angle)) + 2 * (judged - confirmed) * np.log(np.cos(angle))
    below = np.cumsum(np.exp(log - log.max()))
    ends = angle + np.pi / 4 / _GRID
    low, high = np.sin(np.interp([0.025, 0.975], below / below[-1], ends)) ** 2
    return float(low) if confirmed else 0.0, float(high) if confirmed < judged else 1.0


_GRID = 20_000


def _band(one: Counted, bands: int, left: Expected) -> Band:
    low, high = jeffreys(one.confirmed, one.judged) if one.judged else (None, None)
    return Band(
        low=one.number / bands,
        high=(one.number + 1) / bands,
        findings=one.findings,
        judged=one.judged,
        confirmed=one.confirmed,
        precision=one.confirmed / one.judged if one.judged else None,
        precision_low=low,
        precision_high=high,
        expected_left=left.value,
        expected_left_low=left.low,
        expected_left_high=left.high,
    )


def _may_stop(counted: list[Counted], rows: tuple[Band, ...], left: Remaining) -> bool:
    """Where no flag is undecided, or those that are would hardly be worth the work."""
    undecided = [place for place, one in enumerate(counted) if one.left_flagged]
    if not undecided:
        return True
    if sum(one.judged for one in rows) < FEWEST:
        return False
    if left.flagged.high < SMALL_SHARE * sum(one.flagged for one in counted):
        return True
    as_suspicious = rows[: undecided[0] + 1]
    return any((one.precision_high or 1.0) < LOW_PRECISION for one in as_suspicious)


def _advice(counted: list[Counted], judged: int, left: Remaining, *, may_stop: bool) -> str:
    flags = sum(one.left_flagged for one in counted)
    if not flags:
        return "No flag is left to decide." + _unflagged(counted, left)
    if judged < FEWEST:
        return (
            f"Judge at least {FEWEST} findings one by one before these numbers are believed:"
            f" {judged} so far."
        )
    said = f"{_with_interval(left.flagged)} are expected among the {flags:,} undecided flags"
    return f"Stopping is reasonable: {said}." if may_stop else f"Go on: {said}."


def _unflagged(counted: list[Counted], left: Remaining) -> str:
    """Where no flag is left, all that is expected lies among the samples not flagged."""
    others = sum(one.left_other for one in counted)
    if not others:
        return ""
    return f" {_with_interval(left.total)} are expected among the {others:,} samples not flagged."


def _with_interval(errors: Expected) -> str:
    return f"About {_round(errors.value)} errors ({_round(errors.low)} to {_round(errors.high)})"


def _round(count: float) -> str:
    return f"{count:,.0f}" if count >= 9.95 or count == round(count) else f"{count:.1f}"
