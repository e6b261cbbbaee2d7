"""Ranges against Python's sets, and the grid's moves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt

from ui.gallery.moves import target
from ui.gallery.ranges import Ranges

COUNT = 24
places = st.sets(st.integers(0, COUNT - 1))


def ranges(some: set[int]) -> Ranges:
    return Ranges.of(np.array(sorted(some), np.int64))


def as_set(some: Ranges) -> set[int]:
    return set(some.take(np.arange(COUNT)).tolist())


@given(places, places)
def test_ranges_are_sets(a: set[int], b: set[int]) -> None:
    assert as_set(ranges(a)) == a
    assert as_set(ranges(a) ^ ranges(b)) == a ^ b
    assert as_set(ranges(a) | ranges(b)) == a | b
    assert len(ranges(a) | ranges(b)) == len(a | b)
    assert {place for place in range(COUNT) if place in ranges(a)} == a


def test_a_million_selected_are_two_numbers_and_no_copy() -> None:
    ids = np.arange(1_281_167)
    everything = Ranges.span(0, len(ids))
    assert len(everything.edges) == 2
    assert np.shares_memory(everything.take(ids), ids)


def test_a_block_of_the_grid_ends_with_the_list() -> None:
    # 5 wide, 17 long: the last row holds two.
    assert as_set(Ranges.block(range(2, 4), range(1, 3), 5, 17)) == {11, 12, 16}
    assert as_set(Ranges.block(range(4), range(5), 5, 17)) == set(range(17))


@pytest.mark.parametrize(
    ("key", "place", "expected"),
    [
        (Qt.Key.Key_Right, 3, 4),
        (Qt.Key.Key_Left, 0, 0),
        (Qt.Key.Key_Down, 3, 8),
        (Qt.Key.Key_Down, 14, 16),  # below there is none: the last one
        (Qt.Key.Key_Down, 15, 15),  # the last row already
        (Qt.Key.Key_Up, 2, 2),
        (Qt.Key.Key_PageDown, 1, 11),
        (Qt.Key.Key_PageUp, 14, 4),
        (Qt.Key.Key_Home, 14, 0),
        (Qt.Key.Key_End, 3, 16),
        (Qt.Key.Key_K, 3, None),
    ],
)
def test_keys_lead_through_the_grid(key: Qt.Key, place: int, expected: int | None) -> None:
    assert target(key, place, count=17, columns=5, page_rows=2) == expected
