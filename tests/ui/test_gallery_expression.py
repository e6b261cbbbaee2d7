"""What pickers read from a filter's text, and how they write into it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.store import filters
from ui.gallery import expression
from ui.gallery.expression import Term, any_of, between, bound, choice, read, terms, written

TEXT = "label = 'it''s and' and p_error >= 0.8 and (a = 1 or b = 2) and flagged"


def test_conditions_are_split_at_and_outside_quotes_and_brackets() -> None:
    assert terms(TEXT) == ["label = 'it''s and'", "p_error >= 0.8", "(a = 1 or b = 2)", "flagged"]


def test_pickers_read_what_was_typed() -> None:
    assert choice(TEXT, "label") == ("it's and",)
    assert choice("label IN ('a', 'b')", "label") == ("a", "b")
    assert bound(TEXT, "p_error", ">=") == 0.8
    assert bound(TEXT, "p_error", "<=") is None


def test_a_picker_replaces_its_own_condition_where_it_stands() -> None:
    changed = written(TEXT, "label", any_of("label", ["x", "y"]))
    assert changed == "label in ('x', 'y') and p_error >= 0.8 and (a = 1 or b = 2) and flagged"


def test_a_picker_set_to_any_takes_its_condition_away() -> None:
    assert written(TEXT, "p_error", between("p_error", None, None)) == (
        "label = 'it''s and' and (a = 1 or b = 2) and flagged"
    )
    assert written("flagged", "flagged", ()) == ""


def test_what_is_joined_by_or_stays_whole() -> None:
    assert written("a = 1 or b = 2", "label", any_of("label", ["x"])) == (
        "(a = 1 or b = 2) and label = 'x'"
    )


@pytest.mark.parametrize(
    "typed", ["not flagged", "label != 'a'", "label contains 'a'", "p_error > 0.5", "x is not null"]
)
def test_conditions_that_no_picker_writes_stay(typed: str) -> None:
    for column in ("label", "p_error", "flagged", "x"):
        assert typed in written(typed, column, [Term(column, "=", ("b",))])


def test_none_is_asked_for_as_null() -> None:
    assert written("", "split", any_of("split", [None])) == "split is null"


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.text("ab'\" .,()", max_size=9),
)
def test_written_conditions_are_read_back_the_same(value: str, name: str) -> None:
    for term in (Term("label", "=", (value,)), Term("split", "in", (value, "b"))):
        assert read(str(term)) == term
    text = written("flagged", name, [Term(name, "=", (value,))]) if name else ""
    if name and name != "flagged":
        assert filters.parse(text, {name: "x", "flagged": "f"}).values == (value,)


def test_numbers_are_written_as_people_write_them() -> None:
    assert [str(term) for term in between("p_error", 0.8, 1)] == ["p_error >= 0.8", "p_error <= 1"]
    assert expression.quoted(True) == "true"


@pytest.mark.parametrize(
    ("text", "condition", "wanted"),
    [
        ("", "p_error >= 0.5", "p_error >= 0.5"),
        ("p_error >= 0.5", "p_error >= 0.8", "p_error >= 0.8"),
        (
            "p_error > 0.5 and flagged",
            "p_error <= 0.8",
            "p_error > 0.5 and flagged and p_error <= 0.8",
        ),
        (
            "p_error >= 0.2 and p_error < 0.3 and decision is null",
            "p_error >= 0.3 and p_error < 0.4 and decision is null",
            "p_error >= 0.3 and p_error < 0.4 and decision is null",
        ),
        (
            "flagged and given_label in ('cat', 'dog') and split = 'test'",
            "flagged and given_label = 'cow'",
            "split = 'test' and flagged and given_label = 'cow'",
        ),
        (
            "flagged or p_error > 0.5",
            "p_error > 0.8",
            "(flagged or p_error > 0.5) and p_error > 0.8",
        ),
        ("not flagged", "flagged", "not flagged and flagged"),
        ("path contains 'a = b'", "path = 'c'", "path contains 'a = b' and path = 'c'"),
        ('"p_error" >= 0.1', "p_error >= 0.2", "p_error >= 0.2"),
    ],
)
def test_narrowing_again_takes_the_place_of_what_was_said_about_the_same(
    text: str, condition: str, wanted: str
) -> None:
    assert expression.narrowed(text, condition) == wanted
