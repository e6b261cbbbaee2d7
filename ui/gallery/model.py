"""The gallery's model: a million ids in memory, a few thousand rows at a time."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
)

from auditor.model import ChangeSet, Verdict
from auditor.session import browsing
from auditor.session.browsing import Ids, Row, State, View
from ui.desk import Desk

Index = QModelIndex | QPersistentModelIndex

WINDOW = 256
MAX_WINDOWS = 32
_IN_FLIGHT = 2
_REPAINT_MS = 33
_THERE = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

SampleIdRole = Qt.ItemDataRole.UserRole
RowRole = Qt.ItemDataRole.UserRole + 1


_FEW = 32
"""So few changed rows are read one by one."""


class GalleryModel(QAbstractTableModel):
    """Samples laid out row by row in a grid, for a QTableView with fixed sections.

    Not a QListView: that one lays out every item, and with a Python model of a million rows takes
    seconds on each resize. `data()` never waits: a row that is not here yet is asked for, newest
    wish first, and `dataChanged` tells when it came. Rows that changed are shown as they were
    until they are read again.
    """

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._view = View()
        self.ids: Ids = np.empty(0, np.int64)
        self._columns = 6
        self._generation = 0
        self._rows: OrderedDict[int, list[Row | None]] = OrderedDict()
        self._stale: set[int] = set()
        self._wished: OrderedDict[int, None] = OrderedDict()
        self._in_flight: set[int] = set()
        self._looked_at = range(0)
        self._news: set[int] = set()
        self._repaint = QTimer(self, singleShot=True, interval=_REPAINT_MS)
        self._repaint.timeout.connect(self._tell)

    def show_ids(self, ids: Ids, view: View) -> None:
        """Show another list, or the same one anew."""
        self.beginResetModel()
        self.ids, self._view = ids, view
        self._forget_rows()
        self.endResetModel()

    def set_columns(self, columns: int) -> None:
        """Re-flow the grid, keeping the rows already fetched."""
        if columns != self._columns:
            self.beginResetModel()
            self._columns = columns
            self.endResetModel()

    def look_at(self, first: int, stop: int) -> None:
        """Say which positions are on the screen: wishes for others are withdrawn."""
        self._looked_at = range(first // WINDOW, -(-stop // WINDOW))
        for window in [one for one in self._wished if one not in self._looked_at]:
            del self._wished[window]
        self._wish_for_looked_at()

    def rows_changed(self, changes: ChangeSet) -> None:
        """Fetch again what the change touches: what is on the screen at once, the rest when seen."""
        known = [*self._rows, *self._in_flight]
        if changes.sample_ids is not None:
            changed = frozenset[int](changes.sample_ids)
            if len(changed) <= _FEW and not self._in_flight:
                self._patch(changed)
                return
            known = [w for w in known if not changed.isdisjoint(self._window_ids(w).tolist())]
        self._stale.update(known)
        self._wish_for_looked_at()

    def row(self, position: int) -> Row | None:
        """What is known about a position now; None where it is still asked for."""
        window, offset = divmod(position, WINDOW)
        rows = self._rows.get(window)
        if rows is None or window in self._stale:
            self._wish(window)
        if rows is None:
            return None
        self._rows.move_to_end(window)
        return rows[offset]

    def position(self, index: Index) -> int:
        return index.row() * self._columns + index.column()

    # Qt overrides

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else -(-len(self.ids) // self._columns)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else self._columns

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or (position := self.position(index)) >= len(self.ids):
            return None
        if role == SampleIdRole:
            return int(self.ids[position])
        if role == RowRole:
            return self.row(position)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(position)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        # From the id array alone: Ctrl+A must not fetch a million rows.
        if index.isValid() and self.position(index) < len(self.ids):
            return _THERE
        return Qt.ItemFlag.NoItemFlags

    def _spoken(self, position: int) -> str:
        row = self.row(position)
        if row is None:
            return self.tr("Sample {id}").format(id=int(self.ids[position]))
        verdict = row.verdict if row.state is not State.UNSEEN else None
        said = verdict or (self.tr("flagged") if row.flagged else "")
        return ", ".join(part for part in (*row.labels, said, row.path) if part)

    # fetching

    def _forget_rows(self) -> None:
        self._generation += 1
        for held in (self._rows, self._stale, self._wished, self._in_flight, self._news):
            held.clear()
        self._looked_at = range(0)

    def _window_ids(self, window: int) -> Ids:
        return self.ids[window * WINDOW : (window + 1) * WINDOW]

    def _wish_for_looked_at(self) -> None:
        for window in self._looked_at:
            if window not in self._rows or window in self._stale:
                self._wish(window)

    def _wish(self, window: int) -> None:
        if window not in self._in_flight and window * WINDOW < len(self.ids):
            self._wished[window] = None
            self._wished.move_to_end(window)
            self._ask()

    def _ask(self) -> None:
        while self._wished and len(self._in_flight) < _IN_FLIGHT:
            window, _ = self._wished.popitem()
            self._in_flight.add(window)
            self._stale.discard(window)  # what changes from now on is seen on the answer
            ids, view = self._window_ids(window).tolist(), self._view
            self._desk.ask(
                partial(_read, view, ids),
                partial(self._receive, self._generation, window, ids),
                partial(self._fail, self._generation, window, ids),
                owner=self,
                urgent=True,
            )

    def expect(self, sample_id: int, verdict: str | None, labels: tuple[str, ...] | None) -> None:
        """Show a decision that is being written; the rows are read again after its commit."""
        for window, offset in self._places(frozenset([sample_id])):
            row = self._rows[window][offset]
            if row is not None:
                then = labels or _labels_then(row, verdict)
                self._rows[window][offset] = replace(
                    row, verdict=verdict, labels=then, state=_state_then(verdict)
                )
                self._news.add(window)
        self._tell()

    def _places(self, sample_ids: frozenset[int]) -> list[tuple[int, int]]:
        """Window and offset of those whose rows are here."""
        return [
            (window, offset)
            for window in self._rows
            for offset, i in enumerate(self._window_ids(window).tolist())
            if i in sample_ids
        ]

    def _patch(self, changed: frozenset[int]) -> None:
        """Read a few rows anew, and not the windows they are in."""

        def keep(generation: int, rows: list[Row]) -> None:
            if generation != self._generation:
                return
            by_id = {row.sample_id: row for row in rows}
            for window, offset in self._places(frozenset(by_id)):
                self._rows[window][offset] = by_id[int(self._window_ids(window)[offset])]
                self._news.add(window)
            self._tell()

        if self._places(changed):
            self._desk.ask(
                partial(_read, self._view, sorted(changed)),
                partial(keep, self._generation),
                owner=self,
                urgent=True,
            )

    def _receive(self, generation: int, window: int, ids: list[int], rows: list[Row]) -> None:
        if generation != self._generation:
            return
        self._in_flight.discard(window)
        by_id = {row.sample_id: row for row in rows}
        self._rows[window] = [by_id.get(i) for i in ids]
        self._rows.move_to_end(window)
        while len(self._rows) > MAX_WINDOWS:
            old, _ = self._rows.popitem(last=False)
            self._stale.discard(old)
        self._news.add(window)
        if not self._repaint.isActive():
            self._tell()
            self._repaint.start()
        if window in self._stale and window in self._looked_at:
            self._wish(window)
        self._ask()

    def _fail(self, generation: int, window: int, ids: list[int], error: Exception) -> None:
        """Keep what is shown; the window is read again once something changes."""
        if generation == self._generation:
            self._desk.trouble.emit(str(error))
            held = self._rows.get(window, [])
            self._receive(generation, window, ids, [row for row in held if row is not None])

    def _tell(self) -> None:
        for window in sorted(self._news):
            first = window * WINDOW // self._columns
            last = min((window + 1) * WINDOW // self._columns, self.rowCount() - 1)
            self.dataChanged.emit(self.index(first, 0), self.index(last, self._columns - 1))
        self._news.clear()


def _state_then(verdict: str | None) -> State:
    if verdict is None:
        return State.UNSEEN
    return State.DEFERRED if verdict == Verdict.DEFER else State.DECIDED


def _labels_then(row: Row, verdict: str | None) -> tuple[str, ...]:
    if verdict == Verdict.ACCEPT:
        return row.suggested or row.labels
    return row.labels if verdict == Verdict.RELABEL else row.given


def _read(view: View, ids: list[int], session: Any) -> list[Row]:
    rows: list[Row] = session.read(lambda db: browsing.rows(db, view, ids))
    return rows
