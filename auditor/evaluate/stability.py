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

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Crossover:
    """Two models whose order by corrected labels turns round at some share of wrong labels."""

    better_now: str
    better_beyond: str
    prevalence: float
    low: float
    high: float
    """95 % interval by resampling samples; up to 1 where some resamples do not cross."""


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
    """The nearest first."""
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
    here = float(wrong.mean())
    found = []
    for a, b in combinations(range(len(names)), 2):
        gap = corrected[a] - corrected[b]
        on_right, on_wrong = float(gap[~wrong].mean()), float(gap[wrong].mean())
        at = crossing(on_right, on_wrong)
        if here < at < 1:
            ahead, behind = (a, b) if here * on_wrong + (1 - here) * on_right > 0 else (b, a)
            low, high = _interval(gap[~wrong], gap[wrong], seed)
            found.append(Crossover(names[ahead], names[behind], at, min(low, at), max(high, at)))
    return Stability(
        here,
        int(wrong.sum()),
        _ranked(names, original),
        _ranked(names, corrected),
        tuple(sorted(found, key=lambda one: one.prevalence)),
        tuple(
            Parts(
                name,
                *(
                    float(earned[i][part].mean())
                    for earned in (original, corrected)
                    for part in (~wrong, wrong)
                ),
            )
            for i, name in enumerate(names)
        ),
    )


def crossing(on_right: float, on_wrong: float) -> float:
    """The share of wrong labels at which a mix of two gaps is nothing; 1 where there is none."""
    if on_right * on_wrong >= 0:
        return 1.0
    return on_right / (on_right - on_wrong)


def _interval(right: Floats, wrong: Floats, seed: int) -> tuple[float, float]:
    """By normal means: each part's mean has the error of its size."""
    rng = np.random.default_rng(seed)
    parts = [rng.normal(x.mean(), x.std() / np.sqrt(len(x)), _RESAMPLES) for x in (right, wrong)]
    drawn = [crossing(a, b) for a, b in zip(*parts, strict=True)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _ranked(names: list[str], earned: Floats) -> tuple[tuple[str, float], ...]:
    means = np.nanmean(earned, axis=1)
    order = np.argsort(-means, kind="stable")
    return tuple((names[i], float(means[i])) for i in order)
