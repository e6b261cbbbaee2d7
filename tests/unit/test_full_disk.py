"""What is said and kept where nothing more can be written."""

from __future__ import annotations

import errno
import logging
from pathlib import Path

import pytest

from auditor.cli.errors import code_of
from auditor.session.errors import sentence
from auditor.session.log import ProjectLog
from auditor.store import samples
from auditor.store.db import Store

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_log_that_cannot_be_written_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    log = ProjectLog(FULL, delay=True)
    log.emit(logging.makeLogRecord({"msg": "something broke"}))
    log.close()
    assert capsys.readouterr().err == ""


def test_a_log_whose_folder_is_gone_says_nothing(tmp_path: Path) -> None:
    log = ProjectLog(tmp_path / "gone" / "log.txt", delay=True)
    log.emit(logging.makeLogRecord({"msg": "something broke"}))
    log.close()


def test_a_project_file_left_empty_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "project.duckdb"
    path.touch()
    store = Store(path)
    with store.reader() as db:
        assert samples.count(db) == 0
    store.close()


def test_a_full_disk_is_one_sentence_without_a_number() -> None:
    error = OSError(errno.ENOSPC, "No space left on device")
    assert sentence(error).startswith("the disk is full: make room")
    assert code_of(error) == 2


def test_other_errors_of_the_system_name_the_file() -> None:
    assert sentence(FileExistsError(errno.EEXIST, "File exists", "out")) == "out: File exists"
