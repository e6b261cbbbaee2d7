"""Whether wrong labels decide which model is best: ranks by the share of wrong labels in a test set.

Source: Northcutt, Athalye, Mueller 2021, "Pervasive Label Errors in Test Sets Destabilize Machine
Learning Benchmarks" (section 5). There right labels are left out at random until a share of the
rest is wrong; the expected accuracy is then a mix of those on either part, and is computed as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from auditor.evaluate.bootstrap import interval, means

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Crossover:
    """Two models whose order by corrected labels turns round at some share of wrong labels."""

    better_below: str
    better_beyond: str
    prevalence: float
    low: float
    high: float
    """95 % interval by the bootstrap; from 0 or up to 1 where some resamples do not cross."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A model's accuracy where the given label is right and where it is wrong.

    At any share w of wrong labels its expected accuracy is (1 - w) right + w wrong.
    """

    model: str
    original_right: float
    original_wrong: float
    corrected_right: float
    corrected_wrong: float


@dataclass(frozen=True, slots=True)
class Stability:
    prevalence: float
    """Share of wrong labels now."""
    wrong: int
    original: tuple[tuple[str, float], ...]
    """Models by accuracy on the labels as given, the best first."""
    corrected: tuple[tuple[str, float], ...]
    """The same on the corrected labels."""
    crossovers: tuple[Crossover, ...]
    """The least prevalence first."""
    parts: tuple[Parts, ...]

    @property
    def is_same_order(self) -> bool:
        return [name for name, _ in self.original] == [name for name, _ in self.corrected]


def stability(
    names: list[str], original: Floats, corrected: Floats, wrong: Flags, seed: int
) -> Stability | None:
    """Of M models' credits (M, n) by given and by corrected labels; None where no label is wrong."""
    if not wrong.any() or wrong.all():
        return None
    parts = tuple(
        Parts(
            name, *(float(one[i][part].mean()) for one in (original, corrected) for part in halves)
        )
        for halves in [(~wrong, wrong)]
        for i, name in enumerate(names)
    )
    pairs = combinations(range(len(names)), 2)
    found = [_crossover(names, corrected, wrong, pair, seed) for pair in pairs]
    return Stability(
        float(wrong.mean()),
        int(wrong.sum()),
        _ranked(names, original),
        _ranked(names, corrected),
        tuple(sorted((one for one in found if one), key=lambda one: one.prevalence)),
        parts,
    )


def crossing(on_right: Floats, on_wrong: Floats) -> Floats:
    """Share of wrong labels at which a mix of two gaps is nothing.

    0 where the gap on right labels is not positive, 1 where that on wrong ones is not negative.
    """
    turns = (on_right > 0) & (on_wrong < 0)
    found: Floats = on_right / np.where(turns, on_right - on_wrong, 1.0)
    return np.where(turns, found, np.where(on_right > 0, 1.0, 0.0))


def _crossover(
    names: list[str], corrected: Floats, wrong: Flags, pair: tuple[int, int], seed: int
) -> Crossover | None:
    a, b = pair
    gap = corrected[a] - corrected[b]
    right, rest = gap[~wrong], gap[wrong]
    if right.mean() < 0:
        a, b, right, rest = b, a, -right, -rest
    if right.mean() == 0 or rest.mean() >= 0:
        return None
    at = float(crossing(right.mean(), rest.mean()))
    rng = np.random.default_rng(seed)
    low, high = interval(crossing(means(right, rng), means(rest, rng)))
    return Crossover(names[a], names[b], at, min(low, at), max(high, at))


def _ranked(names: list[str], earned: Floats) -> tuple[tuple[str, float], ...]:
    means = np.nanmean(earned, axis=1)
    order = np.argsort(-means, kind="stable")
    return tuple((names[i], float(means[i])) for i in order)
