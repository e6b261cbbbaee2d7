from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from auditor.session import Session, listing
from auditor.session.listing import ListingError
from tests import project_world, tables


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with project_world.session(tmp_path) as opened:
        yield opened


def test_the_list_has_cleanlabs_columns_and_the_decisions(session: Session) -> None:
    session.decide(tables.decisions([0], "accept", "b"), "x")
    rows = listing.table(session.findings("label_errors")).to_pylist()
    assert [r["sample_id"] for r in rows] == [0, 1]
    first = {k: rows[0][k] for k in ("is_label_issue", "given_label", "predicted_label")}
    assert first == {"is_label_issue": True, "given_label": "a", "predicted_label": "b"}
    assert rows[0]["label_score"] == pytest.approx(0.1)
    assert [(r["decision"], r["corrected_label"]) for r in rows] == [("accept", "b"), (None, "b")]


def test_all_lists_every_sample_in_id_order(session: Session) -> None:
    rows = listing.table(session.findings("label_errors", only_flagged=False))
    assert rows["sample_id"].to_pylist() == list(range(12))


def test_several_labels_are_a_json_list_and_none_an_empty_cell(session: Session) -> None:
    session.decide(tables.decisions([0], "relabel", 'it\'s, "x"'), "x")
    step = tables.decisions([1], "relabel", "b").to_pylist()[0] | {"labels": ["b", "ü"]}
    two = tables.decisions([], None).from_pylist([step], schema=tables.decisions([], None).schema)
    session.decide(two, "two")
    cells = listing.table(session.findings("label_errors"))["corrected_label"].to_pylist()
    assert cells == ['it\'s, "x"', '["b", "ü"]']


@pytest.mark.parametrize("kind", listing.FORMATS)
def test_each_format_can_be_read_back(session: Session, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "f"
    listing.write(listing.table(session.findings("label_errors")), out, kind)
    if kind == "csv":
        with out.open(newline="") as file:
            read = [row["given_label"] for row in csv.DictReader(file)]
    elif kind == "json":
        rows = json.loads(out.read_text())
        assert rows[0]["evidence"]["classes"][0] == ["b", 0.7]
        read = [row["given_label"] for row in rows]
    else:
        read = pq.read_table(out)["given_label"].to_pylist()
    assert read == ["a", "b"]


def test_what_cannot_be_written_is_refused(session: Session, tmp_path: Path) -> None:
    rows = listing.table(session.findings("label_errors"))
    with pytest.raises(ListingError, match="xml"):
        listing.write(rows, tmp_path / "f.xml", "xml")
    with pytest.raises(ListingError, match="terminal"):
        listing.write(rows, None, "parquet")
    assert not (tmp_path / "f.xml").exists()
