"""Chance that hangs on the sample and the seed alone, not on where the row lies."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def seeded_hash(identity: npt.NDArray[Any], seed: int) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each identity under `seed`.

    Args: identity: N integers. Returns N uint64.
    Source: the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
    """
    with np.errstate(over="ignore"):
        x = identity.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15) * np.uint64(seed * 2 + 1)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
