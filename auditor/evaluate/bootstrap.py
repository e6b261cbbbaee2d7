"""Intervals by the bootstrap over samples (Efron 1979), drawn as counts of equal values.

What a sample earns takes few values, so a resample of a million is one multinomial draw over these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]

DRAWS = 1000
_LEVELS = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Share:
    """A mean with its 95 % interval by the bootstrap."""

    value: float
    low: float
    high: float
    samples: int


def share(earned: Floats, seed: int) -> Share | None:
    """The mean of what was measured: what is not NaN."""
    known = earned[~np.isnan(earned)]
    return weighted([known], np.ones(1), seed) if len(known) else None


def weighted(parts: Sequence[Floats], weights: Floats, seed: int) -> Share | None:
    """The mean over disjoint parts of a set, each resampled by itself; None without any weight."""
    if not weights.sum():
        return None
    rng = np.random.default_rng(seed)
    mean = weights @ np.array([part.mean() for part in parts]) / weights.sum()
    drawn = weights @ np.stack([means(part, rng) for part in parts]) / weights.sum()
    low, high = interval(drawn)
    return Share(float(mean), low, high, sum(map(len, parts)))


def means(values: Floats, rng: np.random.Generator) -> Floats:
    """(DRAWS,) means of resamples of n values."""
    found = pc.value_counts(pa.array(values))
    each, count = (found.field(name).to_numpy() for name in ("values", "counts"))
    order = np.argsort(each)  # no matter in which order the samples come
    drawn: Floats = rng.multinomial(len(values), count[order] / len(values), DRAWS) @ each[order]
    return drawn / len(values)


def interval(drawn: Floats) -> tuple[float, float]:
    low, high = np.percentile(drawn, _LEVELS)
    return float(low), float(high)
