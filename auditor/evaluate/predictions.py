"""A model's predictions, read a block at a time: probabilities, logits, or one class a sample."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_BLOCK_BYTES = 1 << 24
_SUMS_TO_ONE = 2e-2
_INFINITE_HALF = 0x7C00
"""Bits of infinity in half precision; beyond are those of what is no number."""


class PredictionError(ValueError):
    """A file holds no predictions for these samples."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """(n, K) scores of which the largest is the prediction, or (n,) predicted codes."""

    name: str
    array: npt.NDArray[Any]

    @property
    def has_scores(self) -> bool:
        return self.array.ndim == 2

    def guesses(self, wanted: Ints, threads: int = 2) -> Ints:
        """(n, k) classes of each sample, the likeliest first: as many as `wanted` (n,), then -1.

        Where there are only predicted codes, one. Raises PredictionError for what is no number.
        """
        if not self.has_scores:
            return self.array.astype(np.int64)[:, None]
        width = int(min(max(wanted.max(initial=1), 1), self.array.shape[1]))
        found = np.full((len(wanted), width), -1, np.int64)
        rows = max(1, _BLOCK_BYTES // (self.array.itemsize * self.array.shape[1]))

        def fill(start: int) -> None:
            block = _ordered(np.asarray(self.array[start : start + rows]))
            mine = found[start : start + rows]
            self._check(block, start)
            mine[:, 0] = block.argmax(axis=1)
            several = np.flatnonzero(wanted[start : start + rows] > 1)
            if len(several):
                mine[several] = _top(block[several], width)
                rank = np.arange(width)
                mine[several] = np.where(
                    rank < wanted[start : start + rows][several, None], mine[several], -1
                )

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, range(0, len(wanted), rows)))
        return found

    def _check(self, ordered: npt.NDArray[Any], start: int) -> None:
        ends = np.stack([ordered.min(axis=1), ordered.max(axis=1)])
        sound = _are_numbers(ends).all(axis=0)
        if not sound.all():
            row = start + int(np.argmin(sound))
            raise PredictionError(f"{self.name} has a score that is not a number in row {row:,}.")

    def probabilities(self, rows: Ints) -> Floats:
        """(n, K) of some rows; logits are turned into probabilities."""
        scores = np.asarray(self.array[rows], np.float64)
        sums = scores.sum(axis=1)
        if scores.min(initial=0) >= 0 and np.abs(sums - 1).max(initial=0) <= _SUMS_TO_ONE:
            plain: Floats = scores / sums[:, None]
            return plain
        each = np.exp(scores - scores.max(axis=1, keepdims=True))
        found: Floats = each / each.sum(axis=1, keepdims=True)
        return found


def _ordered(block: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same order in a type that is quick to compare: halves as the integers of their bits."""
    if block.dtype != np.float16:
        return block
    bits = block.view(np.int16)
    return bits ^ ((bits >> 15) & 0x7FFF)


def _are_numbers(ordered: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = (
        (ordered ^ (ordered >> 15)) <= _INFINITE_HALF
        if ordered.dtype == np.int16
        else ~np.isnan(ordered)
    )
    return found


def _top(block: npt.NDArray[Any], width: int) -> Ints:
    kept = np.argpartition(block, -width, axis=1)[:, -width:]
    order = np.argsort(
        -np.take_along_axis(block, kept, 1).astype(np.float64), axis=1, kind="stable"
    )
    return np.take_along_axis(kept, order, axis=1)


def opened(paths: Sequence[Path], samples: int, classes: int | None) -> list[Predictions]:
    """Each file by its name (its path where two are alike). Raises PredictionError.

    Args: classes: how many there are, None where that is unknown.
    """
    stems = [path.stem for path in paths]
    return [
        Predictions(stem if stems.count(stem) == 1 else str(path), _read(path, samples, classes))
        for path, stem in zip(paths, stems, strict=True)
    ]


def _read(path: Path, samples: int, classes: int | None) -> npt.NDArray[Any]:
    try:
        array: npt.NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise PredictionError(f"{path} could not be read as a NumPy array: {error}") from error
    if array.ndim not in (1, 2):
        raise PredictionError(f"{path} holds neither one class nor one row of scores a sample.")
    if len(array) != samples:
        raise PredictionError(f"{path} has {len(array):,} rows, but there are {samples:,} samples.")
    if array.ndim == 2 and classes is not None and array.shape[1] != classes:
        raise PredictionError(
            f"{path} has {array.shape[1]:,} columns, but there are {classes:,} classes."
        )
    if array.ndim == 1 and array.dtype.kind not in "iu":
        raise PredictionError(f"{path} has one number a sample, but not a class: {array.dtype}.")
    if array.ndim == 1 and classes is not None and array.max(initial=0) >= classes:
        raise PredictionError(
            f"{path} predicts class {array.max():,}, but there are {classes:,}, counted from 0."
        )
    if array.ndim == 2 and array.dtype.kind != "f":
        raise PredictionError(f"{path} holds {array.dtype} where scores were expected.")
    return array
