"""Votes of a project: kept for good, counted once, merged, decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from auditor.formats import votes as files
from auditor.session import Session
from auditor.session.ballots import VotingError
from auditor.session.votes import GIVEN, Voting
from auditor.store import arrays, review
from tests import project_world


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with project_world.session(tmp_path) as opened:
        yield opened


def voting(session: Session) -> Voting:
    return Voting(session.store, session.folder)


def cast(session: Session, folder: Path, *rows: tuple[str, int, str, str]) -> tuple[int, int]:
    """Take in votes (annotator, sample, label, answer)."""
    path = folder / "v.jsonl"
    names = ("annotator", "sample_id", "label", "answer")
    lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return voting(session).take_in(path)


def standing(session: Session) -> list[tuple[str, int, str, str]]:
    names = ("annotator", "sample_id", "label", "answer")
    return [tuple(row[n] for n in names) for row in voting(session).all().to_pylist()]


def test_votes_are_taken_in_once_and_a_new_mind_counts(session: Session, tmp_path: Path) -> None:
    first = [("ann", 0, "a", "yes"), ("ann", 0, "b", "no"), ("bob", 0, "a", "maybe")]
    assert cast(session, tmp_path, *first) == (3, 3)
    assert cast(session, tmp_path, *first) == (3, 0)
    assert cast(session, tmp_path, ("ann", 0, "a", "no"), first[1]) == (2, 1)
    assert sorted(standing(session)) == [
        ("ann", 0, "a", "no"),
        ("ann", 0, "b", "no"),
        ("bob", 0, "a", "maybe"),
    ]
    told = voting(session).history(0)
    assert [(one["annotator"], one["answer"]) for one in told if one["label"] == "a"] == [
        ("ann", "yes"),
        ("bob", "maybe"),
        ("ann", "no"),
    ]
    assert {one["source"] for one in told} == {"v.jsonl"}


def test_an_older_vote_that_comes_late_does_not_count(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    head = "annotator,sample_id,label,answer,made_on\n"
    path.write_text(head + "ann,0,a,yes,2026-02-02T00:00:00\nann,0,a,no,2026-02-01T00:00:00\n")
    assert voting(session).take_in(path) == (2, 1)
    path.write_text(head + "ann,0,a,no,2026-02-01T00:00:00\n")
    voting(session).take_in(path)
    assert standing(session) == [("ann", 0, "a", "yes")]
    assert voting(session).take_in(path) == (1, 0)


def test_unnamed_votes_count_together_and_once(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "counts.json"

    def write(**counts: int) -> None:
        names = {"given_original_label_name": "a", "our_guessed_label_name": "b"}
        path.write_text(json.dumps([{"id": 0, **names, "mturk": counts}]))

    write(given=2, guessed=3)
    assert voting(session).take_in(path) == (5, 5)
    assert voting(session).take_in(path) == (5, 0)
    write(given=4, guessed=1)
    assert voting(session).take_in(path) == (5, 5)
    assert sorted(row[3] for row in standing(session)) == ["given"] * 4 + ["suggested"]


def test_a_vote_about_no_sample_of_the_project_takes_nothing_in(
    session: Session, tmp_path: Path
) -> None:
    with pytest.raises(VotingError, match=r"v\.jsonl, vote 2: the project has no sample 99"):
        cast(session, tmp_path, ("ann", 0, "a", "yes"), ("ann", 99, "a", "yes"))
    with pytest.raises(VotingError, match="no votes yet"):
        voting(session).all()


def test_votes_are_still_there_in_a_later_session_and_exported(tmp_path: Path) -> None:
    with project_world.session(tmp_path) as session:
        cast(session, tmp_path, ("ann", 3, "b", "yes"))
        folder = session.folder.path
    with Session.open(folder, workers=1) as again:
        assert standing(again) == [("ann", 3, "b", "yes")]
        out = tmp_path / "out.csv"
        assert voting(again).export(out) == 1
        (row,) = files.read(out).to_pylist()
        assert (row["path"], row["sample_id"], row["annotator"]) == ("3.png", 3, "ann")
        assert voting(again).take_in(out) == (1, 0)


def test_merged_labels_become_one_step_that_undo_takes_back(
    session: Session, tmp_path: Path
) -> None:
    both = [(who, *rest) for who in ("ann", "bob") for rest in VOTES]
    cast(session, tmp_path, *both, ("ann", 5, "a", "yes"))
    merged = voting(session).merged("majority")
    decided = voting(session).decisions(merged, at_least=2)
    assert session.decide(decided, "votes") == 4
    rows = session.read(review.decisions).to_pylist()
    assert [(r["sample_id"], r["verdict"], r["labels"]) for r in rows] == [
        (0, "keep", ["a"]),
        (1, "relabel", ["c"]),
        (2, "relabel", ["c", "a"]),
        (3, "defer", ["a"]),
    ]
    session.undo()
    assert session.read(review.decisions).num_rows == 0


VOTES = [
    (0, "a", "yes"),
    (0, "b", "no"),
    (1, "b", "no"),
    (1, "c", "yes"),
    (2, "a", "yes"),
    (2, "c", "yes"),
    (3, "a", "no"),
]


def test_the_given_label_may_vote_too(session: Session, tmp_path: Path) -> None:
    cast(session, tmp_path, ("ann", 0, "a", "no"), ("bob", 0, "a", "yes"))
    alone = voting(session).merged("majority")
    assert not alone.taken.any()
    with_given = voting(session).merged("majority", with_given=True)
    assert with_given.taken.tolist() == [True]
    assert GIVEN in with_given.ballot.annotators


def test_conflicts_come_the_most_disputed_or_the_likeliest_wrong_first(
    session: Session, tmp_path: Path
) -> None:
    cast(
        session,
        tmp_path,
        *[(who, 0, "a", "yes") for who in "xyz"],  # settled
        *[(who, 1, "b", said) for who, said in zip("xyz", ("yes", "yes", "no"), strict=True)],
        *[(who, 2, "c", said) for who, said in zip("xy", ("yes", "no"), strict=True)],
        *[(who, 3, "a", "no") for who in "xyz"],  # agreed, and wrong
    )
    merged = voting(session).merged("majority")
    assert [c.sample_id for c in voting(session).conflicts(merged)] == [2, 1]
    by_chance = voting(session).conflicts(merged, "wrong")
    assert [c.sample_id for c in by_chance] == [3, 2, 1, 0]
    assert by_chance[0].p_wrong == pytest.approx(1)
    assert by_chance[-1].p_wrong == pytest.approx(0)


def test_cleanlab_weighs_votes_with_attached_probabilities(
    session: Session, tmp_path: Path
) -> None:
    rows = []
    for sample, given in enumerate(project_world.LABELS):
        rows += [("ann", sample, given, "yes"), ("bob", sample, given, "yes")]
    rows[1] = ("bob", 0, "b", "yes")  # they differ about sample 0, and the model sides with bob
    cast(session, tmp_path, *rows)
    with pytest.raises(VotingError, match="auditor attach"):
        voting(session).merged("cleanlab")
    probabilities = np.full((12, 3), 0.05, np.float32)
    probabilities[np.arange(12), [1, *("abc".index(x) for x in project_world.LABELS[1:])]] = 0.9
    path = session.folder.embeddings / "own.npy"
    np.save(path, probabilities)
    step = arrays.Attach("pred_probs", path, shape=(12, 3), digest="", source="")
    session.store.write(step).result()
    merged = voting(session).merged("cleanlab")
    sets = voting(session).decisions(merged)
    assert sets["verdict"].to_pylist() == ["relabel"] + ["keep"] * 11
    assert sets["labels"].to_pylist()[0] == ["b"]
    assert set(merged.quality) == {"ann", "bob"}
