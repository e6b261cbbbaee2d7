"""What is selected in the gallery, and what keys and clicks make of it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from ui.gallery.ranges import Ranges
from ui.workspace import NONE, Workspace


class Picker(QObject):
    """The selection as positions of the list, linked both ways with the workspace's sample ids."""

    changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._anchor: int | None = None
        self._is_mine = False
        self.ranges = Ranges.none()
        workspace.selection_changed.connect(self._follow)
        workspace.ids_changed.connect(self._start_over)

    def go(self, place: int, *, extend: bool = False) -> None:
        """Focus a place; `extend` selects from where the range began, else nothing is selected."""
        if extend:
            start = self._anchor if self._anchor is not None else self._focus_place(place)
            self._anchor = start
            self._select(Ranges.span(min(start, place), max(start, place) + 1))
        else:
            self.none()
            self._anchor = place
        self._workspace.set_focus(int(self._workspace.ids[place]))

    def toggle(self, place: int) -> None:
        """Take a place in or out; the focus goes there."""
        self._anchor = place
        self._select(self.ranges ^ Ranges.span(place, place + 1))
        self._workspace.set_focus(int(self._workspace.ids[place]))

    def toggle_focus(self) -> None:
        place = self._workspace.place(self._workspace.focus)
        if place is not None:
            self.toggle(place)

    def all(self) -> None:
        self._select(Ranges.span(0, len(self._workspace.ids)))

    def none(self) -> None:
        if len(self.ranges):
            self._select(Ranges.none())

    def show(self, ranges: Ranges) -> None:
        """Show a selection that is still being drawn; `keep` tells the other panels."""
        self.ranges = ranges
        self.changed.emit()

    def keep(self) -> None:
        self._select(self.ranges)

    def _focus_place(self, otherwise: int) -> int:
        place = self._workspace.place(self._workspace.focus)
        return otherwise if place is None else place

    def _select(self, ranges: Ranges) -> None:
        self.show(ranges)
        self._is_mine = True
        try:
            self._workspace.select(ranges.take(self._workspace.ids) if len(ranges) else NONE)
        finally:
            self._is_mine = False

    def _follow(self) -> None:
        if self._is_mine:
            return
        ids, selection = self._workspace.ids, self._workspace.selection
        if selection is ids:
            self.show(Ranges.span(0, len(ids)))
        elif not len(selection):
            self.show(Ranges.none())
        else:
            self.show(Ranges.of(np.flatnonzero(np.isin(ids, selection)).astype(np.int64)))

    def _start_over(self) -> None:
        """Another list: the places mean other samples. What stays selected is told of next."""
        self._anchor = None
        self.ranges = Ranges.none()
