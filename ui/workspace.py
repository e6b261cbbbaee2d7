"""What every panel of an open project shares: the list shown, the sample in focus, the selection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from auditor.model import ChangeSet
from auditor.session import browsing
from auditor.session.browsing import ColumnKind, Ids, View
from auditor.settings import Settings
from ui.desk import Desk
from ui.thumbnails import ThumbnailCache

_STREAM = frozenset({"media", "finding", "metric", "project", "answer"})
_STREAM_MS = 1000
"""An import or an audit commits many times a second: what it brings is shown once a second."""
NONE: Ids = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Subset:
    """Samples picked by other means than the filter: a lasso, a search, a step of the history."""

    title: str
    sample_ids: Ids
    ordered: bool = False
    """Their own order counts (a search by likeness), not the view's."""


class Workspace(QObject):
    """The model behind the panels; they change it through its methods and follow its signals.

    The list stays as it is while samples of it are decided: nothing jumps away under the
    reviewer's eyes. It is read again when the view changes, or on `reload`.
    """

    view_changed = Signal(object)
    """A View, as soon as it is asked for."""
    subset_changed = Signal(object)
    """A Subset or None."""
    ids_changed = Signal()
    """`ids` is another list."""
    filter_failed = Signal(str)
    """The view's filter cannot be read: a sentence. `ids` stays."""
    focus_changed = Signal(object)
    """A sample id or None."""
    selection_changed = Signal()
    facts_changed = Signal()
    """`classes` or `columns` differ: after an import, an audit."""
    rows_changed = Signal(object)
    """A ChangeSet that alters what rows show."""
    row_expected = Signal(int, object, object)
    """A sample, and the verdict and labels (None: unknown) that are being written about it."""

    def __init__(self, desk: Desk, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.settings = settings
        self.thumbnails = ThumbnailCache(
            desk.session.thumbnails, settings.gallery.cache_mb << 20, self
        )
        self.view = View()
        self.subset: Subset | None = None
        self.ids: Ids = NONE
        self.focus: int | None = None
        self.selection: Ids = NONE
        self.classes: tuple[str, ...] = ()
        self.columns: Mapping[str, ColumnKind] = {}
        self._streamed = frozenset[str]()
        self._stream = QTimer(self, singleShot=True, interval=_STREAM_MS)
        self._stream.timeout.connect(self._tell_streamed)
        desk.changed.connect(self._on_change)

    def start(self) -> None:
        """Read the facts and the first list."""
        self._read_facts()
        self.reload()

    def set_view(self, view: View) -> None:
        if view != self.view:
            self.view = view
            self.view_changed.emit(view)
            self.reload()

    def set_subset(self, subset: Subset | None) -> None:
        self.subset = subset
        self.subset_changed.emit(subset)
        self.reload()

    def reload(self) -> None:
        """Read the list again, keeping focus and selection where their samples are still in it."""
        view, subset = self.view, self.subset
        self.desk.ask(
            lambda session: _within(session.read(lambda db: browsing.ids(db, view)), subset),
            self._show,
            lambda error: self.filter_failed.emit(str(error)),
            lane="ids",
            owner=self,
            urgent=True,
        )

    def set_focus(self, sample_id: int | None) -> None:
        if sample_id != self.focus:
            self.focus = sample_id
            self.focus_changed.emit(sample_id)

    def step(self, by: int) -> None:
        """Move the focus along the list; at its ends it stays."""
        if len(self.ids):
            place = self.place(self.focus)
            next_place = 0 if place is None else min(max(place + by, 0), len(self.ids) - 1)
            self.set_focus(int(self.ids[next_place]))

    def place(self, sample_id: int | None) -> int | None:
        """Where a sample stands in the list, or None."""
        if sample_id is None:
            return None
        places = np.flatnonzero(self.ids == sample_id)
        return int(places[0]) if len(places) else None

    def select(self, sample_ids: Ids) -> None:
        self.selection = sample_ids
        self.selection_changed.emit()

    def acted_on(self) -> Ids:
        """What a decision is about: the selection, else the sample in focus."""
        if len(self.selection):
            return self.selection
        return NONE if self.focus is None else np.array([self.focus], np.int64)

    def close(self) -> None:
        self.thumbnails.close()

    def _show(self, ids: Ids) -> None:
        self.ids = ids
        self.ids_changed.emit()
        if len(self.selection):
            self.select(self.selection[np.isin(self.selection, ids)])
        if self.place(self.focus) is None:
            self.set_focus(int(ids[0]) if len(ids) else None)

    def _read_facts(self) -> None:
        def keep(facts: tuple[tuple[str, ...], Mapping[str, ColumnKind]]) -> None:
            self.classes, self.columns = facts
            self.facts_changed.emit()

        self.desk.ask(
            lambda session: session.read(
                lambda db: (browsing.class_names(db), browsing.columns(db))
            ),
            keep,
            lane="facts",
            owner=self,
        )

    def _on_change(self, changes: ChangeSet) -> None:
        if changes.touches("sample", "class", "extra"):
            self._read_facts()
        if changes.touches("sample", "run"):
            self.reload()
        if changes.tables <= _STREAM:
            self._streamed |= changes.tables
            if not self._stream.isActive():
                self._stream.start()
        elif changes.touches("sample", "media", "finding", "run", "review", "answer"):
            self._tell(changes)

    def _tell_streamed(self) -> None:
        tables, self._streamed = self._streamed, frozenset()
        self._tell(ChangeSet(tables))

    def _tell(self, changes: ChangeSet) -> None:
        if changes.touches("media"):
            self.thumbnails.forget()
        self.rows_changed.emit(changes)


def _within(ids: Ids, subset: Subset | None) -> Ids:
    if subset is None:
        return ids
    if subset.ordered:
        return subset.sample_ids[np.isin(subset.sample_ids, ids)]
    return ids[np.isin(ids, subset.sample_ids)]
