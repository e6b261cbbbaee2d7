from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model import ChangeSet, Verdict
from auditor.store import review
from auditor.store.db import Connection, Store, StoreClosedError
from auditor.store.review import Decide, NothingToRedoError, NothingToUndoError, Redo, Undo
from tests.tables import decisions, import_rows, samples


def state(store: Store) -> list[tuple[Any, ...]]:
    with store.reader() as db:
        return db.execute(
            "select sample_id, labels[1], verdict, note, excluded, action_id from label_now order by 1"
        ).fetchall()


def labels(store: Store) -> list[str]:
    return [row[1] for row in state(store)]


def decide(store: Store, sample_ids: list[int], verdict: str, label: str | None = None) -> Decide:
    step = Decide(decisions(sample_ids, verdict, label), f"{verdict} {label}")
    store.write(step).result()
    return step


def test_undo_restores_each_old_label(store: Store) -> None:
    decide(store, [1], "relabel", "b")
    decide(store, [1, 2], "relabel", "c")

    store.write(Undo()).result()
    assert labels(store)[:3] == ["a", "b", "a"]
    store.write(Undo()).result()
    assert labels(store)[:3] == ["a", "a", "a"]
    with pytest.raises(NothingToUndoError):
        store.write(Undo()).result()


def test_redo_does_again_in_order_until_a_new_decision(store: Store) -> None:
    decide(store, [1], "relabel", "b")
    decide(store, [1], "exclude")
    store.write(Undo()).result()
    store.write(Undo()).result()

    store.write(Redo()).result()
    assert labels(store)[1] == "b"
    store.write(Redo()).result()
    assert state(store)[1][4] is True

    store.write(Undo()).result()
    decide(store, [4], "keep")
    with pytest.raises(NothingToRedoError):
        store.write(Redo()).result()


def test_history_survives_reopening(store: Store, tmp_path: Path) -> None:
    decide(store, [3], "relabel", "b")
    store.close()

    reopened = Store(tmp_path / "project.duckdb")
    reopened.write(Undo()).result()
    assert labels(reopened)[3] == "a"
    reopened.write(Redo()).result()
    assert labels(reopened)[3] == "b"
    reopened.close()


def test_a_step_that_changes_nothing_leaves_no_trace(store: Store) -> None:
    assert decide(store, [1, 2], "keep").touched == 2
    assert decide(store, [1, 2], "keep").touched == 0
    store.write(Undo()).result()
    assert state(store)[1][2] is None


def test_of_several_decisions_about_one_sample_the_last_counts(store: Store) -> None:
    both = pa.concat_tables([decisions([1, 2], "keep"), decisions([1], "relabel", "b")])
    step = Decide(both, "twice")
    store.write(step).result()
    assert step.touched == 2
    assert [row[:3] for row in state(store)[:3]] == [
        (0, "a", None),
        (1, "b", "relabel"),
        (2, "a", "keep"),
    ]
    assert len(state(store)) == 10


