from __future__ import annotations

from collections.abc import Iterator

import duckdb
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


@pytest.mark.parametrize("column", ["split", "group"])
def test_another_split_or_group_makes_older_findings_stale_and_is_noted(
    store: Store, column: str
) -> None:
    rows = tables.samples(["a"] * 10)
    other = rows.set_column(rows.schema.get_field_index(column), column, pa.array(["x"] * 10))
    counts = tables.import_rows(store, other)
    assert (counts.moved, counts.relabelled) == (10, 0)
    with store.reader() as db:
        assert project.data_version(db) == 2
        noted = "select distinct field, old, new from source_change"
        assert db.execute(noted).fetchall() == [(column, None, '"x"')]


def test_later_batches_may_bring_columns_and_other_types(store: Store) -> None:
    rows = tables.samples(["a"] * 10)
    first = rows.slice(0, 5).append_column("size", pa.array(range(5)))
    second = rows.slice(5).append_column("size", pa.array(["big"] * 5))
    second = second.append_column("new", pa.array([1.5] * 5))
    store.write(samples.ImportSamples([first, second], [])).result()
    with store.reader() as db:
        sizes = samples.extra_column(db, "size")["value"].to_pylist()
        assert sizes == ["0", "1", "2", "3", "4", *["big"] * 5]
        assert samples.extra_column(db, "new")["value"].to_pylist() == [None] * 5 + [1.5] * 5


def test_a_column_may_turn_into_text_in_a_later_import(store: Store) -> None:
    tables.import_rows(store, tables.samples(["a"] * 10, weight=range(10)))
    tables.import_rows(store, tables.samples(["a"] * 10, weight=[None] * 10))
    with store.reader() as db:
        assert samples.extra_column(db, "weight")["value"].to_pylist() == [None] * 10
    tables.import_rows(store, tables.samples(["a"] * 10, weight=["heavy", *"123456789"]))
    with store.reader() as db:
        assert samples.extra_column(db, "weight")["value"].to_pylist()[:2] == ["heavy", "1"]


def test_a_column_called_position_is_just_a_column(store: Store) -> None:
    tables.import_rows(store, tables.samples(["a"] * 12, position=range(12, 0, -1)))
    with store.reader() as db:
        assert samples.extra_column(db, "position")["value"].to_pylist() == list(range(12, 0, -1))
    assert read(store)["path"].to_pylist() == [f"{i}.png" for i in range(12)]


def test_a_source_that_breaks_off_changes_nothing_and_says_why(store: Store) -> None:
    def torn() -> Iterator[pa.Table]:
        yield tables.samples(["b"] * 10)
        raise ValueError("the file ends here")

    with pytest.raises(ValueError, match="the file ends here"):
        store.write(samples.ImportSamples(torn(), [])).result()
    assert read(store)["labels"].to_pylist() == [["a"]] * 10
    assert tables.import_rows(store, tables.samples(["a"] * 11)).added == 1


def test_a_statement_that_fails_is_named_and_not_its_aftermath(store: Store) -> None:
    bad = tables.samples(["a"]).set_column(0, "path", pa.array([None], pa.string()))
    with pytest.raises(duckdb.ConstraintException, match="NOT NULL"):
        store.write(samples.ImportSamples([bad], [])).result()
    assert tables.import_rows(store, tables.samples(["a"] * 11)).added == 1
