from __future__ import annotations

import pytest

from auditor.store import filters, findings
from auditor.store.db import Store
from tests import tables

COLUMNS = {"label": "l", "p_error": "p", "flagged": "f", "odd name": '"odd name"'}


@pytest.mark.parametrize(
    ("text", "sql", "values"),
    [
        ("p_error > 0.8", "(p > ?)", (0.8,)),
        ("label = 'cat' and p_error >= 1", "((l = ?) and (p >= ?))", ("cat", 1.0)),
        ("label = 'it''s'", "(l = ?)", ("it's",)),
        ("flagged", "(f = true)", ()),
        ("flagged = false or label is null", "((f = ?) or (l is null))", (False,)),
        (
            "not (flagged or label != 'x')",
            "(not coalesce(((f = true) or (l <> ?)), false))",
            ("x",),
        ),
        (
            "label in ('a', 'b') and label is not null",
            "((l in (?, ?)) and (l is not null))",
            ("a", "b"),
        ),
        ("\"odd name\" contains 'Q'", 'contains(lower("odd name"::text), lower(?))', ("Q",)),
        ("p_error<-1e-3", "(p < ?)", (-0.001,)),
        ("flagged and flagged or flagged", "(((f = true) and (f = true)) or (f = true))", ()),
    ],
)
def test_a_filter_becomes_sql_with_bound_values(
    text: str, sql: str, values: tuple[object, ...]
) -> None:
    assert filters.parse(text, COLUMNS) == filters.Condition(sql, values)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected a column"),
        ("secret = 1", "no column 'secret'"),
        ("label = cat", "expected a number or a 'text'"),
        ("label = 'a'; drop table sample", "cannot read"),
        ("(flagged", "expected '\\)'"),
        ("flagged flagged", "expected the end"),
        ("label = (select 1)", "expected a number"),
        ("label is 'x'", "expected null"),
        ("label in 'x'", "expected '\\('"),
        ("p_error >", "expected a value"),
        ("and flagged", "expected a column"),
        ("label = 'open", "cannot read"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(filters.FilterError, match=complaint):
        filters.parse(text, COLUMNS)


def test_a_users_text_cannot_reach_the_database_as_sql(store: Store) -> None:
    hostile = "x' or 1=1 --"
    with store.reader() as db:
        quoted = hostile.replace("'", "''")
        assert findings.select(db, "c", f"path = '{quoted}'").num_rows == 0
        assert findings.select(db, "c", "path != 'none'").num_rows == 10


def test_numbers_of_the_source_compare_as_numbers(store: Store) -> None:
    tables.import_rows(store, tables.samples(["a"] * 10, age=[9, 10, 100, 8, 7, 6, 5, 4, 3, 2]))
    with store.reader() as db:
        assert findings.select(db, "c", "age > 9")["sample_id"].to_pylist() == [1, 2]
