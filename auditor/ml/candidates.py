"""The classes that a sample may belong to: all of a few, or the likeliest of many and one lump."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from auditor.ml import threads

Ints = npt.NDArray[np.int64]
Report = Callable[[int, int], None]

ALL_UP_TO = 50
"""Up to so many classes each is a candidate."""
KEPT = 8
"""Beyond, so many are, the given one among them; the others share the rest evenly."""

_LEAST = 1e-6  # float16 probabilities of many classes are often zero
_BLOCK_BYTES = 1 << 22  # of float32: stays in the caches


@dataclass(frozen=True, slots=True)
class Candidates:
    """What M views say about n samples, for each of c candidates."""

    log: torch.Tensor
    """(M, n, c) log-probabilities; in the lump that of each of its classes."""
    codes: torch.Tensor
    """(n, c), or (1, c) if alike for all samples: the classes; K is the lump."""
    place: torch.Tensor
    """(n,) column of the given class."""
    classes: int
    """K"""

    @property
    def lumped(self) -> bool:
        return self.classes > ALL_UP_TO

    @property
    def count(self) -> torch.Tensor:
        """(c,) how many classes each column stands for."""
        count = torch.ones(self.log.shape[2])
        if self.lumped:
            count[-1] = self.classes - KEPT
        return count


def candidates(log_probabilities: torch.Tensor, given: torch.Tensor) -> Candidates:
    """From (M, n, K) log-probabilities and (n,) given codes."""
    views, _, classes = log_probabilities.shape
    if classes <= ALL_UP_TO:
        return Candidates(log_probabilities, torch.arange(classes)[None], given, classes)
    likeliest = log_probabilities.mean(dim=0).topk(KEPT, dim=1).indices
    codes, place = _with_given(likeliest, given)
    return _lumped(log_probabilities.gather(2, codes.expand(views, -1, -1)), codes, place, classes)


@dataclass(frozen=True, slots=True)
class Ranked:
    """The likeliest classes of n samples out of a table (N, K) that may exceed the memory."""

    own: npt.NDArray[Any]
    """(n,) probability of the given class: float32, or float64 from float64."""
    values: npt.NDArray[Any]
    """(n, KEPT, or K if smaller) largest probabilities, descending, in the table's own type."""
    codes: npt.NDArray[Any]
    """The same shape: their classes."""
    classes: int

    def candidates(self, rows: Ints, given: torch.Tensor) -> Candidates:
        """The same as from the logarithms of the table's rows."""
        likeliest = torch.from_numpy(self.codes[rows]).long()
        codes, place = _with_given(likeliest, given)
        values = torch.from_numpy(self.values[rows]).float()
        values.scatter_(1, place[:, None], torch.from_numpy(self.own[rows]).float()[:, None])
        return _lumped(values.clamp_(min=_LEAST).log_()[None], codes, place, self.classes)


def rank(table: npt.NDArray[Any], labels: Ints, rows: Ints | None, report: Report) -> Ranked:
    """Read `rows` (None: all) of an (N, K) table once; labels (n,) are theirs."""
    total, classes = len(labels), table.shape[1]
    kind, kept = np.float64 if table.dtype == np.float64 else np.float32, min(KEPT, classes)
    answer = Ranked(
        np.empty(total, kind),
        np.empty((total, kept), table.dtype),
        np.empty((total, kept), np.int16 if classes < 1 << 15 else np.int32),
        classes,
    )

    def work(part: slice) -> None:
        numbers = read(table, part if rows is None else rows[part])
        answer.own[part] = numbers[torch.arange(len(numbers)), torch.from_numpy(labels[part])]
        values, codes = numbers.topk(kept, dim=1)
        answer.values[part], answer.codes[part] = values.numpy(), codes.numpy()

    threads.over_blocks(work, blocks(total, classes), lambda part: report(part.stop, total))
    return answer


def blocks(rows: int, classes: int) -> list[slice]:
    """Parts of a table's rows that stay in the caches as float32."""
    size = max(1, _BLOCK_BYTES // (4 * classes))
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]


def read(table: npt.NDArray[Any], rows: slice | Ints) -> torch.Tensor:
    """Rows as float32, or float64 from float64: torch converts several times faster than numpy."""
    if not isinstance(rows, slice) and len(rows) and (np.diff(rows) == 1).all():
        rows = slice(int(rows[0]), int(rows[-1]) + 1)
    part = torch.from_numpy(np.array(table[rows]))
    return part if part.dtype == torch.float64 else part.float()


def log_of(numbers: torch.Tensor) -> torch.Tensor:
    """Logarithms (1, n, K) of probabilities, which may be zero; overwrites them."""
    return numbers.float().clamp_(min=_LEAST).log_()[None]


def _with_given(likeliest: torch.Tensor, given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The given class takes the last place where it has none; and its place."""
    same = likeliest == given[:, None]
    place = torch.where(same.any(dim=1), same.byte().argmax(dim=1), KEPT - 1)
    return likeliest.scatter(1, place[:, None], given[:, None]), place


def _lumped(
    kept: torch.Tensor, codes: torch.Tensor, place: torch.Tensor, classes: int
) -> Candidates:
    rest = (1 - kept.exp().sum(dim=2, keepdim=True)) / (classes - KEPT)
    lump = torch.full((len(codes), 1), classes)
    log = torch.cat([kept, rest.clamp_min(_LEAST).log()], dim=2)
    return Candidates(log, torch.cat([codes, lump], dim=1), place, classes)
