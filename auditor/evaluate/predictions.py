"""A model's predictions, read a block at a time: probabilities, logits, or one class a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_BLOCK_BYTES = 1 << 21
"""What a core's cache holds."""
_SUMS_TO_ONE = 2e-2
_ORDERED: Mapping[int, tuple[type[Any], type[Any]]] = {
    2: (np.float16, np.int16),
    4: (np.float32, np.int32),
    8: (np.float64, np.int64),
}
"""By bytes: floats, and integers whose bits have their order."""


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
            block = self._ordered(start, start + rows)
            mine, few = found[start : start + rows], wanted[start : start + rows]
            mine[:, 0] = block.argmax(axis=1)
            for rank in range(1, width):
                left = np.flatnonzero(few > rank)
                block[left, mine[left, rank - 1]] = np.iinfo(block.dtype).min
                mine[left, rank] = block[left].argmax(axis=1)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, range(0, len(wanted), rows)))
        return found

    def _ordered(self, start: int, stop: int) -> npt.NDArray[Any]:
        """A block's scores as integers in the same order, which are quicker to compare."""
        block = self._block(start, stop)
        floats, bits = _ORDERED[block.dtype.itemsize]
        found: npt.NDArray[Any] = block.astype(floats, copy=False).view(bits)
        found = found ^ ((found >> (8 * found.itemsize - 1)) & np.iinfo(bits).max)
        infinite = np.array(np.inf, floats).view(bits)
        ends = np.stack([~found.min(axis=1), found.max(axis=1)])
        sound = (ends <= infinite).all(axis=0)
        if not sound.all():
            row = start + int(np.argmin(sound))
            raise PredictionError(f"{self.name} has a score that is not a number in row {row:,}.")
        return found

    def _block(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Read, not mapped: what is mapped counts as this program's memory."""
        array = self.array
        if not isinstance(array, np.memmap) or not array.flags.c_contiguous:
            return np.asarray(array[start:stop])
        stop, width = min(stop, len(array)), array.shape[1]
        offset = array.offset + start * width * array.itemsize
        flat = np.fromfile(str(array.filename), array.dtype, (stop - start) * width, offset=offset)
        if len(flat) < (stop - start) * width:
            raise PredictionError(f"{array.filename} became shorter while it was read.")
        block: npt.NDArray[Any] = flat.reshape(-1, width)
        return block

    def probabilities(self, rows: Ints) -> Floats:
        """(n, K) of some rows; logits are turned into probabilities."""
        scores = np.concatenate([self._block(row, row + 1) for row in rows]).astype(np.float64)
        sums = scores.sum(axis=1)
        if scores.min(initial=0) >= 0 and np.abs(sums - 1).max(initial=0) <= _SUMS_TO_ONE:
            plain: Floats = scores / sums[:, None]
            return plain
        each = np.exp(scores - scores.max(axis=1, keepdims=True))
        found: Floats = each / each.sum(axis=1, keepdims=True)
        return found


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
    if array.ndim == 2 and (array.dtype.kind != "f" or array.itemsize not in _ORDERED):
        raise PredictionError(f"{path} holds {array.dtype} where scores were expected.")
    return array
