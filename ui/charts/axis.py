"""Round numbers along an axis."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def step(low: float, high: float, most: int) -> float:
    """The smallest of 1, 2, 5 times 10^k that parts [low, high] at most `most` times."""
    rough = (high - low) / max(most, 1)
    size = 10.0 ** math.floor(math.log10(rough))
    return next(size * m for m in (1, 2, 5, 10) if size * m >= rough * (1 - 1e-9))


def ticks(low: float, high: float, most: int) -> Values:
    """Multiples of `step` within [low, high]."""
    by = step(low, high, most)
    first, last = math.ceil(low / by - 1e-9), math.floor(high / by + 1e-9)
    return np.arange(first, last + 1, dtype=np.float64) * by


def powers(high: float) -> Values:
    """1, 10, 100, ... up to `high`."""
    return np.logspace(0, last := math.floor(math.log10(max(high, 1))), last + 1)
