"""Places in a list as ranges: a million of them selected are two numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.session.browsing import Ids


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """A set of places. `edges` rise strictly; a place is in where an odd number are at or below it."""

    edges: Ids

    @classmethod
    def none(cls) -> Ranges:
        return cls(np.empty(0, np.int64))

    @classmethod
    def span(cls, first: int, stop: int) -> Ranges:
        """From `first` up to but not with `stop`."""
        return cls(np.array([first, stop] if first < stop else [], np.int64))

    @classmethod
    def of(cls, places: Ids) -> Ranges:
        """Of sorted, distinct places."""
        if not len(places):
            return cls.none()
        gaps = np.flatnonzero(np.diff(places) > 1)
        starts = places[np.concatenate([[0], gaps + 1])]
        stops = places[np.concatenate([gaps, [len(places) - 1]])] + 1
        return cls(np.column_stack([starts, stops]).ravel())

    @classmethod
    def block(cls, rows: range, columns: range, width: int, length: int) -> Ranges:
        """Of a rectangle in a grid `width` wide that holds `length` places."""
        starts = np.arange(rows.start, rows.stop, dtype=np.int64) * width + columns.start
        stops = np.minimum(starts + len(columns), length)
        is_there = starts < stops
        return cls.none() | cls(np.column_stack([starts[is_there], stops[is_there]]).ravel())

    def __contains__(self, place: int) -> bool:
        return bool(np.searchsorted(self.edges, place, "right") & 1)

    def __len__(self) -> int:
        return int((self.edges[1::2] - self.edges[::2]).sum())

    def __xor__(self, other: Ranges) -> Ranges:
        """What is in one of the two only: how a place is toggled."""
        edges, times = np.unique(np.concatenate([self.edges, other.edges]), return_counts=True)
        return Ranges(edges[times == 1])

    def __or__(self, other: Ranges) -> Ranges:
        edges = np.concatenate([self.edges, other.edges])
        rises = np.concatenate([_rises(self.edges), _rises(other.edges)])
        order = np.lexsort((-rises, edges))  # where one range ends and another begins, they are one
        depth = np.cumsum(rises[order])
        before = depth - rises[order]
        return Ranges(edges[order][(depth == 0) | (before == 0)])

    def take(self, ids: Ids) -> Ids:
        """Those of the list; one range is no copy."""
        if len(self.edges) == 2:
            return ids[self.edges[0] : self.edges[1]]
        depth = np.zeros(len(ids) + 1, np.int8)
        depth[self.edges] = _rises(self.edges)
        is_in = np.cumsum(depth[:-1], dtype=np.int8).astype(bool)
        chosen: Ids = ids[is_in]
        return chosen


def _rises(edges: Ids) -> Ids:
    """+1 where a range begins, -1 where it ends."""
    return np.where(np.arange(len(edges)) & 1, -1, 1).astype(np.int64)
