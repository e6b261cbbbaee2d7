"""Worker processes that survive death: a killing sample is found and the rest goes on."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from typing import Any

import pyarrow as pa

from auditor.jobs import worker
from auditor.jobs.clock import WorkClock
from auditor.jobs.messages import (
    FromWorker,
    Progress,
    RunTask,
    TaskCancelled,
    TaskDone,
    TaskFailed,
    Wish,
)

_CONTEXT = multiprocessing.get_context("spawn")

_GRACE = 5.0
"""Seconds a worker has to stop by itself once asked."""
_RETRIES = 1
"""How often a task that cannot be halved is tried again after its worker died."""


class WorkersKeepDyingError(RuntimeError):
    """Worker processes die whatever they are given."""


class CancelledError(RuntimeError):
    """The user stopped the work; what was finished is kept."""


@dataclass(frozen=True, slots=True)
class Task:
    """Work for one worker. One that may be halved finds the sample that kills its process."""

    job: str
    samples: pa.Table
    config: Mapping[str, Any]
    number: int = 0
    may_halve: bool = True
    tries: int = 0

    @property
    def rows(self) -> int:
        return int(self.samples.num_rows)

    def halves(self) -> list[Task]:
        middle = self.rows // 2
        return [
            replace(self, samples=self.samples.slice(0, middle)),
            replace(self, samples=self.samples.slice(middle)),
        ]


@dataclass(slots=True, kw_only=True)
class Handlers:
    """What the engine does as tasks end; all are called on the thread that runs the pool."""

    done: Callable[[Task, Mapping[str, pa.Table]], None]
    lost: Callable[[Task], None]
    """The worker died on each try of this task: of one sample, or of one that stays whole."""
    failed: Callable[[Task, TaskFailed], None]
    progress: Callable[[int, int], None] = lambda _done, _total: None


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl+C back in this thread; a process started here inherits that, until it ignores it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Worker:
    """A spawned process that runs one task at a time."""

    def __init__(self, wish: ctypes.c_byte, niceness: int) -> None:
        self.pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(
            target=worker.main, args=(theirs, wish, niceness), daemon=True
        )
        with _interrupts_held():
            self._process.start()
        theirs.close()  # so that the pipe reports EOF when the process dies
        self.task: Task | None = None
        self.share_done = 0.0

    @property
    def pid(self) -> int:
        return self._process.pid or -1

    def give(self, task: Task) -> None:
        self.task, self.share_done = task, 0.0
        message = RunTask(task.number, task.job, worker.to_ipc(task.samples), dict(task.config))
        with contextlib.suppress(OSError):  # it died while idle: seen at the next wait
            self.pipe.send(message)

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self.pipe.close()

    def close(self) -> None:
        self.pipe.close()
        self._process.join(timeout=_GRACE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


@dataclass
class Pool:
    """Up to `size` workers, started as they are needed and kept warm until `close`."""

    size: int
    cancel: threading.Event = field(default_factory=threading.Event)
    niceness: int = 0
    """How far the workers stand back for other processes, as the system's `nice` counts."""
    clock: WorkClock = field(default_factory=WorkClock, init=False)
    """Stands still while the work is held."""
    _wish: ctypes.c_byte = field(default_factory=lambda: _shared_byte(Wish.GO_ON), init=False)
    _workers: list[_Worker] = field(default_factory=list, init=False)
    _deaths_in_a_row: int = field(default=0, init=False)

    def run(
        self, tasks: Iterable[Task], handlers: Handlers, *, total: int, workers: int | None = None
    ) -> None:
        """Run the tasks to their end; raises CancelledError when `cancel` was set.

        `total` is the number of samples in all tasks, for the progress. Blocks: call it from an
        engine thread, never from the window's.
        """
        try:
            self._work(iter(tasks), handlers, total, min(workers or self.size, self.size))
        except BaseException:
            self._drop(w for w in self._workers if w.task)  # or the next run hears their answers
            raise

    def hold(self) -> None:
        """Have workers wait at their next report, until `go_on` or `cancel`. Of any thread."""
        self.clock.stop()
        self._wish.value = Wish.WAIT

    def go_on(self) -> None:
        self._wish.value = Wish.GO_ON
        self.clock.start()

    def _work(self, waiting: Iterator[Task], handlers: Handlers, total: int, limit: int) -> None:
        pending, finished = deque[Task](), 0
        while True:
            if self.cancel.is_set():
                self._stop(handlers)
            self._hand_out(pending, waiting, limit)
            busy = [w for w in self._workers if w.task]
            if not busy:
                handlers.progress(total, total)
                return
            for ready in wait([w.pipe for w in busy], timeout=0.1):
                one = next(w for w in busy if w.pipe is ready)
                finished += self._hear(one, pending, handlers)
            running = sum(w.share_done * w.task.rows for w in self._workers if w.task)
            handlers.progress(min(total, finished + int(running)), total)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers there are."""
        return [one.pid for one in self._workers]

    def close(self) -> None:
        """End the workers: idle ones by themselves, busy ones, whose work nobody awaits, at once."""
        while self._workers:
            one = self._workers.pop()
            if one.task:
                one.kill()
            else:
                one.close()

    def _hand_out(self, pending: deque[Task], waiting: Iterator[Task], limit: int) -> None:
        while sum(one.task is not None for one in self._workers) < limit:
            task = pending.popleft() if pending else next(waiting, None)
            if task is None:
                return
            idle = next((one for one in self._workers if one.task is None), None)
            if idle is None:
                idle = _Worker(self._wish, self.niceness)
                self._workers.append(idle)
            idle.give(task)

    def _hear(self, one: _Worker, pending: deque[Task], handlers: Handlers) -> int:
        """Take one message from a worker; returns how many samples it ended."""
        task = one.task
        if task is None:
            return 0
        try:
            message: FromWorker = one.pipe.recv()
        except (EOFError, OSError):
            return self._bury(one, task, pending, handlers)
        if isinstance(message, Progress):
            one.share_done = message.done / max(message.total, 1)
            return 0
        one.task = None
        self._deaths_in_a_row = 0
        if isinstance(message, TaskDone):
            handlers.done(task, {k: worker.from_ipc(v) for k, v in message.tables.items()})
        elif isinstance(message, TaskFailed):
            handlers.failed(task, message)
        return task.rows

    def _bury(self, dead: _Worker, task: Task, pending: deque[Task], handlers: Handlers) -> int:
        self._drop([dead])
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row > 64:  # a bad sample in 10^15 would be found sooner
            raise WorkersKeepDyingError(
                "worker processes keep dying; is the memory full? Try fewer workers"
            )
        if task.may_halve and task.rows > 1:
            pending.extendleft(reversed(task.halves()))
            return 0
        if task.tries < _RETRIES:  # it may have been killed from outside, or idle
            pending.appendleft(replace(task, tries=task.tries + 1))
            return 0
        handlers.lost(task)
        return task.rows

    def _stop(self, handlers: Handlers) -> None:
        """Let running tasks end or be dropped, kill what does not stop, and say so."""
        self._wish.value = Wish.STOP
        deadline = time.monotonic() + _GRACE
        while (busy := [w for w in self._workers if w.task]) and time.monotonic() < deadline:
            for ready in wait([w.pipe for w in busy], timeout=0.1):
                one = next(w for w in busy if w.pipe is ready)
                self._last_words(one, handlers)
        self._drop(w for w in self._workers if w.task)
        self.close()
        self.go_on()
        raise CancelledError(
            "stopped; what was finished is kept, and the same command goes on from there"
        )

    def _drop(self, dropped: Iterable[_Worker]) -> None:
        for one in list(dropped):
            one.kill()
            self._workers.remove(one)

    def _last_words(self, one: _Worker, handlers: Handlers) -> None:
        try:
            message: FromWorker = one.pipe.recv()
        except (EOFError, OSError):
            one.task = None
            return
        if isinstance(message, TaskDone) and one.task:
            handlers.done(one.task, {k: worker.from_ipc(v) for k, v in message.tables.items()})
        if isinstance(message, TaskDone | TaskFailed | TaskCancelled):
            one.task = None


def _shared_byte(value: int) -> ctypes.c_byte:
    return _CONTEXT.RawValue(ctypes.c_byte, value)
