"""Whose findings are looked at: all samples, or those that a check flagged."""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from auditor.session import Session, browsing, planning
from auditor.session.browsing import View
from ui.elided_combo import ElidedCombo
from ui.gallery import expression
from ui.gallery.expression import Term
from ui.workspace import Workspace

_NARROWEST = 110
_OF_CHECK = ("flagged", "p_error", "quality")
"""Columns that mean a check's findings."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A check with a finished run."""

    check_id: str
    title: str
    flagged: int
    has_p_error: bool


class CheckPicker(ElidedCombo):
    """Choosing a check shows what it flagged, the likeliest errors first."""

    known = Signal()
    """What checks there are, and `score`, may differ now."""

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._finished: dict[str, Finished] = {}
        self.setAccessibleName(self.tr("Check"))
        self.setMinimumContentsLength(20)
        self.setMinimumWidth(_NARROWEST)  # in a small window the filter needs the room
        self.setSizeAdjustPolicy(self.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.activated.connect(lambda _index: self._choose(self.currentData()))
        workspace.facts_changed.connect(self._read)
        workspace.view_changed.connect(self._show)
        workspace.rows_changed.connect(
            lambda changes: self._read() if changes.touches("run") else None
        )
        self._fill({})
        self._read()

    @property
    def score(self) -> str:
        """The column that says how suspicious the check in use finds a sample."""
        check = self._finished.get(self._workspace.view.check_id or "")
        return "quality" if check is not None and not check.has_p_error else "p_error"

    def _read(self) -> None:
        self._workspace.desk.ask(
            _finished, self._fill, lambda _error: None, lane="checks", owner=self, slow=True
        )

    def _fill(self, finished: dict[str, Finished]) -> None:
        self._finished = finished
        self.clear()
        self.addItem(self.tr("All samples"), None)
        for check in finished.values():
            text = self.tr("{title} ({count})").format(
                title=check.title, count=f"{check.flagged:,}"
            )
            self.addItem(text, check.check_id)
        self._show(self._workspace.view)
        self.known.emit()

    def _show(self, view: View) -> None:
        self.setCurrentIndex(max(self.findData(view.check_id), 0))
        self.setToolTip(self.currentText())

    def _choose(self, check_id: str | None) -> None:
        view = self._workspace.view
        where = view.where
        for column in _OF_CHECK:
            where = expression.written(where, column, ())
        if check_id is None:
            sort = "" if view.sort in _OF_CHECK else view.sort
            view = replace(view, check_id=None, where=where, sort=sort, descending=False)
        else:
            has_p_error = self._finished[check_id].has_p_error
            view = replace(
                view,
                check_id=check_id,
                where=expression.written(where, "flagged", [Term("flagged")]),
                sort="p_error" if has_p_error else "quality",
                descending=has_p_error,
            )
        self._workspace.set_view(view)


def _finished(session: Session) -> dict[str, Finished]:
    runs = session.read(planning.last_runs)
    found: dict[str, Finished] = {}
    for spec in planning.specs():
        run = runs.get(spec.id)
        if run is not None and run["state"] == "done":
            scored = View(check_id=spec.id, where="p_error is not null")
            count = session.read(lambda db, view=scored: browsing.tally(db, view)).samples  # type: ignore[misc]
            found[spec.id] = Finished(spec.id, spec.title, int(run["flagged"]), count > 0)
    return found
