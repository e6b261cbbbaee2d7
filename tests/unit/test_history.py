"""The history panel's questions agree with what undo and redo really do."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model import Verdict
from auditor.session import history
from auditor.store import review
from auditor.store.db import Store
from auditor.store.review import Decide, NothingToRedoError, NothingToUndoError, Redo, Undo
from tests.tables import decisions, import_rows, samples


def decide(store: Store, ids: list[int], verdict: str | None, title: str, who: str = "ann") -> int:
    label = "b" if verdict in {Verdict.ACCEPT, Verdict.RELABEL} else None
    step = Decide(decisions(ids, verdict, label), title, who)
    store.write(step).result()
    return step.touched


def titles(store: Store) -> tuple[str | None, str | None]:
    with store.reader() as db:
        return history.to_undo(db), history.to_redo(db)


def steps(store: Store, **page: Any) -> list[history.Step]:
    with store.reader() as db:
        return history.steps(db, **page)


def state(store: Store) -> list[tuple[Any, ...]]:
    with store.reader() as db:
        return db.execute(
            "select sample_id, labels, verdict, note from label_now order by 1"
        ).fetchall()


def test_each_step_says_who_did_what_to_how_many_and_whether_it_stands(store: Store) -> None:
    decide(store, [1, 2, 3], "keep", "first", "ann")
    decide(store, [3], "relabel", "second", "bob")
    store.write(Undo("eve")).result()
    found = [
        (s.title, s.reviewer, s.samples, s.undoes is not None, s.standing) for s in steps(store)
    ]
    assert found == [
        ("Undo: second", "eve", 1, True, True),
        ("second", "bob", 1, False, False),
        ("first", "ann", 3, False, True),
    ]
    undone, second, first = steps(store)
    assert undone.undoes == second.action_id
    assert first.made_on <= second.made_on <= undone.made_on
    store.write(Redo()).result()
    assert [s.standing for s in steps(store)] == [True, True, True, True]


def test_a_step_names_its_samples_and_the_checks_that_moved_it(store: Store) -> None:
    rows = decisions([4, 2, 7], "keep")
    rows = rows.set_column(
        rows.column_names.index("check_id"), "check_id", [["b", "a", None]]
    ).cast(review.DECISION_SCHEMA)
    store.write(Decide(rows, "because")).result()
    (step,) = steps(store)
    assert step.check_ids == ("a", "b")
    with store.reader() as db:
        assert history.step_ids(db, step.action_id).tolist() == [2, 4, 7]
        assert history.step_ids(db, step.action_id + 1).tolist() == []


def test_pages_of_the_history_join_without_gap_or_overlap(store: Store) -> None:
    for number in range(5):
        decide(store, [number], "keep", str(number))
    first = steps(store, limit=2)
    second = steps(store, limit=2, before=first[-1].action_id)
    assert [s.title for s in first + second] == ["4", "3", "2", "1"]
    assert steps(store, before=1) == []


_MOVES = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([*Verdict, None]),
            st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True),
        ),
        st.sampled_from(["undo", "redo"]),
    ),
    max_size=14,
)


@settings(max_examples=25)
@given(moves=_MOVES)
def test_undo_and_redo_take_what_was_announced_and_undos_lead_to_the_start(
    moves: list[Any],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "project.duckdb")
        try:
            import_rows(store, samples(["a"] * 6))
            start = state(store)
            for number, move in enumerate(moves):
                _do(store, move, f"step {number}")
                standing = [s.title for s in steps(store) if s.undoes is None and s.standing]
                assert titles(store)[0] == (standing[0] if standing else None)
            while titles(store)[0] is not None:
                _do(store, "undo", "")
            assert state(store) == start
        finally:
            store.close()


def _do(store: Store, move: Any, title: str) -> None:
    if not isinstance(move, str):
        decide(store, move[1], move[0], title)
        return
    step: Undo | Redo = Undo() if move == "undo" else Redo()
    announced = titles(store)[move == "redo"]
    if announced is None:
        with pytest.raises((NothingToUndoError, NothingToRedoError)):
            store.write(step).result()
    else:
        store.write(step).result()
        assert step.title == announced


def test_what_was_decided_since_counts_samples_whose_decision_stands(store: Store) -> None:
    decide(store, [1, 2], "keep", "first")
    decide(store, [2, 3], "defer", "second")
    decide(store, [1], None, "cleared")
    moment = datetime.now(UTC)
    with store.reader() as db:
        assert history.decided_since(db, moment - timedelta(minutes=5)) == 2
        assert history.decided_since(db, moment + timedelta(minutes=5)) == 0
    store.write(Undo()).result()
    with store.reader() as db:
        assert history.decided_since(db, moment - timedelta(minutes=5)) == 3
