from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from auditor.model import Verdict
from auditor.session import deciding
from auditor.session.deciding import PatchError, Rule, RuleError
from auditor.store import review
from auditor.store.bulk import Choice, DecideTogether
from auditor.store.db import Store
from auditor.store.filters import FilterError
from tests import tables


@pytest.fixture
def judged(store: Store) -> Store:
    """Findings of check c: sample i has p_error i/10, and those from 5 on a suggestion."""
    with store.reader() as db:
        db.execute(
            "insert into run values (1, 'k', 'c', 1, '{}', '{}', 1, 'done', null, now(), now(), 0, 0)"
        )
        db.execute(
            "insert into finding select 1, i, 1 - i / 10, i > 4, i / 10, null, null,"
            " case when i > 4 then ['b'] end, null, null from range(10) t(i)"
        )
    return store


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("accept where p_error > 0.95", Rule(Verdict.ACCEPT, None, "p_error > 0.95")),
        ("ACCEPT", Rule(Verdict.ACCEPT, None, "")),
        ("relabel cat where path = 'x'", Rule(Verdict.RELABEL, "cat", "path = 'x'")),
        ("relabel 'no where' where flagged", Rule(Verdict.RELABEL, "no where", "flagged")),
        ("relabel 'it''s'", Rule(Verdict.RELABEL, "it's", "")),
        ("clear where flagged", Rule(None, None, "flagged")),
        ("exclude\n where flagged", Rule(Verdict.EXCLUDE, None, "flagged")),
    ],
)
def test_a_rule_is_read(text: str, rule: Rule) -> None:
    assert deciding.parse_rule(text) == rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "delete where flagged",
        "accept cat where flagged",
        "relabel where flagged",
        "accept p > 1",
    ],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(RuleError):
        deciding.parse_rule(text)


def test_accept_takes_only_samples_with_a_suggestion(judged: Store) -> None:
    with judged.reader() as db:
        made = deciding.from_rule(db, deciding.parse_rule("accept where p_error >= 0.4"), "c")
    assert made["sample_id"].to_pylist() == [5, 6, 7, 8, 9]
    assert made["labels"].to_pylist() == [["b"]] * 5
    assert made["check_id"].to_pylist() == ["c"] * 5


def test_several_verdicts_about_samples_of_their_own_are_one_step(judged: Store) -> None:
    parts = [
        (np.array([4, 5, 6]), Choice(verdict=Verdict.ACCEPT, check_id="c")),
        (np.array([7]), Choice(verdict=Verdict.KEEP, check_id="c")),
    ]
    step = DecideTogether(parts, "page", "ann")
    judged.write(step).result()
    assert step.touched == 3
    with judged.reader() as db:
        made = review.decisions(db)
    assert made["sample_id"].to_pylist() == [5, 6, 7]
    assert made["verdict"].to_pylist() == ["accept", "accept", "keep"]
    assert set(made["title"].to_pylist()) == {"page"}
    judged.write(review.Undo()).result()
    with judged.reader() as db:
        assert review.decisions(db).num_rows == 0


def test_a_patch_names_samples_by_path_or_id(store: Store, tmp_path: Path) -> None:
    patch = tmp_path / "p.csv"
    patch.write_text("sample_id,path,verdict,label,note\n,3.png,relabel,null,why\n7,,exclude,,\n")
    with store.reader() as db:
        made = deciding.from_patch(db, patch)
    assert made["sample_id"].to_pylist() == [3, 7]
    assert made["labels"].to_pylist() == [["null"], None]
    assert made["note"].to_pylist() == ["why", None]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"path": "none.png", "label": "b"}', "no sample"),
        ('{"label": "b"}', "names no sample"),
        ('{"sample_id": 1}', "gives no new label"),
        ('{"sample_id": 1, "verdict": "burn"}', "verdict must be one of"),
        ('{"sample_id": "x", "verdict": "keep"}', "whole numbers"),
        ('{"sample_id": 1, "verdict": "keep", "p_error": "high"}', "p_error a number"),
        ("3", "no JSON object"),
        ("{", "neither JSON lines nor CSV"),
    ],
)
def test_a_bad_patch_is_refused_by_its_record(
    store: Store, tmp_path: Path, line: str, complaint: str
) -> None:
    patch = tmp_path / "p.jsonl"
    patch.write_text('{"sample_id": 0, "verdict": "keep"}\n' + line)
    with store.reader() as db, pytest.raises(PatchError, match=complaint):
        deciding.from_patch(db, patch)


def test_a_missing_patch_is_named(store: Store, tmp_path: Path) -> None:
    with store.reader() as db, pytest.raises(PatchError, match=r"none\.csv"):
        deciding.from_patch(db, tmp_path / "none.csv")


@pytest.mark.parametrize("where", ["p_error > 'high'", "path = 3", "path"])
def test_numbers_and_texts_are_not_compared(judged: Store, where: str) -> None:
    with judged.reader() as db, pytest.raises(FilterError, match="in quotes"):
        deciding.from_rule(db, Rule(Verdict.KEEP, None, where), "c")


def test_a_path_that_is_listed_twice_is_told_apart_by_its_id(store: Store, tmp_path: Path) -> None:
    rows = tables.samples(["a"] * 10)
    again = rows.slice(3, 1).set_column(2, rows.schema.field(2), pa.array([1], pa.int32()))
    tables.import_rows(store, pa.concat_tables([rows, again]))
    patch = tmp_path / "p.jsonl"
    patch.write_text(
        '{"id": 10, "path": "3.png", "verdict": "keep"}\n'
        '{"id": 4, "path": "3.png", "verdict": "defer"}\n'
    )
    with store.reader() as db:
        made = deciding.from_patch(db, patch)
    assert made["sample_id"].to_pylist() == [10, 3]


def test_a_sample_that_left_the_source_takes_no_decision(store: Store, tmp_path: Path) -> None:
    tables.import_rows(store, tables.samples(["a"] * 9))
    patch = tmp_path / "p.csv"
    patch.write_text("sample_id,verdict\n9,keep\n")
    with (
        store.reader() as db,
        pytest.raises(PatchError, match=r"record 1: .* no sample sample_id 9"),
    ):
        deciding.from_patch(db, patch)


def test_a_cell_that_was_kept_from_being_a_formula_is_read_as_it_was(
    store: Store, tmp_path: Path
) -> None:
    rows = tables.samples(["a"] * 10)
    tables.import_rows(
        store, rows.set_column(0, "path", pa.array([f"={i}.png" for i in range(10)]))
    )
    patch = tmp_path / "p.csv"
    patch.write_text("path,verdict,note\n'=3.png,note,'-why\n")
    with store.reader() as db:
        (made,) = deciding.from_patch(db, patch).to_pylist()
    assert (made["sample_id"], made["verdict"], made["note"]) == (13, None, "-why")
