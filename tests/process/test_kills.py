"""kill -9 at the worst moment: nothing that was said to be done is lost, and nothing is done twice."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.session import Session, resuming
from auditor.store import media, samples
from tests.system import program

pytestmark = pytest.mark.process

_DECIDING = """
import sys
from pathlib import Path
from auditor.session import Session
from tests.tables import decisions
with Session.open(Path(sys.argv[1])) as session:
    for sample in range(10_000):
        session.decide(decisions([sample % 600], "relabel", f"label {sample}"), f"step {sample}")
        print(sample, flush=True)
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image folder of 600 pictures."""
    return program.picture_folder(tmp_path_factory.mktemp("source") / "set", each=300)


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(program.ROOT / "main.py"), *map(str, arguments)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(program.ROOT)},
    )


def kill_when(
    process: subprocess.Popen[str], stage: str, how: signal.Signals = signal.SIGKILL
) -> bool:
    """End it at the first progress within the stage; False where it was over before."""
    assert process.stderr
    for line in process.stderr:
        if line.startswith("{"):
            told = json.loads(line)
            if told["stage"].startswith(stage) and told["done"] < told["total"]:
                os.kill(process.pid, how)
                process.communicate()
                return True
    process.wait()
    process.stderr.close()
    return False


def test_a_killed_import_goes_on_with_what_is_missing(source: Path, tmp_path: Path) -> None:
    project = tmp_path / "p.audit"
    assert kill_when(start("import", source, "-p", project), "looking at images")
    again = program.answer("import", source, "-p", project)
    assert again["added"] in {0, 600}
    with Session.open(project) as session:
        assert session.read(media.unscanned).num_rows == 0
        assert session.read(lambda db: db.execute("select count(*) from media").fetchall()) == [
            (600,)
        ]
        assert session.read(samples.count) == 600


def test_an_audit_stopped_among_its_features_is_known_and_goes_on(
    source: Path, tmp_path: Path
) -> None:
    project = tmp_path / "p.audit"
    program.ok("import", source, "-p", project)
    asked = ("audit", project, "--checks", "label_errors", "--encoder", "classic", "--seed", 3)
    process = start(*asked)
    assert kill_when(process, "features", signal.SIGINT)
    assert process.returncode == 130
    with Session.open(project) as session:
        left = session.read(resuming.interrupted)
    assert left
    assert (left.checks, left.encoder, left.seed) == (("label_errors",), "classic", 3)
    program.ok(*asked)
    with Session.open(project) as session:
        assert session.read(resuming.interrupted) is None


def test_a_killed_decision_is_whole_or_not_there_and_none_that_was_told_is_lost(
    source: Path, tmp_path: Path
) -> None:
    project = tmp_path / "p.audit"
    program.ok("import", source, "-p", project)
    process = subprocess.Popen(
        [sys.executable, "-c", _DECIDING, str(project)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=program.ROOT,
    )
    assert process.stdout
    told = [int(process.stdout.readline()) for _ in range(25)]
    os.kill(process.pid, signal.SIGKILL)
    told += [int(line) for line in process.communicate()[0].split()]

    with Session.open(project) as session:
        kept = session.read(
            lambda db: db.execute(
                "select title, count(*) from action join change using (action_id) group by 1"
            ).fetchall()
        )
        assert {f"step {number}" for number in told} <= {title for title, _ in kept}
        assert len(kept) <= len(told) + 1
        for _ in kept:
            session.undo()
        assert session.read(
            lambda db: db.execute("select count(*) from label_now where labels <> given").fetchall()
        ) == [(0,)]


def test_workers_end_when_their_engine_is_killed(source: Path, tmp_path: Path) -> None:
    process = start("import", source, "-p", tmp_path / "p.audit", "--workers", "2")
    children = _children_at_work(process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.communicate()
    assert children
    assert [pid for pid in children if not _ends(pid)] == []


def _children_at_work(process: subprocess.Popen[str]) -> list[int]:
    assert process.stderr
    for line in process.stderr:
        if line.startswith("{") and json.loads(line)["stage"].startswith("looking"):
            break
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(pid) for pid in listed.split()]


def _ends(pid: int) -> bool:
    """Whether the process is gone, or goes within ten seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)
