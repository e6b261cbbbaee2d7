from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

from auditor.session import recent


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("AUDITOR_STATE", str(folder))
    return folder


def make_project(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "project.duckdb").touch()
    return path


def test_there_is_no_list_at_first() -> None:
    assert recent.load() == []


def test_the_project_opened_last_comes_first_and_stands_there_once(tmp_path: Path) -> None:
    birds, cats = make_project(tmp_path / "birds.audit"), make_project(tmp_path / "cats.audit")
    for path in (birds, cats, birds):
        recent.add(path)
    found = recent.load()
    assert [(one.path, one.name) for one in found] == [(birds, "birds"), (cats, "cats")]
    assert found[0].opened_at >= found[1].opened_at


def test_a_relative_path_is_kept_as_an_absolute_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project(tmp_path / "birds.audit")
    monkeypatch.chdir(tmp_path)
    recent.add(Path("birds.audit"))
    assert recent.load()[0].path == tmp_path / "birds.audit"


def test_the_list_ends_after_twenty(tmp_path: Path) -> None:
    for number in range(recent.MOST + 3):
        recent.add(tmp_path / f"{number}.audit")
    names = [one.name for one in recent.load()]
    assert len(names) == 20
    assert (names[0], names[-1]) == ("22", "3")


def test_a_project_that_is_gone_says_so_and_can_be_taken_off(tmp_path: Path) -> None:
    here = make_project(tmp_path / "here.audit")
    recent.add(here)
    recent.add(tmp_path / "gone.audit")
    assert [one.is_there for one in recent.load()] == [False, True]
    recent.remove(tmp_path / "gone.audit")
    assert [one.path for one in recent.load()] == [here]


@pytest.mark.skipif(os.name == "nt", reason="paths are text there")
def test_a_path_that_is_no_text_survives(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"b\xfcrds.audit")
    recent.add(odd)
    assert recent.load()[0].path == odd


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[1]", b'{"a": 1}', b'[{"path": "x", "name": "x", "opened_at": 3}]'],
)
def test_a_broken_list_is_an_empty_one_and_is_written_anew(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = recent.state_file()
    file.parent.mkdir()
    file.write_bytes(content)
    with caplog.at_level(logging.WARNING, "auditor"):
        assert recent.load() == []
    assert str(file) in caplog.text
    recent.add(tmp_path / "birds.audit")
    assert [one.name for one in recent.load()] == ["birds"]


def test_nothing_but_whole_json_ever_lies_there(tmp_path: Path, state: Path) -> None:
    recent.add(tmp_path / "birds.audit")
    assert [file.name for file in state.iterdir()] == ["recent.json"]
    assert json.loads(recent.state_file().read_text())[0]["name"] == "birds"


def test_a_list_that_cannot_be_written_stops_nothing(
    tmp_path: Path, state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state.write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING, "auditor"):
        recent.add(tmp_path / "birds.audit")
    assert "cannot be kept" in caplog.text
