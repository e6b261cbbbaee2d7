"""A disk that is really full: one sentence, and the same command goes on once there is room."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

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


def fill(disk: Path) -> Path:
    """Take all the room there is; delete the file to give it back."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as out, contextlib.suppress(OSError):
        while out.write(bytes(4096)):
            pass
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
