from __future__ import annotations

import pyarrow as pa
import pytest

from auditor.model import LABELS
from auditor.store import project, samples
from auditor.store.db import Store
from tests import tables


def read(store: Store) -> pa.Table:
    with store.reader() as db:
        return samples.read(db)


def test_importing_the_same_again_changes_nothing(store: Store) -> None:
    counts = tables.import_rows(store, tables.samples(["a"] * 10))
    assert not counts.changed
    with store.reader() as db:
        assert project.data_version(db) == 1


def test_importing_again_adds_what_is_new_behind_what_is_there(store: Store) -> None:
    rows = tables.samples(["a"] * 12)
    counts = tables.import_rows(store, rows.take(pa.array([11, 10, *range(10)])))
    assert counts.added == 2
    assert read(store)["path"].to_pylist()[-2:] == ["11.png", "10.png"]
    assert read(store)["sample_id"].to_pylist() == list(range(12))


def test_a_label_changed_in_the_source_is_taken_over_and_noted(store: Store) -> None:
    counts = tables.import_rows(store, tables.samples(["b", *["a"] * 9]))
    assert counts.relabelled == 1
    assert read(store)["labels"].to_pylist()[0] == ["b"]
    with store.reader() as db:
        assert db.execute("select sample_id, field, old, new from source_change").fetchall() == [
            (0, "labels", '["a"]', '["b"]')
        ]
        assert project.data_version(db) == 2


def test_a_sample_that_left_the_source_is_kept_aside_and_may_return(store: Store) -> None:
    counts = tables.import_rows(store, tables.samples(["a"] * 9))
    assert counts.missing == 1
    assert read(store).num_rows == 9
    counts = tables.import_rows(store, tables.samples(["a"] * 10))
    assert (counts.added, counts.returned) == (0, 1)


def test_class_ids_never_move(store: Store) -> None:
    tables.import_rows(store, tables.samples(["b", *["a"] * 9]), classes=["b", "a"])
    tables.import_rows(store, tables.samples(["0", "b", *["a"] * 8]), classes=["0", "a", "b"])
    with store.reader() as db:
        assert project.classes(db) == ("a", "b", "0")


def test_extra_columns_keep_their_type_and_later_imports_add_theirs(store: Store) -> None:
    tables.import_rows(store, tables.samples(["a"] * 10, weight=range(10)))
    tables.import_rows(store, tables.samples(["a"] * 10, **{'odd "name': ["x"] * 10}))
    with store.reader() as db:
        assert samples.extra_names(db) == ("weight", 'odd "name')
        assert samples.extra_column(db, "weight")["value"].to_pylist() == list(range(10))
        assert samples.extra_column(db, 'odd "name')["value"].to_pylist() == ["x"] * 10


@pytest.mark.parametrize("label", ["no", "null", "1.0", "=cmd", "NaN", "<script>", "it's", ""])
def test_a_label_stays_the_text_it_is(store: Store, label: str) -> None:
    tables.import_rows(store, tables.samples([label, *["a"] * 9]))
    assert read(store)["labels"].to_pylist()[0] == [label]


def test_a_set_of_one_unlabelled_sample_is_a_set(store: Store) -> None:
    one = tables.samples(["x"]).set_column(3, "labels", pa.array([[]], LABELS))
    tables.import_rows(store, one)
    with store.reader() as db:
        assert samples.tally(db)["labelled"] == 0
        assert samples.count(db) == 1
