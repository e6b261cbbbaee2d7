"""Votes and review packets from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor import cli
from tests import project_world


class Program:
    """The command line in this process."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def run(self, *arguments: object) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        code = cli.run([str(one) for one in arguments])
        said = self._captured.readouterr()
        return code, said.out, said.err

    def answer(self, *arguments: object) -> Any:
        code, out, err = self.run(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def refusal(self, *arguments: object) -> str:
        code, _, err = self.run(*arguments)
        assert code == 2, err
        return err


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str]) -> Program:
    return Program(capsys)


def test_votes_are_counted_and_merged_without_a_project(program: Program, tmp_path: Path) -> None:
    counts = {"given": 2, "guessed": 3, "both": 0, "neither": 0}
    names = {"given_original_label_name": "cat", "our_guessed_label_name": "dog"}
    (tmp_path / "v.json").write_text(json.dumps([{"id": 7, **names, "mturk": counts}]))
    found = program.answer("votes", "summary", tmp_path / "v.json")
    assert (found["errors"], found["outcomes"]["suggested"], found["samples"]) == (1, 1, 1)
    out = tmp_path / "scores.csv"
    merged = program.answer("votes", "merge", tmp_path / "v.json", "--by", "majority", "-o", out)
    assert (merged["questions"], merged["taken"]) == (2, 1)
    assert '"dog",0.6,true,5' in out.read_text()
    assert "need a project" in program.refusal("votes", "merge", tmp_path / "v.json", "--decide")
    assert "by majority" in program.refusal("votes", "merge", tmp_path / "v.json")
    assert "there is no file" in program.refusal("votes", "summary", tmp_path / "none.json")


def test_two_packets_go_out_come_back_and_decide(program: Program, tmp_path: Path) -> None:
    project = tmp_path / "p.audit"
    project_world.session(tmp_path).close()
    for reviewer in ("ann", "bob"):
        path = tmp_path / f"{reviewer}.packet"
        program.run(
            "packet", "make", project, path, "--reviewer", reviewer, "--count", 1, "--blind"
        )
        program.run("packet", "answer", path, "--item", 1, "--yes", "b", "--note", "its ears")
    (item,) = program.answer("packet", "show", path)["items"]
    assert (item["given"], item["answer"]["yes"]) == (None, ["b"])
    packets = (tmp_path / "ann.packet", tmp_path / "bob.packet")
    done = program.answer("packet", "merge", project, *packets)
    assert (done["answered"], done["votes"], done["conflicts"]) == (2, 6, [])
    assert program.answer("votes", "summary", project)["annotators"] == 2
    shown = program.answer("votes", "show", project, "--sample", item["sample_id"])["votes"]
    assert {(one["annotator"], one["note"]) for one in shown} == {
        (r, "its ears") for r in ("ann", "bob")
    }
    assert program.answer("votes", "conflicts", project) == {"conflicts": []}
    merged = program.answer("votes", "merge", project, "--by", "majority", "--one", "--decide")
    assert merged["decided"] == 1
    program.run("votes", "export", project, "-o", tmp_path / "v.jsonl")
    assert program.answer("votes", "import", project, tmp_path / "v.jsonl")["new"] == 0
    packets[0].write_bytes(packets[0].read_bytes()[:-40])
    assert "ann.packet is broken" in program.refusal("packet", "merge", project, *packets)
