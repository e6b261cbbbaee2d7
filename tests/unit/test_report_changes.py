"""What an export says it changed."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.report import changes, files
from auditor.report.changes import ChangeRecord, ExportError
from tests.unit import report_sample as sample

AT = datetime(2026, 1, 2, tzinfo=UTC)


def record(**values: object) -> ChangeRecord:
    facts: dict[str, object] = {
        "id": 1, "path": "a.png", "field": "label", "old": ("cat",), "new": ("dog",),
        "verdict": "accept", "reviewer": "mira", "at": AT,
    }  # fmt: skip
    return ChangeRecord(**{**facts, **values})  # type: ignore[arg-type]


def test_a_patch_has_one_line_a_change_with_every_field(tmp_path: Path) -> None:
    path = tmp_path / "changes.jsonl"
    excluded = record(id=2, field="exclude", old=False, new=True, note="two\nlines", row=3)
    assert changes.write_jsonl(path, [record(path=sample.ODD_BYTES), excluded]) == 2
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert tuple(first) == (
        "id", "path", "row", "sha256", "field", "old", "new", "verdict", "reviewer",
        "reason", "note", "at", "evidence_ref",
    )  # fmt: skip
    assert (first["path"], first["old"], first["new"]) == (sample.ODD_BYTES, ["cat"], ["dog"])
    assert (second["new"], second["note"], second["row"]) == (True, "two\nlines", 3)
    assert datetime.fromisoformat(first["at"]) == AT


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_table_is_a_formula(tmp_path: Path, start: str) -> None:
    path = tmp_path / "changes.csv"
    evil = f"{start}cmd|'/c calc'!A1"
    changes.write_csv(path, [record(path=evil, reviewer=evil, note=evil, old=(evil,))])
    with path.open(newline="", encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    for name in ("path", "reviewer", "note"):
        assert row[name] == f"'{evil}"
    assert json.loads(row["old"]) == [evil]


def test_the_table_keeps_commas_quotes_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "changes.csv"
    note = 'one, "two"\nthree'
    assert changes.write_csv(path, [record(note=note)]) == 1
    with path.open(newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["note"] == note


def test_soft_labels_keep_rows_numbers_and_class_names(tmp_path: Path) -> None:
    path = tmp_path / "soft.parquet"
    samples = pa.table({"path": ["a", "b", "c"], "row": pa.array([None, 1, 2], pa.int64())})
    probabilities = np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]], dtype=np.float16)
    assert changes.write_soft_labels(path, samples, probabilities, [sample.SCRIPT, "x"]) == 3
    table = pq.read_table(path)
    assert table.select(["path", "row"]).equals(samples.cast(table.schema.remove(2)))
    assert np.array_equal(np.array(table["probabilities"].to_pylist()), probabilities)
    assert json.loads(table.schema.metadata[b"classes"]) == [sample.SCRIPT, "x"]


def test_soft_labels_of_another_shape_are_refused_before_a_file_is_made(tmp_path: Path) -> None:
    samples = pa.table({"path": ["a"], "row": pa.nulls(1, pa.int64())})
    with pytest.raises(ExportError, match="1 x 3 probabilities, not 1 x 2"):
        changes.write_soft_labels(
            tmp_path / "soft.parquet", samples, np.ones((1, 2)), ["a", "b", "c"]
        )
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_has_a_hash_of_all_that_was_read_and_written(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "labels.csv").write_text("id,label\n")
    changes.write_manifest(
        tmp_path / "manifest.json",
        tool="dataset-auditor",
        version="0.1.0",
        project="digits",
        created=AT,
        source="/data/digits.csv",
        inputs={"digits.csv": "a" * 64},
        fingerprint="b" * 64,
        counts={"changed": 2, "excluded": 1},
        files=["data/labels.csv"],
    )
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["input"]["files"] == {"digits.csv": "a" * 64}
    assert manifest["files"] == [
        {
            "path": "data/labels.csv",
            "bytes": 9,
            "sha256": files.sha256_of(tmp_path / "data" / "labels.csv"),
        }
    ]
    assert manifest["counts"] == {"changed": 2, "excluded": 1}
