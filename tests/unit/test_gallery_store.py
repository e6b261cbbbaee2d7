"""The order of a list, and what a filter joins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Verdict
from auditor.store import bulk, gallery, review, scope
from auditor.store.db import Store
from auditor.store.filters import FilterError
from auditor.store.scope import Scope
from tests import tables

_NUMBERS = st.lists(
    st.one_of(st.none(), st.sampled_from([0.0, -0.0, 1.0]), st.floats(width=32, allow_nan=False))
)


@given(values=_NUMBERS, descending=st.booleans(), single=st.booleans())
def test_numbers_are_ordered_with_equals_as_they_came_and_nothing_last(
    values: list[float | None], descending: bool, single: bool
) -> None:
    array: npt.NDArray[np.floating[Any]] = np.array(
        [np.nan if v is None else v for v in values], np.float64
    )
    if single:
        array = array.astype(np.float32)
    known = [i for i, v in enumerate(values) if v is not None]
    known.sort(key=lambda i: -(values[i] or 0) if descending else (values[i] or 0))
    expected = known + [i for i, v in enumerate(values) if v is None]
    assert gallery.order(array, descending=descending).tolist() == expected


@pytest.fixture
def aged(store: Store) -> Store:
    """Extra columns of each kind; sample 3 has none of them."""
    labels = ["cat", "dog", "cat", "dog", "emu"]
    extra: dict[str, list[Any]] = {
        "age": [30, 10, 20, None, 10],
        "tame": [True, False, True, None, False],
        "tags": [["x"], [], ["y"], None, ["x", "y"]],
        "label": ["hidden"] * 5,
    }
    tables.import_rows(store, tables.samples(labels, **extra))
    return store


def ids(store: Store, where: str = "", sort: str = "", *, descending: bool = False) -> list[int]:
    with store.reader() as db:
        return list(gallery.ids(db, Scope(where=where), sort, descending=descending))


@pytest.mark.parametrize(
    ("sort", "descending", "expected"),
    [
        ("", False, [0, 1, 2, 3, 4]),
        ("", True, [4, 3, 2, 1, 0]),
        ("age", False, [1, 4, 2, 0, 3]),
        ("age", True, [0, 2, 1, 4, 3]),
        ("tame", True, [0, 2, 1, 4, 3]),
        ("label", False, [0, 2, 1, 3, 4]),
        ("label", True, [4, 1, 3, 0, 2]),
    ],
)
def test_a_list_is_sorted_by_any_column_with_ties_in_import_order(
    aged: Store, sort: str, descending: bool, expected: list[int]
) -> None:
    assert ids(aged, sort=sort, descending=descending) == expected


def test_a_limit_gives_the_first_of_the_same_list(aged: Store) -> None:
    with aged.reader() as db:
        for sort in ("", "age", "label"):
            whole = gallery.ids(db, Scope(), sort, descending=True)
            first = gallery.ids(db, Scope(), sort, descending=True, limit=2)
            assert first.tolist() == whole[:2].tolist()


def test_extra_columns_have_kinds_and_ours_win(aged: Store) -> None:
    with aged.reader() as db:
        known = scope.columns(db)
    assert [known[name].kind for name in ("age", "tame", "tags")] == ["number", "flag", "text"]
    assert ids(aged, "label = 'hidden'") == []
    assert ids(aged, "tags contains 'x' and age < 20") == [4]
    assert ids(aged, "tame", "age") == [2, 0]


@pytest.mark.parametrize("where", ["age = 'old'", "path > 3", "tame = 'so-so'", "nothing = 1"])
def test_a_filter_that_makes_no_sense_is_refused(aged: Store, where: str) -> None:
    with pytest.raises(FilterError):
        ids(aged, where)


def test_a_list_sorted_by_nothing_known_is_refused(aged: Store) -> None:
    with pytest.raises(FilterError, match="no column 'height_'"):
        ids(aged, sort="height_")


def test_values_are_of_numbers_and_facets_of_texts(aged: Store) -> None:
    with aged.reader() as db:
        assert gallery.facets(db, Scope(), "label", 2) == [("cat", 2), ("dog", 2)]
        found, values = gallery.scores(db, Scope(where="label != 'cat'"), "age")
        assert (found.tolist(), values.tolist()) == ([1, 4], [10, 10])
        with pytest.raises(FilterError, match="no text or flag"):
            gallery.facets(db, Scope(), "age", 2)
        with pytest.raises(FilterError, match="no number"):
            gallery.scores(db, Scope(), "label")


def test_a_small_memory_spills_beside_the_project(tmp_path: Path) -> None:
    store = Store(tmp_path / "project.duckdb", memory_mb=64)
    try:
        with store.reader() as db:
            db.execute(
                "select hash(i)::text || repeat('x', 30) from range(2000000) t(i) order by 1"
            )
            assert list((tmp_path / "project.duckdb.tmp").iterdir())
            with pytest.raises(duckdb.InvalidInputException, match="locked"):
                db.execute("set memory_limit = '1GB'")
    finally:
        store.close()


def test_a_hundred_thousand_are_decided_and_undone_in_little_memory(tmp_path: Path) -> None:
    store = Store(tmp_path / "project.duckdb", memory_mb=256)
    count = 100_000
    try:
        tables.import_rows(store, tables.samples(["a"] * count))
        chosen = bulk.Choice(verdict=Verdict.RELABEL, labels=("b",))
        step = bulk.DecideAlike(np.arange(count), chosen, "ann")
        assert store.write(step).result().sample_ids is None  # too many to name
        assert step.touched == count
        assert ids(store, "label = 'b'") == list(range(count))
        undo = review.Undo()
        store.write(undo).result()
        assert (undo.touched, ids(store, "label = 'b'")) == (count, [])
    finally:
        store.close()
