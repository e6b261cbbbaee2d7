"""What the export dialog shows is what the export then writes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from auditor.checks import base
from auditor.session import ImportOptions, Session, previews, understand
from auditor.session.folder import ProjectFolder
from auditor.session.previews import ExportPreview
from tests import project_world, tables


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Ten images a0..a4, b0..b4 in two classes, of which two checks flag the first three."""
    for name in "ab":
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(5):
            Image.new("RGB", (8, 8), (number, ord(name), 0)).save(
                tmp_path / "set" / name / f"{name}{number}.png"
            )
    opened = Session(ProjectFolder(tmp_path / "p.audit"), workers=1)
    opened.import_source(understand(tmp_path / "set", ImportOptions()))
    for check_id in ("label_errors", "another"):
        found = base.findings(sample_id=[0, 1, 2], quality=[0.1] * 3, flagged=[True, True, True])
        project_world.audit(opened, found, check_id=check_id)
    return opened


def preview(session: Session) -> ExportPreview:
    return session.read(previews.export)


def decide(session: Session, ids: list[int], verdict: str | None, label: str | None = None) -> None:
    session.decide(tables.decisions(ids, verdict, label), f"{verdict} {label or ''}".strip())


def test_nothing_decided_changes_nothing(session: Session) -> None:
    with session:
        shown = preview(session)
    assert (shown.samples, shown.relabelled, shown.excluded) == (10, 0, 0)
    assert (shown.moves, shown.lines) == ((), ())
    assert shown.undecided_flags == 3


def test_the_preview_agrees_with_what_the_export_writes(session: Session, tmp_path: Path) -> None:
    with session:
        decide(session, [0, 3], "relabel", "b")
        decide(session, [1], "defer")
        decide(session, [4, 5], "exclude")
        decide(session, [6], "keep")
        decide(session, [7], "relabel", "b")  # as it was given: no change
        decide(session, [8], "relabel", "new")
        session.decide_by_rule("keep where sample_id = 9")
        decide(session, [9], "keep")
        shown = preview(session)
        written = session.export(tmp_path / "out")
    counts = json.loads((tmp_path / "out" / "manifest.json").read_text())["counts"]
    assert shown.samples == counts["samples"] == 10
    assert shown.relabelled == counts["relabelled"] == written.relabelled == 3
    assert shown.excluded == counts["excluded"] == written.excluded == 2
    assert (shown.kept, shown.deferred, shown.by_rule, shown.undecided_flags) == (2, 1, 1, 1)
    assert shown.moves == (("a", "b", 2), ("a", "", 1), ("b", "", 1), ("b", "new", 1))
    with (tmp_path / "out" / "changes.csv").open(newline="") as file:
        records = {int(row["id"]): row for row in csv.DictReader(file)}
    assert [line.sample_id for line in shown.lines] == [0, 3, 4, 5, 8]
    for line in shown.lines:
        record = records[line.sample_id]
        assert (record["path"], record["reviewer"]) == (line.path, line.reviewer)
        assert (record["verdict"] == "exclude") == line.excluded
        if not line.excluded:
            assert json.loads(record["new"]) == list(line.new)
    assert shown.lines[2].new == ()
    assert shown.lines[4].title == "relabel new"


def test_samples_that_left_the_source_do_not_count(session: Session) -> None:
    with session:
        decide(session, [0, 9], "exclude")
        decide(session, [8], "defer")
        rows = tables.samples(["a"] * 3)
        tables.import_rows(session.store, rows)
        shown = preview(session)
    assert (shown.samples, shown.excluded, shown.deferred, shown.undecided_flags) == (3, 0, 0, 0)
    assert shown.lines == ()


def test_only_so_many_lines_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    with Session(ProjectFolder(tmp_path / "q.audit"), workers=1) as session:
        tables.import_rows(session.store, tables.samples(["a"] * 1500))
        decide(session, list(range(1500)), "relabel", "b")
        shown = preview(session)
    assert (shown.relabelled, len(shown.lines)) == (1500, 1000)
    assert shown.moves == (("a", "b", 1500),)
    assert [line.sample_id for line in shown.lines] == list(range(1000))
