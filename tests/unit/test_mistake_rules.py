"""Which cheap rule speaks about a mistake, and when none does."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.evaluate.mistake_rules import Space, guess, locate
from auditor.evaluate.mistakes import Category, Severity

NAMES = [f"c{k}" for k in range(12)]


def space(nearest: str, odd: bool) -> Space:
    """Twelve classes on a circle: each is most like its neighbours."""
    angle = 2 * np.pi * np.arange(12) / 12
    middles = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    rows = {name: place for place, name in enumerate(NAMES)}
    return Space(rows, middles @ middles.T, {1: nearest}, frozenset({1} if odd else ()))


@pytest.mark.parametrize(
    ("accepted", "predicted", "mixed", "where", "category", "said"),
    [
        (
            ["wolf"],
            "dog",
            {("wolf", "dog"): 2, ("dog", "wolf"): 1},
            None,
            "fine_grained",
            "3 times",
        ),
        (["night snake"], "water snake", {}, None, "fine_grained", "end in snake"),
        (["c0"], "c1", {}, space("c5", odd=False), "fine_grained", "most like c0"),
        (["c0"], "c6", {}, space("c5", odd=True), "non_prototypical", "less like its class"),
        (["c0"], "c6", {}, space("c0", odd=False), "spurious", "another matter"),
    ],
)
def test_the_first_rule_that_fits_speaks(
    accepted: list[str],
    predicted: str,
    mixed: dict[tuple[str, str], int],
    where: Space | None,
    category: str,
    said: str,
) -> None:
    found = guess(1, accepted, predicted, mixed, where)
    assert found is not None
    assert found.category == Category(category)
    assert said in found.rule
    assert (found.severity is Severity.MAJOR) == (category == "spurious")


def test_without_a_sign_no_rule_speaks() -> None:
    assert guess(1, ["wolf"], "dog", {("wolf", "dog"): 2}, None) is None
    assert guess(1, ["c0"], "c6", {}, space("c5", odd=False)) is None


def test_a_sample_is_odd_where_almost_all_of_its_class_is_nearer_to_the_middle() -> None:
    middles = np.eye(3, dtype=np.float32)
    own = {name: np.linspace(0.8, 1, 50, dtype=np.float32) for name in ("a", "b", "c")}
    rows = np.array([[0.99, 0.1, 0], [0.5, 0.6, 0.6]], np.float32)
    found = locate(middles, ["a", "b", "c"], own, rows, [10, 11], [["a"], ["a"]])
    assert found.odd == {11}
    assert found.nearest[10] == "a"
