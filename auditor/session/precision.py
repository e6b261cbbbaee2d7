"""Precision so far: what the decisions made say about the findings that are left."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.store.db import Connection


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
    raise NotImplementedError
