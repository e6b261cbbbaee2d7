"""Which samples are most like a vector, by cosine, over features too large for the memory."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

Report = Callable[[int, int], None]
Floats = npt.NDArray[np.float32]
_BLOCK = 16_384
_TINY = np.float32(1e-30)


def cosines(features: npt.NDArray[Any], query: Floats, threads: int, report: Report) -> Floats:
    """Cosine of each row (n, d) with `query` (d,), exact; 0 where either is all zeros."""
    unit = query / np.maximum(np.linalg.norm(query), _TINY)

    def of(start: int) -> Floats:
        block = features[start : start + _BLOCK].astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", block, block))
        found: Floats = block @ unit / np.maximum(lengths, _TINY)
        return found

    parts = [np.empty(0, np.float32)]
    with ThreadPoolExecutor(threads) as pool:
        starts = range(0, len(features), _BLOCK)
        for start in range(0, len(starts), threads):  # no further ahead than can be stopped
            parts += pool.map(of, starts[start : start + threads])
            report(start * _BLOCK, len(features))
    return np.concatenate(parts).clip(-1, 1)


def nearest(similarity: Floats, limit: int) -> npt.NDArray[np.int64]:
    """Positions of the `limit` highest, highest first; of equals the one that comes first."""
    count = min(limit, len(similarity))
    if count <= 0:
        return np.empty(0, np.int64)
    least = np.partition(similarity, len(similarity) - count)[len(similarity) - count]
    above, equal = np.flatnonzero(similarity > least), np.flatnonzero(similarity == least)
    chosen = np.concatenate([above, equal[: count - len(above)]])
    return chosen[np.argsort(-similarity[chosen], kind="stable")]
