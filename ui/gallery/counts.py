"""How many samples the list has, of how many, and how the review of them stands."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel, QWidget

from auditor.model import ChangeSet
from auditor.session import Session, browsing
from auditor.session.browsing import Tally, View
from ui.workspace import Workspace

_WAIT_MS = 250
"""Counting a million samples after each of many decisions would hold up what is asked for."""


class Counts(QLabel):
    """One line that always follows the filter."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._wait = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._wait.timeout.connect(self._count)
        self.setAccessibleName(self.tr("Counts"))
        workspace.ids_changed.connect(self._begin)
        workspace.rows_changed.connect(self._follow)
        workspace.selection_changed.connect(self._show_selection)
        self._said = ""
        self._total: int | None = None
        self._count()

    def _follow(self, changes: ChangeSet) -> None:
        if changes.touches("sample"):
            self._total = None
        self._begin()

    def _begin(self) -> None:
        if not self._wait.isActive():
            self._wait.start()

    def _count(self) -> None:
        # Of a subset only its own length is told: the engine counts by filters.
        total = self._total
        asked = self._workspace.view if self._workspace.subset is None else None

        def tallies(session: Session) -> tuple[Tally | None, int]:
            found = session.read(lambda db: browsing.tally(db, asked)) if asked else None
            if total is not None:
                return found, total
            return found, session.read(lambda db: browsing.tally(db, View())).samples

        self._workspace.desk.ask(
            tallies,
            lambda found: self._show(*found),
            lambda _error: None,  # the filter cannot be read: the bar says so
            lane="counts",
            owner=self,
            slow=True,
        )

    def _show(self, tally: Tally | None, total: int) -> None:
        self._total = total
        if tally is None:
            shown = len(self._workspace.ids)
            self._said = self.tr("{0} of {1} samples").format(f"{shown:,}", f"{total:,}")
        else:
            of_all = self.tr("{0} samples").format(f"{total:,}")
            if tally.samples != total:
                of_all = self.tr("{0} of {1} samples").format(f"{tally.samples:,}", f"{total:,}")
            parts = [of_all]
            if self._workspace.view.check_id is not None:
                parts.append(self.tr("{0} flagged").format(f"{tally.flagged:,}"))
            parts.append(self.tr("{0} decided").format(f"{tally.decided:,}"))
            if tally.deferred:
                parts.append(self.tr("{0} deferred").format(f"{tally.deferred:,}"))
            self._said = " · ".join(parts)
        self._show_selection()

    def _show_selection(self) -> None:
        selected = len(self._workspace.selection)
        more = " · " + self.tr("{0} selected").format(f"{selected:,}") if selected else ""
        self.setText(self._said + more)
