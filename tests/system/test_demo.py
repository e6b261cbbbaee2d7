"""The whole path on the demo set, in processes of its own, with the network shut."""

from __future__ import annotations

import csv
import json
import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.system import program

pytestmark = pytest.mark.process

# Every Python process of the program, workers included, loads this before anything else.
_NO_SOCKETS = """
import os, sys

def shut(event, facts):
    if event == "socket.getaddrinfo" or (event == "socket.connect" and not isinstance(facts[1], (str, bytes))):
        with open(os.environ["SOCKETS_SEEN"], "a") as log:
            log.write(f"{event} {facts}\\n")
        raise OSError("the network is shut")

sys.addaudithook(shut)
"""


class Demo:
    """A finished `auditor demo`, and a way to run more commands on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "shut").mkdir()
        (folder / "shut" / "sitecustomize.py").write_text(_NO_SOCKETS)
        self.result = json.loads(self.run("demo", "--samples", "800", "--json"))

    @property
    def sockets(self) -> str:
        seen = self.folder / "sockets.log"
        return seen.read_text() if seen.exists() else ""

    def run(self, *arguments: object) -> str:
        ended = program.run(
            *arguments,
            cwd=self.folder,
            PYTHONPATH=os.pathsep.join([str(self.folder / "shut"), str(program.ROOT)]),
            SOCKETS_SEEN=str(self.folder / "sockets.log"),
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("demo"))


def row(demo: Demo, kind: str) -> dict[str, Any]:
    return next(r for r in demo.result["truth"] if r["kind"] == kind)


def test_it_finds_what_it_planted(demo: Demo) -> None:
    flips, broken = row(demo, "all wrong labels"), row(demo, "truncated")
    assert flips["recall"] >= 0.85
    assert flips["precision"] >= 0.85
    assert broken["found"] == broken["planted"] == 4


def test_the_cleaned_labels_are_right_where_it_says_so(demo: Demo) -> None:
    truth = json.loads(demo.run("score", "demo.audit", "--truth", "demo.truth", "--json"))
    assert truth["errors"] == row(demo, "all wrong labels")["planted"]
    lines = (demo.folder / "demo.audit/cleaned/changes.jsonl").read_text().splitlines()
    changed = [json.loads(line) for line in lines]
    relabelled = [c for c in changed if c["verdict"] == "accept"]
    assert relabelled
    for change in relabelled:
        name = Path(change["path"]).name
        assert not (demo.folder / "demo.audit/cleaned" / change["path"]).exists()
        assert list(
            (demo.folder / "demo.audit/cleaned").glob(f"*/{change['new'][0]}/{Path(name).stem}*")
        )


def test_the_same_audit_again_does_nothing_twice(demo: Demo) -> None:
    again = json.loads(demo.run("audit", "demo.audit", "--json"))
    assert again["timings"] == demo.result["timings"]


def test_every_sample_is_listed_in_id_order(demo: Demo) -> None:
    demo.run("findings", "demo.audit", "--check", "label_errors", "--all", "-o", "all.csv")
    with (demo.folder / "all.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    ids = [int(r["sample_id"]) for r in rows]
    assert ids == sorted(ids)
    assert len(ids) == demo.result["counts"]["samples"] - 4
    assert {"is_label_issue", "label_score", "given_label", "predicted_label", "p_error"} <= set(
        rows[0]
    )


def test_a_gate_fails_on_too_many_errors_and_passes_against_its_own_baseline(demo: Demo) -> None:
    arguments = (
        "audit",
        "demo.audit",
        "-o",
        "out",
        "--fail-on",
        "label_errors>1%",
        "--junit",
        "j.xml",
        "--sarif",
        "s.json",
    )
    failed = program.run(*arguments, cwd=demo.folder)
    assert failed.returncode == 1, failed.stderr
    demo.run(*arguments, "--baseline", "demo.audit/result.json")
    assert json.loads((demo.folder / "s.json").read_text())["version"] == "2.1.0"


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.outside += [
            value
            for name, value in attrs
            if name in {"src", "href", "srcset", "action", "data"}
            and value
            and not value.startswith(("data:", "#"))
        ]


def test_the_report_asks_for_nothing_outside_itself(demo: Demo) -> None:
    links = _Links()
    links.feed((demo.folder / "demo.audit/report.html").read_text())
    assert links.outside == []


def test_no_socket_was_opened(demo: Demo) -> None:
    demo.run("report", "demo.audit")
    demo.run("export", "demo.audit", "-o", "again")
    demo.run("models", "list")
    demo.run("doctor")
    demo.run("checks")
    assert demo.sockets == ""


def test_the_shut_network_is_noticed(demo: Demo) -> None:
    """Else the test above would prove nothing."""
    ended = program.run(
        "models",
        "fetch",
        "timm:vit_small_patch14_dinov2.lvd142m",
        cwd=demo.folder,
        PYTHONPATH=os.pathsep.join([str(demo.folder / "shut"), str(program.ROOT)]),
        SOCKETS_SEEN=str(demo.folder / "fetch.log"),
        HF_HOME=str(demo.folder / "hub"),
    )
    assert ended.returncode == 2, ended.stderr
    assert "getaddrinfo" in (demo.folder / "fetch.log").read_text()
    assert "Traceback" not in ended.stderr
