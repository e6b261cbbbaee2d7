"""A map of features in two dimensions: PaCMAP of a part, the rest beside what it is most like.

Source: Wang, Huang, Rudin, Shaposhnik 2021, "Understanding how dimension reduction tools work"
(JMLR 22). Importing the library compiles its loops once per machine: half a minute, then seconds.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Report = Callable[[int, int], None]
Floats = npt.NDArray[np.float32]

FITTED = 50_000
"""At most so many samples are laid out by PaCMAP itself."""
_DIMENSIONS = 50
_NEIGHBOURS = 5
_FEWEST = 20
"""Fewer have too few pairs: their two main directions are shown."""
_BLOCK = 16_384
_STEPS = (100, 100, 250)


def lay_out(
    features: npt.NDArray[Any],
    rows: npt.NDArray[np.int64],
    *,
    seed: int,
    threads: int,
    report: Report,
    fitted: int = FITTED,
) -> Floats:
    """Places (n, 2) in [-1, 1] of `rows` (n,) of `features` (N, D); one scale for both axes.

    The same input and seed give the same map.
    """
    draw = np.random.default_rng(seed)
    chosen = np.sort(draw.choice(len(rows), min(fitted, len(rows)), replace=False))
    reduction = _reduction(features[rows[chosen]])
    basis = reduction.apply(features[rows[chosen]])
    places = np.empty((len(rows), 2), np.float32)
    places[chosen] = _fit(basis, seed, threads, lambda done: report(int(700 * done), 1000))
    rest = np.setdiff1d(np.arange(len(rows)), chosen, assume_unique=True)
    if len(rest):
        index = _index(basis, threads)
        for start in range(0, len(rest), _BLOCK):
            report(700 + 300 * start // len(rest), 1000)
            block = rest[start : start + _BLOCK]
            places[block] = _beside(index, reduction.apply(features[rows[block]]), places[chosen])
    return _in_square(places)


@dataclass(frozen=True, slots=True)
class _Reduction:
    """Columns of equal spread, then the main directions."""

    mean: Floats
    weights: Floats

    def apply(self, values: npt.NDArray[Any]) -> Floats:
        return np.asarray((values.astype(np.float32) - self.mean) @ self.weights, np.float32)


def _reduction(values: npt.NDArray[Any]) -> _Reduction:
    wide = values.astype(np.float32)
    mean, spread = wide.mean(axis=0), wide.std(axis=0)
    # A column that is the same everywhere has only rounding left.
    scale = np.where(spread > 1e-6 * np.abs(mean) + 1e-12, 1 / np.maximum(spread, 1e-12), 0)
    wide = (wide - mean) * scale
    _, directions = np.linalg.eigh((wide.T @ wide).astype(np.float64))
    main = directions[:, ::-1][:, :_DIMENSIONS]
    # Of a direction and its opposite always the same one.
    main = main * np.sign(main[np.abs(main).argmax(axis=0), np.arange(main.shape[1])])
    weights: Floats = (scale[:, None] * main).astype(np.float32)
    return _Reduction(mean, weights)


def _fit(basis: Floats, seed: int, threads: int, tell: Callable[[float], None]) -> Floats:
    tell(0.0)
    if len(basis) < _FEWEST or basis.shape[1] < 2 or np.ptp(basis, axis=0).max() == 0:
        flat = np.zeros((len(basis), 2), np.float32)
        flat[:, : basis.shape[1]] = basis[:, :2]
        return flat
    logging.getLogger("pacmap").setLevel(logging.ERROR)  # it warns of each fixed seed
    import numba
    import pacmap

    numba.set_num_threads(min(threads, numba.get_num_threads()))
    tell(0.05)
    model = pacmap.PaCMAP(
        n_components=2, apply_pca=False, random_state=seed, num_iters=_STEPS, verbose=True
    )
    with contextlib.redirect_stdout(_Listener(tell)):
        placed: Floats = model.fit_transform(basis, init="pca", save_pairs=False)
    return placed


class _Listener(io.TextIOBase):
    """Hears how far PaCMAP is: it says so by printing alone, and what is raised here stops it."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._tell = tell

    def write(self, text: str) -> int:
        if found := re.search(r"Iteration:\s*(\d+)", text):
            self._tell(0.2 + 0.8 * int(found[1]) / sum(_STEPS))
        return len(text)


def _index(basis: Floats, threads: int) -> Any:
    import faiss

    faiss.omp_set_num_threads(1)  # several would build another graph each time
    index = faiss.IndexHNSWFlat(basis.shape[1], 32)
    index.add(np.ascontiguousarray(basis))
    faiss.omp_set_num_threads(threads)
    return index


def _beside(index: Any, values: Floats, fitted: Floats) -> Floats:
    """Places of `values`: the mean of the nearest fitted ones' places, the nearer the heavier."""
    squares, nearest = index.search(np.ascontiguousarray(values), _NEIGHBOURS)
    weights = np.where(nearest >= 0, 1 / np.maximum(squares, 1e-12), 0)
    weights /= weights.sum(axis=1, keepdims=True)
    beside: Floats = np.einsum("nk,nkd->nd", weights, fitted[nearest])
    return beside


def _in_square(places: Floats) -> Floats:
    low, high = places.min(axis=0), places.max(axis=0)
    half = float((high - low).max()) / 2 or 1.0
    within: Floats = ((places - (low + high) / 2) / half).clip(-1, 1).astype(np.float32)
    return within
