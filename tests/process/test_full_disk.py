"""A disk that is really full: one sentence, and the same command goes on once there is room."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from auditor.model import Verdict
from auditor.session import ImportOptions, Session, understand
from auditor.session.errors import sentence
from auditor.session.folder import ProjectFolder
from tests.system import program

pytestmark = pytest.mark.process


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(disk: Path, but: int = 0) -> Path:
    """Take all the room there is but so many bytes; delete the file to give it back."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as out, contextlib.suppress(OSError):
        while out.write(bytes(4096)):
            pass
    os.truncate(ballast, ballast.stat().st_size - but)
    return ballast


def refused(*arguments: object) -> None:
    ended = program.run(*arguments, "--quiet")
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert "disk" in ended.stderr


def test_each_command_says_so_in_one_sentence_and_goes_on_later(disk: Path, tmp_path: Path) -> None:
    source, project = program.picture_folder(tmp_path / "set"), disk / "p.audit"
    decide = ("decide", project, "--from", tmp_path / "patch.csv")
    (tmp_path / "patch.csv").write_text("sample_id,label\n0,dog\n", encoding="utf-8")
    ballast = fill(disk)
    refused("import", source, "-p", project)
    ballast.unlink()
    program.ok("import", source, "-p", project)
    ballast = fill(disk)
    refused(*decide)
    refused("report", project)
    refused("export", project, "-o", disk / "out")
    ballast.unlink()
    assert program.answer(*decide)["decided"] == 1
    program.ok("export", project, "-o", disk / "out")


def test_an_export_leaves_no_half_of_it_wherever_the_disk_becomes_full(
    disk: Path, tmp_path: Path
) -> None:
    source, out = program.picture_folder(tmp_path / "set", each=10), disk / "out"
    refusals: list[tuple[str, bool]] = []
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as session:
        session.import_source(understand(source, ImportOptions()))
        session.decide_on(np.array([0]), Verdict.EXCLUDE)
        for room in range(0, 1 << 20, 8192):  # among the pictures first, then the lists
            ballast = fill(disk, but=room)
            try:
                session.export(out)
            except OSError as error:
                refusals.append((sentence(error).partition(":")[0], out.exists()))
            else:
                break
            finally:
                ballast.unlink()
        assert set(refusals) == {("the disk is full", False)}
        assert (out / "manifest.json").stat().st_size
        assert len(list(out.rglob("*.png"))) == 19
        assert session.undo() == ("Exclude 1 sample", 1)
