"""Real processes, really killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pytest

from auditor.jobs import worker
from auditor.jobs.messages import RunTask, TaskFailed, Wish
from auditor.jobs.pool import CancelledError, Handlers, Pool, Task

pytestmark = pytest.mark.process
JOB = "tests.process.crashing:crash"


class Seen:
    """Notes what the pool tells its caller."""

    def __init__(self, cancel_at_start: threading.Event | None = None) -> None:
        self.ids: list[int] = []
        self.lost: list[int] = []
        self.failed: list[TaskFailed] = []
        self.progress: list[tuple[int, int]] = []
        self._cancel = cancel_at_start

    @property
    def handlers(self) -> Handlers:
        return Handlers(
            done=self._done,
            lost=lambda task: self.lost.extend(task.samples["sample_id"].to_pylist()),
            failed=lambda _task, failure: self.failed.append(failure),
            progress=self._progress,
        )

    def _done(self, _task: Task, tables: Mapping[str, pa.Table]) -> None:
        self.ids += tables["seen"]["sample_id"].to_pylist()

    def _progress(self, done: int, total: int) -> None:
        self.progress.append((done, total))
        if self._cancel:
            self._cancel.set()


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(2)
    yield made
    made.close()


def task(*ids: int, may_halve: bool = True) -> Task:
    return Task(JOB, pa.table({"sample_id": list(ids)}), {}, may_halve=may_halve)


def test_a_sample_that_kills_the_worker_is_found_and_the_rest_done(pool: Pool) -> None:
    seen = Seen()
    pool.run([task(*range(10, 16)), task(1, 2, 3)], seen.handlers, total=9)
    assert seen.lost == [13]
    assert sorted(seen.ids) == [1, 2, 3, 10, 11, 12, 14, 15]
    assert seen.progress[-1] == (9, 9)


def test_work_that_stays_whole_is_tried_again_and_then_given_up(pool: Pool) -> None:
    seen = Seen()
    pool.run([task(13, 14, may_halve=False)], seen.handlers, total=2)
    assert seen.lost == [13, 14]


def test_a_job_that_raises_is_reported_and_its_worker_goes_on(pool: Pool) -> None:
    seen = Seen()
    pool.run([task(17), task(1)], seen.handlers, total=2, workers=1)
    (failure,) = seen.failed
    assert (failure.error, failure.kind) == ("seventeen", "ValueError")
    assert "crashing.py" in failure.traceback
    assert seen.ids == [1]


def test_a_worker_killed_while_idle_is_replaced(pool: Pool) -> None:
    seen = Seen()
    pool.run([task(1)], seen.handlers, total=1)
    for pid in pool.pids:
        os.kill(pid, signal.SIGKILL)
    pool.run([task(2), task(3)], seen.handlers, total=2)
    assert sorted(seen.ids) == [1, 2, 3]
    assert seen.lost == []


def test_a_handler_that_raises_leaves_no_answer_for_the_next_run(pool: Pool) -> None:
    def refuse(_task: Task, failure: TaskFailed) -> None:
        raise RuntimeError(failure.error)

    first, second = Seen(), Seen()
    handlers = first.handlers
    handlers.failed = refuse
    with pytest.raises(RuntimeError, match="seventeen"):
        pool.run([task(20), task(17)], handlers, total=2)
    pool.run([task(1), task(2)], second.handlers, total=2)
    assert sorted(second.ids) == [1, 2]


@pytest.mark.parametrize("stubborn", [20, 21])
def test_cancel_stops_work_that_listens_and_kills_what_does_not(stubborn: int) -> None:
    cancel = threading.Event()
    pool = Pool(1, cancel)
    with pytest.raises(CancelledError):
        pool.run([task(stubborn)], Seen(cancel_at_start=cancel).handlers, total=1)
    assert pool.pids == []


def test_ctrl_c_does_not_reach_a_worker_that_is_still_starting(
    pool: Pool, capfd: pytest.CaptureFixture[str]
) -> None:
    seen = Seen()
    handlers = seen.handlers
    handlers.progress = lambda _done, _total: os.kill(pool.pids[0], signal.SIGINT)
    pool.run([task(1)], handlers, total=1)
    assert seen.ids == [1]
    assert "KeyboardInterrupt" not in capfd.readouterr().err


def test_a_worker_whose_engine_went_away_while_it_stopped_ends_well() -> None:
    context = multiprocessing.get_context("spawn")
    (pipe, theirs), wish = context.Pipe(), context.RawValue("b", Wish.GO_ON)
    process = context.Process(target=worker.main, args=(theirs, wish, 0))
    process.start()
    theirs.close()
    samples = worker.to_ipc(pa.table({"sample_id": [20]}))
    pipe.send(RunTask(0, JOB, samples, {}))
    pipe.recv()
    pipe.close()
    wish.value = Wish.STOP
    process.join()
    assert process.exitcode == 0


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="the system has no niceness")
def test_workers_stand_back_as_far_as_asked() -> None:
    pool, seen = Pool(1, niceness=3), Seen()
    try:
        pool.run([task(1)], seen.handlers, total=1)
        (pid,) = pool.pids
        here = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, pid) == min(here + 3, 19)
    finally:
        pool.close()
