"""The queue of long work: order, ends, pause and cancel, without any worker."""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditor.formats.base import FormatError
from auditor.jobs.clock import WorkClock
from auditor.jobs.pool import CancelledError, Pool
from auditor.progress import Progress
from auditor.session import errors
from auditor.session.background import Background, JobEvent, JobState
from auditor.store.db import StoreClosedError

PATIENCE = 20.0
LOG = Path("logs") / "auditor.log"


class Heard:
    """The events, in the order they were told, and a way to wait for one."""

    def __init__(self) -> None:
        self.events: list[JobEvent] = []
        self._more = threading.Condition()

    def __call__(self, event: JobEvent) -> None:
        with self._more:
            self.events.append(event)
            self._more.notify_all()

    def wait(self, number: int, state: JobState) -> JobEvent:
        def found() -> JobEvent | None:
            with_it = (e for e in self.events if (e.number, e.state) == (number, state))
            return next(with_it, None)

        with self._more:
            assert self._more.wait_for(lambda: found() is not None, PATIENCE), self.events
            event = found()
        assert event
        return event

    def states(self, number: int) -> list[JobState]:
        """Without repeats."""
        told = [event.state for event in self.events if event.number == number]
        return [s for i, s in enumerate(told) if i == 0 or told[i - 1] is not s]


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(1)
    yield made
    made.close()


@pytest.fixture
def jobs(pool: Pool) -> Iterator[Background]:
    made = Background(pool, LOG)
    yield made
    made.close()


@pytest.fixture
def heard(jobs: Background) -> Heard:
    made = Heard()
    jobs.listen(made)
    return made


def until_cancelled(pool: Pool, begun: threading.Event) -> Callable[[Progress], None]:
    def work(_progress: Progress) -> None:
        begun.set()
        assert pool.cancel.wait(PATIENCE)
        raise CancelledError("stopped")

    return work


def test_jobs_run_one_after_the_other_and_give_their_result(jobs: Background, heard: Heard) -> None:
    ran: list[int] = []
    first = jobs.add("audit", "First", lambda _: ran.append(1))
    second = jobs.add("map", "Second", lambda _: [*ran, 2])
    event = heard.wait(second, JobState.DONE)
    assert (event.kind, event.title, event.result) == ("map", "Second", [1, 2])
    assert heard.states(first) == [JobState.QUEUED, JobState.RUNNING, JobState.DONE]
    assert [one.number for one in jobs.events()] == [first, second]
    assert all(one.ended for one in jobs.events())


def test_an_error_of_the_user_s_is_told_in_its_own_words(jobs: Background, heard: Heard) -> None:
    def work(_: Progress) -> None:
        raise FormatError("no label column in a.csv")

    event = heard.wait(jobs.add("import", "Import", work), JobState.FAILED)
    assert event.message == "no label column in a.csv"


