from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model import Verdict
from auditor.session import deciding
from auditor.session.deciding import PatchError, Rule, RuleError
from auditor.store.db import Store


@pytest.fixture
def judged(store: Store) -> Store:
    """Findings of check c: sample i has p_error i/10, and those from 5 on a suggestion."""
    with store.reader() as db:
        db.execute(
            "insert into run values (1, 'k', 'c', 1, '{}', '{}', 1, 'done', null, now(), now(), 0)"
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
