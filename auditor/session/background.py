"""Long work, one piece after the other, on a thread of its own: queue, pause, cancel, events."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from auditor.jobs.clock import WorkClock
from auditor.jobs.pool import CancelledError, Pool
from auditor.progress import Progress
from auditor.session import errors
from auditor.store.db import StoreClosedError

log = logging.getLogger(__name__)

_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)

_TELL_EVERY = 0.2
_ENOUGH_TO_TELL = 1.0
"""Seconds of a stage before its end is guessed."""
_GENTLE = 2.0
"""Seconds that workers have to end by themselves when the project is closed."""
_CLOSING = 10.0
"""Seconds; longer than the pool gives its workers."""


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    """Not run: the job that it comes after did not succeed."""


_ENDS = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.SKIPPED})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """How a job stands; one is sent at each change, and a few times a second while it runs."""

    number: int
    kind: str
    """import | attach | audit | map | export | report | heat map"""
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
    """Why it failed or was not run, in a sentence; or what is to be said of the result."""
    result: Any = field(default=None, compare=False)
    """Of a finished job: what its function returned."""

    @property
    def ended(self) -> bool:
        return self.state in _ENDS


Listener = Callable[[JobEvent], None]
"""Called on one engine thread, in the order of the changes: hand it over and return at once."""


@dataclass(slots=True, eq=False)
class _Job:
    number: int
    kind: str
    title: str
    work: Callable[[Progress], Any]
    clock: WorkClock
    after: _Job | None = None
    state: JobState = JobState.QUEUED
    stage: str = ""
    done: int = 0
    total: int = 0
    message: str = ""
    result: Any = None
    began: float = 0.0
    stage_began: float = 0.0
    seconds: float = 0.0
    told_at: float = 0.0

    def start(self) -> None:
        self.state, self.began = JobState.RUNNING, self.clock()

    def report(self, stage: str, done: int, total: int) -> bool:
        """Note how far it is; whether that is news: a stage that begins or ends."""
        is_news = (stage, done == total) != (self.stage, self.done == self.total)
        if stage != self.stage:
            self.stage_began = self.clock()
        self.stage, self.done, self.total = stage, done, total
        self.seconds = self.clock() - self.began
        return is_news

    def end(self, state: JobState, message: str, result: Any) -> None:
        if self.state is not JobState.QUEUED:
            self.seconds = self.clock() - self.began
        self.state, self.message, self.result = state, message, result
        self.work = _nothing  # what it holds may be large

    def event(self) -> JobEvent:
        return JobEvent(
            number=self.number,
            kind=self.kind,
            title=self.title,
            state=self.state,
            stage=self.stage,
            done=self.done,
            total=self.total,
            seconds=self.seconds,
            seconds_left=self._seconds_left(),
            message=self.message,
            result=self.result,
        )

    def _seconds_left(self) -> float | None:
        if self.state not in {JobState.RUNNING, JobState.PAUSED} or not self.done:
            return None
        spent = self.clock() - self.stage_began
        if spent < _ENOUGH_TO_TELL:
            return None
        return spent * (self.total - self.done) / self.done


class Background:
    """The queue. `finished` events come after the last commit of the job.

    A job is a function that is given the progress to report to; it must heed the session's
    cancel event, as everything that runs in the pool does. Listeners have a thread of their own,
    so that events keep their order whoever causes them, and no caller waits for a listener.
    """

    def __init__(self, pool: Pool, log_file: Path) -> None:
        self._pool, self._log_file = pool, log_file
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._jobs: list[_Job] = []
        self._running: _Job | None = None
        self._listeners: list[Listener] = []
        self._thread: threading.Thread | None = None
        self._speaker = ThreadPoolExecutor(1, "job-events")
        self._closed = False

    def add(
        self, kind: str, title: str, work: Callable[[Progress], Any], *, after: str | None = None
    ) -> int:
        """Queue work and return its number. Never blocks. Raises StoreClosedError.

        With `after` a kind, it is run only if the last job of that kind still ahead of it succeeds.
        """
        with self._changed:
            if self._closed:
                raise StoreClosedError("the project is closed")
            ahead = [one for one in self._jobs if one.kind == after and one.state not in _ENDS]
            last = ahead[-1] if ahead else None
            job = _Job(next(self._numbers), kind, title, work, self._pool.clock, last)
            self._jobs.append(job)
            self._tell(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="jobs")
                self._thread.start()
            self._changed.notify_all()
        return job.number

    @property
    def has_workers(self) -> bool:
        """Whether worker processes are there already, from earlier work."""
        return bool(self._pool.pids)

    def clock(self) -> float:
        """Seconds, but for those in which the work is paused."""
        return self._pool.clock()

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def pause(self) -> None:
        """Have the running job wait: workers stop at their next report, nothing is lost."""
        with self._changed:
            if self._running and self._running.state is JobState.RUNNING:
                self._pool.hold()
                self._running.state = JobState.PAUSED
                self._tell(self._running)

    def resume(self) -> None:
        with self._changed:
            if self._running and self._running.state is JobState.PAUSED:
                self._pool.go_on()
                self._running.state = JobState.RUNNING
                self._tell(self._running)
                self._changed.notify_all()

    def cancel(self, number: int) -> None:
        """Take a waiting job out of the queue, or stop the running one; finished shards stay."""
        with self._changed:
            for job in self._jobs:
                if job.number == number:
                    self._cancel(job)

    def events(self) -> list[JobEvent]:
        """The latest event of every job of this session, oldest job first."""
        with self._changed:
            return [job.event() for job in self._jobs]

    def close(self) -> None:
        """Cancel what runs and wait for it, at most a few seconds."""
        with self._changed:
            self._closed = True
            for job in self._jobs:
                self._cancel(job)
            self._changed.notify_all()
        if self._thread:
            self._thread.join(_GENTLE)
            if self._thread.is_alive():
                self._end_workers()
            self._thread.join(_CLOSING)
        self._speaker.shutdown()

    def _end_workers(self) -> None:
        """One that loads a model hears nobody; what it has not handed over is done again next time."""
        for pid in self._pool.pids:
            with contextlib.suppress(OSError):  # it has just ended by itself
                os.kill(pid, _KILL)

    def _cancel(self, job: _Job) -> None:
        if job.state is JobState.QUEUED:
            job.end(JobState.CANCELLED, "", None)
        elif job is self._running and job.state is not JobState.CANCELLING:
            job.state = JobState.CANCELLING
            self._pool.cancel.set()
            self._changed.notify_all()
        else:
            return
        self._tell(job)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                end = JobState.DONE, "", job.work(partial(self._report, job))
            except CancelledError as error:
                end = JobState.CANCELLED, str(error), None
            except Exception as error:  # noqa: BLE001  the border: the window must live on
                end = JobState.FAILED, self._explain(error), None
            with self._changed:  # only who runs can be cancelled: the next job finds it clear
                self._running = None
                self._pool.cancel.clear()
                self._pool.go_on()
                job.end(*end)
                self._tell(job)

    def _next(self) -> _Job | None:
        with self._changed:
            while not self._closed:
                for job in self._jobs:
                    if job.state is JobState.QUEUED and self._may_run(job):
                        self._running = job
                        job.start()
                        self._tell(job)
                        return job
                self._changed.wait()
        return None

    def _may_run(self, job: _Job) -> bool:
        """Whether what it comes after succeeded; else the job ends here, and says why."""
        before, job.after = job.after, None
        if before is None or before.state is JobState.DONE:
            return True
        what = "failed" if before.state is JobState.FAILED else "was stopped"
        job.end(JobState.SKIPPED, f"it was not run, because “{before.title}” {what}", None)
        self._tell(job)
        return False

    def _report(self, job: _Job, stage: str, done: int, total: int) -> None:
        with self._changed:
            is_news = job.report(stage, done, total)
            if is_news or time.monotonic() - job.told_at >= _TELL_EVERY:
                self._tell(job)
            # The store's writer reports too, and must not wait: decisions would wait with it.
            while job.state is JobState.PAUSED and threading.current_thread() is self._thread:
                self._changed.wait()

    def _tell(self, job: _Job) -> None:
        job.told_at = time.monotonic()
        with contextlib.suppress(RuntimeError):  # closed meanwhile: nobody listens
            self._speaker.submit(self._announce, job.event())

    def _announce(self, event: JobEvent) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                log.exception("a listener to jobs failed")

    def _explain(self, error: Exception) -> str:
        if errors.cause(error) is not errors.Cause.OURS:
            return errors.sentence(error)
        log.error("a job failed", exc_info=error)
        return f"something went wrong inside the program: the details are in {self._log_file}"


def _nothing(_progress: Progress) -> None:
    """What is left to do of a job that has ended."""