def test_a_user_without_a_name_still_decides(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    decide(store, [1], "keep")
    with store.reader() as db:
        assert review.decisions(db)["reviewer"].to_pylist() == ["unknown"]


def test_decisions_on_a_sample_that_left_come_back_with_it(store: Store) -> None:
    decide(store, [9], "relabel", "b")
    import_rows(store, samples(["a"] * 9))
    with store.reader() as db:
        assert review.decisions(db).num_rows == review.edits(db).num_rows == 0
    import_rows(store, samples(["a"] * 10))
    assert labels(store)[9] == "b"
    store.write(Undo()).result()
    assert labels(store)[9] == "a"


def test_undo_gives_a_decision_back_to_the_one_who_made_it(store: Store) -> None:
    store.write(Decide(decisions([1], "relabel", "b"), "first", reviewer="ann")).result()
    store.write(Decide(decisions([1], "relabel", "c"), "second", reviewer="bob")).result()
    store.write(Undo(reviewer="eve")).result()
    with store.reader() as db:
        (row,) = review.decisions(db).to_pylist()
    assert (row["reviewer"], row["title"], row["labels"]) == ("ann", "first", ["b"])


def test_an_unknown_sample_is_refused_and_nothing_of_the_step_stays(store: Store) -> None:
    with pytest.raises(review.UnknownSampleError, match="99"):
        decide(store, [1, 99], "exclude")
    assert all(row[2] is None for row in state(store))
    assert decide(store, [1], "exclude").touched == 1


def test_a_failed_transaction_leaves_nothing_and_the_writer_alive(store: Store) -> None:
    def half_done(db: Connection) -> ChangeSet:
        Decide(decisions([1], "relabel", "b"), "half")(db)
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        store.write(half_done).result()
    assert labels(store)[1] == "a"
    assert decide(store, [1], "relabel", "c").touched == 1


def test_listeners_hear_of_a_change_after_it_is_visible(store: Store) -> None:
    seen: list[str] = []
    store.on_commit(lambda _changes: seen.append(labels(store)[0]))
    decide(store, [0], "relabel", "b")
    assert seen == ["b"]


def test_closing_finishes_what_was_queued_and_takes_no_more(store: Store) -> None:
    queued = [store.write(Decide(decisions([i], "exclude"), "x")) for i in range(10)]
    store.close()
    assert all(future.done() and future.exception() is None for future in queued)
    with pytest.raises(StoreClosedError):
        store.write(Undo())


def test_a_person_confirms_flags_and_a_rule_does_not(store: Store) -> None:
    with store.reader() as db:
        db.execute(
            "insert into run values (1, 'k', 'c', 1, '{}', '{}', 1, 'done', null, now(), now(), 0, 0)"
        )
        db.execute(
            "insert into finding select 1, i, 0, true, 0.9, null, null, ['b'], null, null from range(4) t(i)"
        )
    decide(store, [0], "relabel", "b")
    decide(store, [1], "keep")
    decide(store, [2], "defer")
    step = Decide(decisions([3], "relabel", "b"), "rule", reviewer=f"ann{review.BY_RULE}")
    store.write(step).result()
    with store.reader() as db:
        assert review.confirmed(db) == {"c": (1, 2)}


_STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([*Verdict, None]),
            st.sampled_from(["a", "b", "c"]),
            st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True),
        ),
        st.sampled_from(["undo", "redo"]),
    ),
    max_size=12,
)


@settings(max_examples=25)
@given(steps=_STEPS)
def test_as_many_undos_as_standing_steps_lead_back_to_the_start(steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "project.duckdb")
        try:
            import_rows(store, samples(["a"] * 6))
            seen = _walk(store, steps)
            while len(seen) > 1:
                assert state(store) == seen.pop()
                store.write(Undo()).result()
            assert state(store) == seen.pop()
            with pytest.raises(NothingToUndoError):
                store.write(Undo()).result()
        finally:
            store.close()


def _walk(store: Store, steps: list[Any]) -> list[Any]:
    """Apply the steps; returns the states that undo should lead back through."""
    standing, undone = [state(store)], list[Any]()
    for step in steps:
        if step == "undo" and len(standing) > 1:
            store.write(Undo()).result()
            undone.append(standing.pop())
        elif step == "redo" and undone:
            store.write(Redo()).result()
            standing.append(undone.pop())
        elif not isinstance(step, str):
            verdict, label, ids = step
            wanted = label if verdict in {Verdict.ACCEPT, Verdict.RELABEL} else None
            made = Decide(decisions(ids, verdict, wanted), "step")
            store.write(made).result()
            if made.touched:
                standing.append(state(store))
                undone.clear()
        assert state(store) == standing[-1]
    return standing


def test_moments_are_utc_whatever_clock_the_user_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        opened = Store(tmp_path / "project.duckdb")
        import_rows(opened, samples(["a"]))
        before = datetime.now(UTC)
        decide(opened, [0], "keep")
        with opened.reader() as db:
            (made_on,) = review.decisions(db)["made_on"].to_pylist()
        opened.close()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert before <= made_on.replace(tzinfo=UTC) <= datetime.now(UTC)
