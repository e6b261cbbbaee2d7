"""How a score is spread over a list of samples: bars and counts without a look at each value."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from auditor.session import Session, browsing
from auditor.session.browsing import View
from ui.charts.base import narrowed
from ui.workspace import Subset

Sorted = npt.NDArray[np.float32]

DECIDED = "decision != 'defer'"
LOW_IS_BAD = frozenset({"quality", "label_score"})


@dataclass(frozen=True, slots=True)
class Distribution:
    """Values of one column in ascending order, parted by how the review stands."""

    column: str
    decided: Sorted
    flagged: Sorted
    """Undecided findings."""
    rest: Sorted

    @property
    def parts(self) -> tuple[Sorted, Sorted, Sorted]:
        return self.decided, self.flagged, self.rest

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def limits(self) -> tuple[float, float]:
        """The axis: [0, 1] for what lies in it, else from the least to the greatest value."""
        ends = [float(v) for part in self.parts if len(part) for v in (part[0], part[-1])]
        low, high = min(ends, default=0.0), max(ends, default=1.0)
        if low >= 0 and high <= 1:
            return 0.0, 1.0
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def bars(self, edges: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Counts per part and bin, (3, n); a bin holds its lower edge, the last its upper too."""
        counts = np.empty((3, len(edges) - 1), np.int64)
        for place, part in enumerate(self.parts):
            bounds = np.searchsorted(part, edges.astype(np.float32))
            bounds[-1] = np.searchsorted(part, edges[-1].astype(np.float32), "right")
            counts[place] = np.diff(bounds)
        return counts

    def beyond(self, threshold: float, *, upward: bool) -> tuple[int, int]:
        """Samples at or beyond the threshold, and how many of them are decided."""
        bound = _inside(threshold, upward=upward)
        counts = [
            len(part) - int(np.searchsorted(part, bound))
            if upward
            else int(np.searchsorted(part, bound, "right"))
            for part in self.parts
        ]
        return sum(counts), counts[0]


EMPTY = Distribution("", *(np.empty(0, np.float32) for _ in range(3)))


def read(session: Session, view: View, subset: Subset | None, column: str) -> Distribution:
    """Raises FilterError."""
    unsorted = replace(view, sort="")

    def query(where: str) -> browsing.Ids:
        return session.read(lambda db: browsing.ids(db, narrowed(unsorted, where)))

    ids, values = session.read(lambda db: browsing.scores(db, unsorted, column))
    fits = np.isfinite(values)
    if subset is not None:
        fits &= np.isin(ids, subset.sample_ids)
    ids, values = ids[fits], values[fits]
    decided = np.isin(ids, query(DECIDED))
    flagged = np.isin(ids, query("flagged")) & ~decided
    masks = (decided, flagged, ~decided & ~flagged)
    return Distribution(column, *(np.sort(values[mask]) for mask in masks))


def _inside(threshold: float, *, upward: bool) -> np.float32:
    """The outermost value beyond the threshold: the filter compares in double precision."""
    bound = np.float32(threshold)
    if (float(bound) < threshold) if upward else (float(bound) > threshold):
        bound = np.nextafter(bound, np.float32(np.inf if upward else -np.inf))
    return bound
