from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.formats import votes
from auditor.formats.votes import VoteFileError
from auditor.model import VOTE_SCHEMA
from auditor.session import ballots, vote_counts

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "label-errors"

RECORDS: list[dict[str, object]] = [
    {"path": "a.png", "label": "cat", "answer": "yes", "annotator": "ann"},
    {"path": "a.png", "label": "dog", "answer": "maybe", "annotator": "ann", "note": "tail"},
    {"sample_id": 3, "label": "cat", "suggested": "dog", "answer": "both", "annotator": "bob",
     "made_on": "2026-01-02T03:04:05+01:00"},
]  # fmt: skip


def jsonl(folder: Path, records: list[dict[str, object]]) -> Path:
    path = folder / "v.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_votes_come_back_as_they_were_written(tmp_path: Path, ending: str) -> None:
    found = votes.read(jsonl(tmp_path, RECORDS))
    assert found["made_on"].to_pylist()[2].isoformat() == "2026-01-02T02:04:05"
    out = tmp_path / f"out.{ending}"
    votes.write(found, out)
    assert votes.read(out).equals(found)


def test_a_table_of_numbers_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "v.parquet"
    moment = pa.array([0], pa.timestamp("ms", "UTC"))
    columns = {
        "sample_id": pa.array([7], pa.int32()),
        "label": [3],
        "answer": [1],
        "made_on": moment,
    }
    pq.write_table(pa.table(columns), path)
    (row,) = votes.read(path).to_pylist()
    assert (row["sample_id"], row["label"], row["answer"]) == (7, "3", "yes")
    assert row["made_on"].isoformat() == "1970-01-01T00:00:00"


