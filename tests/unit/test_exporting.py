"""What an export writes beside the data set itself; the data set is tested with the formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.formats.base import ImportOptions
from auditor.model import LABELS
from auditor.session import Session, soft_labels, understand
from auditor.session.exporting import Exporter
from auditor.store import project
from tests import project_world, tables


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with project_world.session(tmp_path) as opened:
        yield opened


def soft(session: Session, block: slice = slice(0, None)) -> npt.NDArray[np.float32]:
    made = session.read(lambda db: soft_labels.read(db, session.folder.embeddings))
    assert made
    return made[block]


def attach(session: Session, rows: npt.NDArray[np.float64], tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", rows)
    session.attach("pred_probs", tmp_path / "p.npy")


def test_soft_labels_are_what_the_audit_believes(session: Session) -> None:
    rows = soft(session)
    assert rows.sum(axis=1) == pytest.approx(1)
    assert rows[0] == pytest.approx([0.2, 0.7, 0.1])
    assert rows[1] == pytest.approx([0.35, 0.3, 0.35])
    assert rows[3] == pytest.approx([0.9, 0.05, 0.05])


def test_a_block_of_soft_labels_is_that_part_of_all(session: Session) -> None:
    assert (soft(session, slice(1, 5)) == soft(session)[1:5]).all()


def test_decided_samples_are_certain_and_excluded_ones_left_out(session: Session) -> None:
    for verdict, sample, label in (
        ("accept", 0, "b"),
        ("keep", 1, None),
        ("defer", 3, None),
        ("exclude", 4, None),
        ("relabel", 5, "new"),
    ):
        session.decide(tables.decisions([sample], verdict, label), verdict)
    rows = soft(session)
    assert rows.shape == (11, 4)
    assert rows.sum(axis=1) == pytest.approx(1)
    assert rows[0].tolist() == [0, 1, 0, 0]
    assert rows[1].tolist() == [0, 1, 0, 0]
    assert rows[3].max() < 1
    assert rows[4].tolist() == [0, 0, 0, 1]


def test_attached_probabilities_win_over_the_audit(session: Session, tmp_path: Path) -> None:
    given = np.tile([0.5, 0.25, 0.25], (12, 1))
    attach(session, given, tmp_path)
    session.decide(tables.decisions([2], "relabel", "a"), "x")
    rows = soft(session)
    assert rows[2].tolist() == [1, 0, 0]
    assert np.delete(rows, 2, axis=0) == pytest.approx(np.delete(given, 2, axis=0))


def test_attached_probabilities_that_no_longer_fit_are_not_used(
    session: Session, tmp_path: Path
) -> None:
    attach(session, np.tile([0.5, 0.25, 0.25], (12, 1)), tmp_path)
    tables.import_rows(session.store, tables.samples([*project_world.LABELS, "d"]))
    rows = soft(session)
    assert rows.shape == (13, 4)
    assert rows[12].tolist() == [0, 0, 0, 1]


def test_sets_of_labels_keep_each_class_apart(session: Session) -> None:
    session.store.write(project.PutFact("multi_label", True)).result()
    many = tables.samples(project_world.LABELS)
    lists = pa.array([["a", "b"], [], *[["c"]] * 10], LABELS)
    tables.import_rows(session.store, many.set_column(3, many.schema.field(3), lists))
    evidence = json.dumps({"add": [["c", 0.9]], "remove": [["a", 0.25]]})
    found = project_world.found().slice(0, 2)
    texts = pa.array([evidence, None], pa.string())
    index = found.schema.get_field_index("evidence")
    found = found.set_column(index, "evidence", texts).cast(found.schema)
    project_world.audit(session, found, data_version=2)
    session.decide(tables.decisions([2], "relabel", "a"), "x")
    rows = soft(session)
    assert rows[0] == pytest.approx([0.25, 1, 0.9])
    assert rows[1].tolist() == [0, 0, 0]
    assert rows[2].tolist() == [1, 0, 0]
    assert rows[3].tolist() == [0, 0, 1]


def test_without_an_audit_there_are_no_soft_labels(tmp_path: Path) -> None:
    with project_world.session(tmp_path) as session:
        session.store.write(lambda db: _no_run(db)).result()
        read = lambda db: soft_labels.read(db, session.folder.embeddings)  # noqa: E731
        assert session.read(read) is None


def _no_run(db: Any) -> Any:
    from auditor.model import ChangeSet

    db.execute("delete from run")
    return ChangeSet(frozenset({"run"}))


def test_the_manifest_counts_and_hashes_what_was_written(tmp_path: Path) -> None:
    table = tmp_path / "set.csv"
    lines = [f"{i}.png,{label}" for i, label in enumerate(project_world.LABELS)]
    table.write_text("\n".join(["path,label", *lines]) + "\n")
    with project_world.session(tmp_path) as session:
        understood = understand(table, ImportOptions())
        session.decide(tables.decisions([0], "accept", "b"), "accept all")
        session.decide(tables.decisions([4], "exclude"), "drop")
        session.decide(tables.decisions([5], None, note="look again"), "note")
        done = Exporter(session.store, session.folder, understood).export(tmp_path / "out", "copy")
    assert (done.relabelled, done.excluded) == (1, 1)
    out = tmp_path / "out"
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["counts"] == {"samples": 12, "classes": 3, "relabelled": 1, "excluded": 1}
    named = {one["path"] for one in manifest["files"]}
    assert named == {p.name for p in out.iterdir()} - {"manifest.json"}
    assert set(manifest["input"]["files"]) == {"set.csv"}
    changes = [json.loads(line) for line in (out / "changes.jsonl").read_text().splitlines()]
    assert [(c["path"], c["verdict"], c["note"]) for c in changes] == [
        ("0.png", "accept", ""),
        ("4.png", "exclude", ""),
        ("5.png", "note", "look again"),
    ]
    assert pq.read_metadata(out / "soft_labels.parquet").num_rows == 11
    cleaned = (out / "set.csv").read_text().splitlines()
    assert cleaned[1] == "0.png,b"
    assert not any(line.startswith("4.png") for line in cleaned)
