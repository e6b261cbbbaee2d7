"""What an audit would do and how long it would take, before it is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from auditor.checks.base import CheckSpec
from auditor.session.auditing import AuditOptions
from auditor.store.db import Connection


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a check, enough to build a form field."""

    name: str
    kind: type[Any]
    """bool, int, float or str."""
    default: Any
    help: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """Part of the work: a computed need, or a check."""

    name: str
    title: str
    samples: int
    state: Literal["run", "reuse", "skip"]
    seconds: float | None
    """None where there is nothing to tell it from."""
    basis: str
    """Where `seconds` comes from, or why it is skipped."""


@dataclass(frozen=True, slots=True)
class Plan:
    stages: tuple[PlannedStage, ...]

    @property
    def seconds(self) -> float | None:
        """Of all stages that would run; None where one is unknown."""
        known = [one.seconds for one in self.stages if one.state == "run"]
        return None if None in known else sum(s for s in known if s is not None)


@dataclass(frozen=True, slots=True)
class Failure:
    """A sample that could not be worked on."""

    sample_id: int
    path: str
    row: int | None
    stage: str
    reason: str
    detail: str


def specs() -> list[CheckSpec]:
    """Every check there is, by family and title."""
    raise NotImplementedError


def form(spec: CheckSpec) -> tuple[Parameter, ...]:
    raise NotImplementedError


def plan(db: Connection, options: AuditOptions, *, workers: int) -> Plan:
    """What `Session.audit` with these options would do. Computes nothing."""
    raise NotImplementedError


def failures(db: Connection, *, limit: int = 10_000) -> list[Failure]:
    """Samples that could not be read, in import order."""
    raise NotImplementedError


def last_runs(db: Connection, check_ids: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """By check id, its newest run: state, started_on, ended_on, seconds, message, stale, flagged."""
    raise NotImplementedError
