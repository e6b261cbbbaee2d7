from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from auditor import checks
from auditor.session import EmptyProjectError, Session
from auditor.session.folder import NotAProjectError, ProjectFolder
from auditor.store.db import StoreClosedError, StoreDamagedError
from tests import project_world, tables


def handlers() -> int:
    return len(logging.getLogger("auditor").handlers)


def test_closing_lets_go_of_the_file_the_thread_and_the_log_and_may_be_done_twice(
    tmp_path: Path,
) -> None:
    folder, before = ProjectFolder(tmp_path / "p.audit"), handlers()
    session = Session(folder, workers=1)
    tables.import_rows(session.store, tables.samples(["a"]))
    logging.getLogger("auditor.test").warning("something odd")
    session.close()
    session.close()
    assert handlers() == before
    with pytest.raises(StoreClosedError):
        session.read(lambda db: db.execute("select 1").fetchall())
    assert "something odd" in (folder.logs / "auditor.log").read_text()
    code = "import duckdb, sys; duckdb.connect(sys.argv[1]).close()"
    subprocess.run([sys.executable, "-c", code, str(folder.database)], check=True)


def test_a_project_that_cannot_be_opened_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = ProjectFolder(tmp_path / "p.audit")
    folder.make()
    folder.database.write_bytes(os.urandom(5000))
    before, threads = handlers(), threading.active_count()
    with pytest.raises(StoreDamagedError):
        Session.open(folder.path)
    assert (handlers(), threading.active_count()) == (before, threads)


def test_what_is_no_project_is_named_and_not_made_one(tmp_path: Path) -> None:
    with pytest.raises(NotAProjectError, match=r"nowhere\.audit"):
        Session.open(tmp_path / "nowhere.audit")
    assert not (tmp_path / "nowhere.audit").exists()


def test_a_project_without_a_data_set_says_what_to_do(tmp_path: Path) -> None:
    with (
        Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as session,
        pytest.raises(EmptyProjectError, match="auditor import"),
    ):
        _ = session.understood


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts files by /proc")
def test_sessions_leave_no_file_open(tmp_path: Path) -> None:
    def once() -> int:
        with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as session:
            tables.import_rows(session.store, tables.samples(["a"] * 3))
        return len(list(Path("/proc/self/fd").iterdir()))

    assert [once() for _ in range(4)][1:] == [once()] * 3


def test_findings_of_older_data_or_of_an_older_check_are_stale(tmp_path: Path) -> None:
    version = checks.load("label_errors").spec.version
    with project_world.session(tmp_path) as session:
        project_world.audit(session, version=version, inputs={"seed": 1})
        assert not session.is_stale("label_errors")
        tables.import_rows(session.store, tables.samples(["b", *project_world.LABELS[1:]]))
        assert session.is_stale("label_errors")
        project_world.audit(session, version=version, data_version=2)
        assert not session.is_stale("label_errors")
        project_world.audit(session, version=version - 1, data_version=2, inputs={"seed": 2})
        assert session.is_stale("label_errors")
        assert not session.is_stale("unreadable_images")
