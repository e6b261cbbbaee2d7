"""The one crossing between the window's thread and the engine's threads."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from auditor.model import ChangeSet
from auditor.session import Session, errors
from auditor.session.background import JobEvent
from ui.calm import REST, Calm
from ui.sentences import for_the_window

log = logging.getLogger(__name__)

T = TypeVar("T")

_GATHER_MS = 30
"""Commits within so many milliseconds are told of once: an audit makes hundreds a second."""


class Desk(QObject):
    """Takes questions to the engine and brings the answers back to the Qt thread.

    Engine threads are plain Python threads that hold no QObject. The desk lives on the Qt thread
    for as long as its project is open.
    """

    changed = Signal(object)
    """A ChangeSet, after its commit."""
    job = Signal(object)
    """A JobEvent."""
    trouble = Signal(str)
    """A sentence for the user about a question that failed and that nobody else spoke of."""
    _deliver = Signal(object)
    _committed = Signal(object)

    def __init__(
        self, session: Session, parent: QObject | None = None, *, head_start: float = 0.0
    ) -> None:
        """What is not urgent waits for `head_start` seconds at least."""
        super().__init__(parent)
        self.session = session
        self._calm = Calm(head_start)
        self._urgent = ThreadPoolExecutor(2, "desk-urgent")
        self._quick = ThreadPoolExecutor(1, "desk-quick")
        self._slow = ThreadPoolExecutor(2, "desk-slow")
        self._acts = ThreadPoolExecutor(1, "desk-acts")
        self._lanes: Counter[str] = Counter()
        self._is_ending = self._closed = False
        self._gate = threading.Lock()
        """No thread may be asked after it was told to end."""
        self._waiting: list[ChangeSet] = []
        self._gather = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._gather.timeout.connect(self._tell)
        self._deliver.connect(self._run, Qt.ConnectionType.QueuedConnection)
        self._committed.connect(self._note, Qt.ConnectionType.QueuedConnection)
        self.job.connect(self._nothing, Qt.ConnectionType.QueuedConnection)
        session.store.on_commit(self._committed.emit)
        session.jobs.listen(lambda event: self.job.emit(_in_window(event)))

    def ask(
        self,
        question: Callable[[Session], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None] | None = None,
        *,
        lane: str | None = None,
        owner: QObject | None = None,
        slow: bool = False,
        urgent: bool = False,
    ) -> None:
        """Answer off the Qt thread; then call exactly one of the two on it, or none.

        None if a newer question came in the same `lane`, or `owner` is gone meanwhile. `slow` is
        for what may take seconds, so that the rows on the screen do not wait behind it. What is
        not `urgent` lets what is, and each act, go first. Without `failed` a failure becomes
        `trouble`.
        """
        executor = self._slow if slow else self._urgent if urgent else self._quick
        self._submit(executor, question, done, failed, lane, owner, urgent=urgent)

    def act(
        self,
        work: Callable[[Session], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None] | None = None,
        *,
        owner: QObject | None = None,
    ) -> None:
        """The same for what changes the project: one after the other, in the order asked for."""
        self._submit(self._acts, work, done, failed, None, owner, urgent=True)

    def close(self) -> None:
        """Let go of the threads; answers under way are dropped. The session is the caller's."""
        with self._gate:
            self._is_ending = True
        self._acts.shutdown(wait=True)  # what the user decided is written
        self._closed = True
        for executor in (self._urgent, self._quick, self._slow):
            executor.shutdown(wait=True, cancel_futures=True)

    def _submit(
        self,
        executor: ThreadPoolExecutor,
        question: Callable[[Session], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None] | None,
        lane: str | None,
        owner: QObject | None,
        *,
        urgent: bool,
    ) -> None:
        if lane is not None:
            self._lanes[lane] += 1
        turn = self._lanes[lane] if lane is not None else 0
        asked = time.monotonic()
        # A picture is decoded by a process of its own, which may take seconds to start.
        holds_up = urgent and executor is not self._slow

        def is_late() -> bool:
            gone = owner is not None and not shiboken6.isValid(owner)
            return self._closed or gone or (lane is not None and self._lanes[lane] != turn)

        def answer() -> None:
            if not urgent:
                self._calm.wait(asked)
            if is_late():
                return
            call = self._answer(question, done, failed)
            self._deliver.emit(lambda: None if is_late() else call())

        with self._gate:
            if self._is_ending:
                return
            if holds_up:
                self._calm.begin()
            under_way = executor.submit(answer)
        if holds_up:
            rest = REST if executor is self._acts else 0.0
            under_way.add_done_callback(lambda _done: self._calm.end(rest))

    def _answer(
        self,
        question: Callable[[Session], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None] | None,
    ) -> Callable[[], None]:
        """Put the question, on the calling thread; what is to be called on the Qt thread then."""
        try:
            found = question(self.session)
        except Exception as error:  # noqa: BLE001  the border: the Qt thread gets it
            return partial(self._fail, error, failed)
        return partial(done, found)

    def _fail(self, error: Exception, failed: Callable[[Exception], None] | None) -> None:
        if errors.cause(error) is errors.Cause.OURS:
            log.error("a question to the engine failed", exc_info=error)
        if failed is not None:
            failed(error)
        else:
            self.trouble.emit(errors.sentence(error))

    @Slot(object)
    def _run(self, call: Callable[[], Any]) -> None:
        call()

    @Slot(object)
    def _nothing(self, event: JobEvent) -> None:
        """Receives `job` on the Qt thread, as every receiver must."""

    @Slot(object)
    def _note(self, changes: ChangeSet) -> None:
        self._waiting.append(changes)
        if not self._gather.isActive():  # the first is told of at once: a decision should be seen
            self._gather.start()
            self._tell()

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and not self._closed:
            self.changed.emit(_merged(waiting))


def _in_window(event: JobEvent) -> JobEvent:
    return replace(event, message=for_the_window(event.message))


def _merged(changes: list[ChangeSet]) -> ChangeSet:
    tables = frozenset[str]().union(*(one.tables for one in changes))
    if any(one.sample_ids is None for one in changes):
        return ChangeSet(tables)
    ids = dict.fromkeys(i for one in changes for i in one.sample_ids or ())
    return ChangeSet(tables, tuple(ids))
