"""Long work, one piece after the other, on a thread of its own: queue, pause, cancel, events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from auditor.jobs.pool import Pool
from auditor.progress import Progress


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """How a job stands; one is sent at each change, and a few times a second while it runs."""

    number: int
    kind: str
    """import | audit | map | export | report"""
    title: str
    state: JobState
    stage: str = ""
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    """Of running, without pauses."""
    seconds_left: float | None = None
    """Of this stage, once there is something to tell it from."""
    message: str = ""
    """Why it failed, in a sentence; or what is to be said of the result."""
    result: Any = field(default=None, compare=False)
    """Of a finished job: what its function returned."""

    @property
    def ended(self) -> bool:
        return self.state in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


Listener = Callable[[JobEvent], None]
"""Called on the jobs' thread: hand it over and return at once."""


class Background:
    """The queue. `finished` events come after the last commit of the job.

    A job is a function that is given the progress to report to; it must heed the session's
    cancel event, as everything that runs in the pool does.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def add(self, kind: str, title: str, work: Callable[[Progress], Any]) -> int:
        """Queue work and return its number. Never blocks."""
        raise NotImplementedError

    def listen(self, listener: Listener) -> None:
        raise NotImplementedError

    def pause(self) -> None:
        """Have the running job wait: workers stop at their next report, nothing is lost."""
        raise NotImplementedError

    def resume(self) -> None:
        raise NotImplementedError

    def cancel(self, number: int) -> None:
        """Take a waiting job out of the queue, or stop the running one; finished shards stay."""
        raise NotImplementedError

    def events(self) -> list[JobEvent]:
        """The latest event of every job of this session, oldest job first."""
        raise NotImplementedError

    def close(self) -> None:
        """Cancel what runs and wait for it, at most a few seconds."""
        raise NotImplementedError