def test_an_error_of_ours_names_the_log_and_the_next_job_runs(
    jobs: Background, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    def work(_: Progress) -> None:
        raise ZeroDivisionError("internal detail")

    with caplog.at_level(logging.ERROR, "auditor"):
        event = heard.wait(jobs.add("audit", "Audit", work), JobState.FAILED)
    assert str(LOG) in event.message
    assert "internal detail" not in event.message
    assert "ZeroDivisionError: internal detail" in caplog.text
    heard.wait(jobs.add("audit", "Audit", lambda _: None), JobState.DONE)


def test_a_waiting_job_that_is_cancelled_never_runs(
    jobs: Background, heard: Heard, pool: Pool
) -> None:
    begun, ran = threading.Event(), threading.Event()
    first = jobs.add("audit", "A", until_cancelled(pool, begun))
    second = jobs.add("audit", "B", lambda _: ran.set())
    third = jobs.add("audit", "C", lambda _: pool.cancel.is_set())
    assert begun.wait(PATIENCE)
    jobs.cancel(second)
    heard.wait(second, JobState.CANCELLED)
    assert not pool.cancel.is_set()
    jobs.cancel(first)
    assert heard.wait(third, JobState.DONE).result is False
    assert heard.states(first)[-2:] == [JobState.CANCELLING, JobState.CANCELLED]
    assert not ran.is_set()


def test_cancelling_a_job_that_ended_stops_nobody_else(
    jobs: Background, heard: Heard, pool: Pool
) -> None:
    first = jobs.add("audit", "A", lambda _: None)
    heard.wait(first, JobState.DONE)
    jobs.cancel(first)
    second = jobs.add("audit", "B", lambda _: pool.cancel.is_set())
    assert heard.wait(second, JobState.DONE).result is False
    assert heard.states(first)[-1] is JobState.DONE


def test_work_of_the_jobs_own_thread_waits_while_paused(jobs: Background, heard: Heard) -> None:
    order: list[str] = []

    def work(progress: Progress) -> None:
        jobs.pause()
        progress("writing", 1, 2)
        order.append("went on")

    number = jobs.add("export", "Export", work)
    heard.wait(number, JobState.PAUSED)
    order.append("resumed")
    jobs.resume()
    heard.wait(number, JobState.DONE)
    assert order == ["resumed", "went on"]


def test_the_store_s_writer_does_not_wait_while_paused(jobs: Background, heard: Heard) -> None:
    def work(progress: Progress) -> bool:
        jobs.pause()
        writer = threading.Thread(target=progress, args=("reading", 1, 2), daemon=True)
        writer.start()
        writer.join(PATIENCE)
        return writer.is_alive()

    assert heard.wait(jobs.add("import", "Import", work), JobState.DONE).result is False


def test_cancel_wakes_what_is_paused(jobs: Background, heard: Heard, pool: Pool) -> None:
    def work(progress: Progress) -> None:
        jobs.pause()
        progress("writing", 1, 2)
        if pool.cancel.is_set():
            raise CancelledError("stopped")

    number = jobs.add("export", "Export", work)
    heard.wait(number, JobState.PAUSED)
    jobs.cancel(number)
    heard.wait(number, JobState.CANCELLED)
    second = jobs.add("export", "Export", lambda progress: progress("writing", 2, 2))
    heard.wait(second, JobState.DONE)


def fail(_progress: Progress) -> None:
    raise FormatError("no label column in a.csv")


def test_what_comes_after_an_import_that_fails_is_not_run_and_says_why(
    jobs: Background, heard: Heard
) -> None:
    ran, gate = list[str](), threading.Event()
    jobs.add("map", "Map", lambda _: gate.wait(PATIENCE))
    jobs.add("import", "Import a.csv", fail)
    left = jobs.add("audit", "Audit", lambda _: ran.append("audit"), after="import")
    other = jobs.add("report", "Report", lambda _: ran.append("report"))
    gate.set()
    event = heard.wait(left, JobState.SKIPPED)
    assert (event.ended, event.message) == (
        True,
        "it was not run, because “Import a.csv” failed",
    )
    heard.wait(other, JobState.DONE)
    again = jobs.add("audit", "Audit", lambda _: ran.append("again"), after="import")
    heard.wait(again, JobState.DONE)
    assert ran == ["report", "again"]


def test_what_comes_after_an_import_that_was_stopped_is_not_run_and_after_a_good_one_it_is(
    jobs: Background, heard: Heard
) -> None:
    gate = threading.Event()
    jobs.add("map", "Map", lambda _: gate.wait(PATIENCE))
    stopped = jobs.add("import", "Import A", lambda _: None)
    left = jobs.add("audit", "Audit A", lambda _: None, after="import")
    jobs.add("import", "Import B", lambda _: None)
    done = jobs.add("audit", "Audit B", lambda _: None, after="import")
    jobs.cancel(stopped)
    gate.set()
    assert "“Import A” was stopped" in heard.wait(left, JobState.SKIPPED).message
    heard.wait(done, JobState.DONE)


def test_a_stream_of_reports_is_told_of_now_and_then_and_its_ends_always(
    jobs: Background, heard: Heard
) -> None:
    def work(progress: Progress) -> None:
        for stage in ("reading", "looking"):
            for done in range(5001):
                progress(stage, done, 5000)

    number = jobs.add("import", "Import", work)
    heard.wait(number, JobState.DONE)
    told = [e for e in heard.events if e.stage]
    assert len(told) < 500
    for stage in ("reading", "looking"):
        assert (stage, 5000, 5000) in [(e.stage, e.done, e.total) for e in told]
    heard.wait(number, JobState.DONE)


def test_a_listener_that_fails_keeps_no_event_from_the_others(
    jobs: Background, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: JobEvent) -> None:
        raise ValueError("gone")

    heard = Heard()
    jobs.listen(refuse)
    jobs.listen(heard)
    heard.wait(jobs.add("audit", "A", lambda _: None), JobState.DONE)
    assert "a listener to jobs failed" in caplog.text


def test_closing_cancels_all_and_leaves_no_thread(pool: Pool) -> None:
    before, begun, heard = threading.active_count(), threading.Event(), Heard()
    jobs = Background(pool, LOG)
    jobs.listen(heard)
    first = jobs.add("audit", "A", until_cancelled(pool, begun))
    second = jobs.add("audit", "B", lambda _: None)
    assert begun.wait(PATIENCE)
    jobs.close()
    jobs.close()
    assert heard.states(first)[-1] is JobState.CANCELLED
    assert heard.states(second)[-1] is JobState.CANCELLED
    assert threading.active_count() == before
    with pytest.raises(StoreClosedError):
        jobs.add("audit", "C", lambda _: None)


def test_a_clock_that_is_stopped_stands_still_and_goes_on_from_there() -> None:
    clock = WorkClock()
    clock.stop()
    stopped = clock()
    clock.stop()
    assert clock() == stopped
    clock.start()
    assert clock() >= stopped


@pytest.mark.parametrize("name", sorted(errors.KNOWN))
def test_every_error_that_is_told_by_its_name_exists(name: str) -> None:
    module, _, kind = name.rpartition(".")
    error = getattr(importlib.import_module(module), kind)
    assert issubclass(error, Exception)
    assert f"{error.__module__}.{error.__qualname__}" == name
