"""Everything that is known about one sample, for the person who decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auditor.store.db import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFinding:
    """One check's newest finding about the sample."""

    check_id: str
    title: str
    flagged: bool
    stale: bool
    quality: float
    p_error: float | None
    p_error_low: float | None
    p_error_high: float | None
    suggested: tuple[str, ...]
    related_id: int | None
    sentences: tuple[str, ...]
    """Why, in words a user understands; at least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One step of the sample's history, oldest first; an undoing is a step of its own."""

    made_on: datetime
    reviewer: str
    title: str
    verdict: str | None
    labels: tuple[str, ...] | None
    note: str | None
    check_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    sample_id: int
    path: str
    row: int | None
    split: str | None
    group: str | None
    given: tuple[str, ...]
    labels: tuple[str, ...]
    verdict: str | None
    note: str | None
    width: int | None
    height: int | None
    format: str | None
    byte_size: int | None
    reason: str | None
    """Why the image cannot be read."""
    detail: str | None
    suggested: tuple[str, ...]
    """By the check in focus, else by the first that suggests something."""
    ranked: tuple[tuple[str, float | None], ...]
    """Classes likeliest first, for the digit keys: at most ten with a probability, then the others."""
    p_error: float | None
    p_error_words: str
    """"Probably wrong: 87 % (79 to 93 %)"; "" where no check gives one."""
    views_suggested: tuple[str, ...]
    views_given: tuple[str, ...]
    views_total: int
    neighbours_given: tuple[int, ...]
    neighbours_suggested: tuple[int, ...]
    findings: tuple[CheckFinding, ...]
    """The check in focus first, then flagged ones."""
    history: tuple[Decided, ...]
    extra: tuple[tuple[str, str], ...]
    """The source's own further columns, as text."""


def evidence(db: Connection, sample_id: int, check_id: str | None = None) -> Evidence:
    """All about one sample. Raises LookupError where the project has no such sample."""
    raise NotImplementedError