def test_a_file_that_does_not_tell_who_voted_is_told(tmp_path: Path) -> None:
    path = jsonl(tmp_path, [{"path": "a.png", "label": "cat"}, RECORDS[0]])
    found = votes.read(path, "carl")
    assert found["annotator"].to_pylist() == ["carl", "ann"]
    assert found["answer"].to_pylist() == ["yes", "yes"]


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        ({"path": "a.png", "label": "cat", "answer": "both"}, r"record 2: .*'both' is none of no"),
        ({"path": "a", "label": "c", "suggested": "d", "answer": "yes"}, "none of given"),
        ({"label": "cat", "answer": "yes"}, "needs a label, and a path or a sample_id"),
        ({"sample_id": "x", "label": "cat"}, "record 2: sample_id 'x' is no whole number"),
        (
            {"path": "a.png", "label": "cat", "made_on": "soon"},
            "record 2: made_on 'soon' is no time",
        ),
    ],
)
def test_a_bad_record_is_named(tmp_path: Path, record: dict[str, object], complaint: str) -> None:
    with pytest.raises(VoteFileError, match=complaint):
        votes.read(jsonl(tmp_path, [RECORDS[0], record]))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("v.csv", b"\xff\xfe"),
        ("v.json", b"{"),
        ("v.json", b'[{"mturk": {"given": 1}}]'),
        ("v.jsonl", b"3\n"),
        ("v.npz", b"no zip"),
        ("v.parquet", b"PAR"),
        ("v.txt", b""),
        ("v.csv", b"path,label\n"),
    ],
)
def test_what_holds_no_votes_is_refused_with_its_name(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(VoteFileError, match=rf"v\.{path.suffix[1:]}"):
        votes.read(path)
    with pytest.raises(VoteFileError, match="there is no file"):
        votes.read(tmp_path / "none.csv")


def test_a_tensor_of_raters_is_read_without_pickle(tmp_path: Path) -> None:
    tensor = np.zeros((2, 2, 3))
    tensor[0, 0, 2] = tensor[1, 0, 1] = tensor[1, 1, 0] = 1
    path = tmp_path / "r.npz"
    np.savez(path, tensor=tensor, info=np.array([["a", "7"], ["b", "8"]]), ids=np.array([5, 9]))
    rows = votes.read(path).select(["path", "label", "answer", "annotator"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("a", "7", "yes", "5"),
        ("a", "7", "maybe", "9"),
        ("b", "8", "no", "9"),
    ]
    np.savez(path, tensor=np.array([{}], object), info=np.zeros((0, 2)), ids=np.zeros(0))
    with pytest.raises(VoteFileError, match="no tensor"):
        votes.read(path)


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the shared data is not here")
@pytest.mark.parametrize(("name", "samples", "errors"), [("cifar10", 275, 54), ("mnist", 100, 15)])
def test_published_verdicts_give_the_published_number_of_errors(
    name: str, samples: int, errors: int
) -> None:
    found = vote_counts.summary(votes.read(PUBLISHED / f"{name}_votes.json"))
    assert (found.samples, found.errors, found.annotators) == (samples, errors, 0)
    assert sum(found.outcomes.values()) == samples


def test_a_four_way_answer_speaks_about_both_its_labels() -> None:
    said = ["given", "suggested", "both", "neither"]
    rows = [
        {"path": p, "label": "a", "suggested": "b", "answer": p, "annotator": "ann"} for p in said
    ]
    table = pa.Table.from_pylist(rows, schema=VOTE_SCHEMA)
    sets = ballots.label_sets(ballots.merge(table))
    found = {row["path"]: row["labels"] for row in sets.to_pylist()}
    assert found == {"given": ["a"], "suggested": ["b"], "both": ["a", "b"], "neither": []}
    assert vote_counts.summary(table).outcomes == {**dict.fromkeys(said, 1), "no majority": 0}


def test_samples_and_labels_of_like_names_stay_apart() -> None:
    rows = [
        {"path": "a", "row": 1, "label": "b", "answer": "yes", "annotator": "x"},
        {"path": "a", "row": 2, "label": "b", "answer": "no", "annotator": "x"},
        {"path": "a", "row": None, "label": "b", "answer": "yes", "annotator": "x"},
        {"path": None, "sample_id": 1, "label": "b", "answer": "no", "annotator": "x"},
        {"path": "a", "row": 1, "label": "b", "answer": "no", "annotator": "y"},
    ]
    cast = ballots.ballot(pa.Table.from_pylist(rows, schema=VOTE_SCHEMA))
    assert cast.votes.question.tolist() == [0, 1, 2, 3, 0]
    assert cast.sample.tolist() == [0, 1, 2, 3]
    assert ballots.voters(cast).tolist() == [2, 1, 1, 1]


def test_unnamed_votes_are_not_weighed() -> None:
    rows = [{"path": "a", "label": "b", "answer": "yes"}]
    table = pa.Table.from_pylist(rows, schema=VOTE_SCHEMA)
    with pytest.raises(ballots.VotingError, match="by majority"):
        ballots.merge(table, "dawid_skene")
    with pytest.raises(ballots.VotingError, match="not by 'guess'"):
        ballots.merge(table, "guess")


def test_where_one_label_holds_the_likeliest_named_one_is_taken_and_a_tie_is_not() -> None:
    said = {
        "clear": [
            ("ann", "a", "yes"),
            ("ann", "b", "no"),
            ("bob", "b", "yes"),
            ("carl", "a", "yes"),
        ],
        "both": [("ann", "a", "yes"), ("ann", "b", "maybe")],
        "tie": [("ann", "a", "yes"), ("ann", "b", "no"), ("bob", "a", "no"), ("bob", "b", "yes")],
        "none": [("ann", "a", "no"), ("ann", "b", "no")],
    }
    rows = [
        {"path": path, "label": label, "answer": answer, "annotator": who}
        for path, answers in said.items()
        for who, label, answer in answers
    ]
    table = pa.Table.from_pylist(rows, schema=VOTE_SCHEMA)
    merged = ballots.one_each(ballots.merge(table))
    found = {row["path"]: row["labels"] for row in ballots.label_sets(merged).to_pylist()}
    assert found == {"clear": ["a"], "both": ["a"], "tie": [], "none": []}
    assert merged.score.reshape(-1, 2).sum(1).tolist() == pytest.approx([1, 1, 1, 1])
