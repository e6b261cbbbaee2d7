"""Pause, resume and cancel of real workers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from auditor.formats.base import ImportOptions
from auditor.jobs import worker
from auditor.jobs.messages import RunTask, Wish
from auditor.jobs.pool import Handlers, Pool, Task
from auditor.progress import Progress, silent
from auditor.session import AuditOptions, Session, planning, resuming, understand
from auditor.session.background import Background, JobEvent, JobState
from auditor.session.folder import ProjectFolder
from tests.process.test_pool import JOB
from tests.system import program
from tests.unit.test_background import Heard

pytestmark = pytest.mark.process
STEPS = 50


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(2)
    yield made
    made.close()


@pytest.fixture
def jobs(pool: Pool, tmp_path: Path) -> Iterator[Background]:
    made = Background(pool, tmp_path / "log")
    yield made
    made.close()


@pytest.fixture
def heard(jobs: Background) -> Heard:
    made = Heard()
    jobs.listen(made)
    return made


def task(sample: int, file: Path, steps: int = STEPS) -> Task:
    job = JOB.replace(":crash", ":steps")
    return Task(job, pa.table({"sample_id": [sample]}), {"file": str(file), "steps": steps})


class Stepping:
    """A job of three tasks for two workers; tells which samples ended, and how."""

    def __init__(self, pool: Pool, file: Path) -> None:
        self.done: list[int] = []
        self.lost: list[int] = []
        self._pool, self.file = pool, file

    def __call__(self, progress: Progress) -> None:
        handlers = Handlers(
            done=self._done,
            lost=lambda task: self.lost.extend(task.samples["sample_id"].to_pylist()),
            failed=lambda _task, failure: pytest.fail(failure.traceback),
            progress=lambda done, total: progress("stepping", done, total),
        )
        self._pool.run([task(i, self.file) for i in range(3)], handlers, total=3)

    def _done(self, _task: Task, tables: Mapping[str, pa.Table]) -> None:
        self.done += tables["seen"]["sample_id"].to_pylist()

    @property
    def steps(self) -> int:
        return self.file.stat().st_size if self.file.exists() else 0


def let_some_time_pass(file: Path) -> None:
    """As long as a worker that is not held needs for the steps of a whole task."""
    other = Pool(1)
    ignored = Handlers(done=lambda *_: None, lost=lambda _: None, failed=lambda *_: None)
    other.run([task(0, file)], ignored, total=1)
    other.close()
    assert file.stat().st_size == STEPS


@pytest.fixture
def paused(jobs: Background, heard: Heard, pool: Pool, tmp_path: Path) -> tuple[int, Stepping]:
    """A job of which both workers are at work, and that is paused then."""
    stepping = Stepping(pool, tmp_path / "steps")

    def pause_when_both_work(event: JobEvent) -> None:
        is_first = all(e.state is not JobState.PAUSED for e in heard.events)
        if is_first and not event.ended and stepping.steps > 10 and len(pool.pids) == 2:
            jobs.pause()

    jobs.listen(pause_when_both_work)
    number = jobs.add("audit", "Steps", stepping)
    heard.wait(number, JobState.PAUSED)
    return number, stepping


def test_workers_stand_still_while_paused_and_then_go_on(
    paused: tuple[int, Stepping], jobs: Background, heard: Heard, pool: Pool, tmp_path: Path
) -> None:
    number, stepping = paused
    steps, seconds = stepping.steps, pool.clock()
    let_some_time_pass(tmp_path / "other")
    assert stepping.steps <= steps + 2  # each was between two reports
    assert stepping.done == []
    assert pool.clock() == seconds
    jobs.resume()
    assert heard.wait(number, JobState.DONE).seconds > 0
    assert sorted(stepping.done) == [0, 1, 2]
    assert stepping.steps == 3 * STEPS  # nothing was begun anew


def test_cancel_ends_a_paused_job(
    paused: tuple[int, Stepping], jobs: Background, heard: Heard, pool: Pool
) -> None:
    number, stepping = paused
    jobs.cancel(number)
    heard.wait(number, JobState.CANCELLED)
    assert pool.pids == []
    assert stepping.done == []


def test_the_next_job_after_a_cancelled_pause_is_not_held(
    paused: tuple[int, Stepping], jobs: Background, heard: Heard, pool: Pool, tmp_path: Path
) -> None:
    jobs.cancel(paused[0])
    heard.wait(paused[0], JobState.CANCELLED)
    other = Stepping(pool, tmp_path / "more")
    heard.wait(jobs.add("audit", "More", other), JobState.DONE)
    assert sorted(other.done) == [0, 1, 2]


def test_a_paused_worker_that_is_killed_is_replaced(
    paused: tuple[int, Stepping], jobs: Background, heard: Heard, pool: Pool
) -> None:
    number, stepping = paused
    killed = pool.pids[0]
    os.kill(killed, signal.SIGKILL)
    jobs.resume()
    heard.wait(number, JobState.DONE)
    assert sorted(stepping.done) == [0, 1, 2]
    assert stepping.lost == []
    assert killed not in pool.pids


def test_a_paused_worker_whose_engine_goes_away_ends_well(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    (pipe, theirs), wish = context.Pipe(), context.RawValue("b", Wish.WAIT)
    process = context.Process(target=worker.main, args=(theirs, wish, 0))
    process.start()
    theirs.close()
    one = task(0, tmp_path / "steps")
    pipe.send(RunTask(0, one.job, worker.to_ipc(one.samples), one.config))
    pipe.close()
    process.join(20)
    assert process.exitcode == 0
    assert (tmp_path / "steps").stat().st_size == 1


def test_closing_ends_a_worker_that_hears_nobody(
    pool: Pool, jobs: Background, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.jobs.pool._GRACE", 600.0)  # the pool alone would wait so long
    deaf = Task(JOB, pa.table({"sample_id": [21]}), {})
    ignored = Handlers(done=lambda *_: None, lost=lambda _: None, failed=lambda *_: None)
    begun = threading.Event()

    def work(_progress: Progress) -> None:
        handlers = replace(ignored, progress=lambda _d, _t: begun.set() if pool.pids else None)
        pool.run([deaf], handlers, total=1)

    number = jobs.add("audit", "Deaf", work)
    assert begun.wait(20)
    jobs.close()
    assert heard.states(number)[-1] is JobState.CANCELLED
    assert pool.pids == []


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    source = program.picture_folder(tmp_path / "pets", each=20)
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as opened:
        opened.import_source(understand(source, ImportOptions()))
        yield opened


def test_a_job_is_done_after_its_last_commit_and_tells_its_stages(
    session: Session, tmp_path: Path
) -> None:
    heard, order = Heard(), list[str]()
    session.store.on_commit(lambda _: order.append("commit"))
    session.jobs.listen(heard)
    session.jobs.listen(lambda event: order.append(event.state))
    only = AuditOptions(checks=["unreadable_images"], device="cpu")
    number = session.jobs.add("audit", "Audit", lambda p: session.audit(only, p))
    event = heard.wait(number, JobState.DONE)
    assert [end.state for end in event.result] == ["done"]
    assert "Unreadable images" in {one.stage for one in heard.events}
    session.close()
    assert order[-1] == JobState.DONE
    assert "commit" in order


def test_an_export_that_is_cancelled_leaves_nothing(session: Session, tmp_path: Path) -> None:
    heard, out = Heard(), tmp_path / "out"
    session.jobs.listen(heard)

    def work(progress: Progress) -> object:
        def stop_soon(stage: str, done: int, total: int) -> None:
            progress(stage, done, total)
            if done == 3:
                session.jobs.cancel(number)

        return session.export(out, "copy", stop_soon)

    number = session.jobs.add("export", "Export", work)
    heard.wait(number, JobState.CANCELLED)
    assert ("writing files", 3, 40) in [(e.stage, e.done, e.total) for e in heard.events]
    assert not out.exists()
    again = session.jobs.add("export", "Export", lambda p: session.export(out, "copy", p))
    assert heard.wait(again, JobState.DONE).result.files > 40


def test_closing_a_project_stops_what_runs_and_it_can_be_opened_again(session: Session) -> None:
    heard, begun = Heard(), threading.Event()

    def work(progress: Progress) -> object:
        begun.set()
        return session.audit(AuditOptions(device="cpu", encoder="classic"), progress)

    session.jobs.listen(heard)
    number = session.jobs.add("audit", "Audit", work)
    assert begun.wait(20)
    session.close()
    assert heard.wait(number, JobState.CANCELLED).ended
    with Session.open(session.folder.path, workers=1) as again:
        assert again.jobs.events() == []


def test_an_audit_closed_among_its_features_is_asked_again_as_it_was_until_it_ends(
    session: Session,
) -> None:
    heard, options = Heard(), AuditOptions(checks=("label_errors",), encoder="classic", seed=3)

    def work(progress: Progress) -> object:
        def stop_at_features(stage: str, done: int, total: int) -> None:
            progress(stage, done, total)
            if stage.startswith("features"):
                session.jobs.cancel(number)

        return session.audit(options, stop_at_features)

    session.jobs.listen(heard)
    number = session.jobs.add("audit", "Audit", work)
    heard.wait(number, JobState.CANCELLED)
    session.close()
    with Session.open(session.folder.path, workers=1) as again:
        assert again.read(planning.last_runs) == {}  # no check was begun
        assert again.read(resuming.interrupted) == options
        again.audit(options, silent)
        assert again.read(resuming.interrupted) is None
