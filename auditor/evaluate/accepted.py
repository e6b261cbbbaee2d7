"""The label sets by which predictions are measured: any number of valid labels for each sample."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Accepted:
    """Valid labels of n samples, as codes; a sample without any is not measured."""

    count: Ints
    """(n,) valid labels of each sample."""
    sample: Ints
    """(m,) ascending: whose each label is."""
    code: Ints
    """(m,) the labels."""

    @classmethod
    def of(cls, sets: Iterable[Sequence[int]]) -> Accepted:
        """From a list of codes for each sample; what one says twice counts once."""
        each = [sorted(set(codes)) for codes in sets]
        count = np.array([len(codes) for codes in each], np.int64)
        flat = np.array([code for codes in each for code in codes], np.int64)
        return cls(count, np.repeat(np.arange(len(each)), count), flat)

    def __len__(self) -> int:
        return len(self.count)

    def holds(self, codes: Ints) -> Flags:
        """Whether each code (n,) or (n, c) is a valid label of its sample; -1 never is."""
        start = np.cumsum(self.count) - self.count
        found = np.zeros(codes.shape, np.bool_)
        for place in range(int(self.count.max(initial=0))):
            rows = np.flatnonzero(self.count > place)
            found[rows] |= (self.code[start[rows] + place] == codes[rows].T).T
        return found

    def only(self) -> Ints:
        """(n,) the one valid label of samples that have just one; else -1."""
        found = np.full(len(self), -1, np.int64)
        single = self.count[self.sample] == 1
        found[self.sample[single]] = self.code[single]
        return found
