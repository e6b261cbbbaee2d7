"""Which samples of the list still wait for a decision."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject

from auditor.model import ChangeSet
from auditor.session import Session, browsing
from auditor.session.browsing import Ids, Row, State, View
from ui.workspace import NONE, Workspace

_FEW = 512
"""Up to so many changed samples are looked at one by one; above, the whole list is."""

Flags = npt.NDArray[np.bool_]


class Waiting(QObject):
    """Follows the list and its decisions. Until the engine has answered, every sample waits."""

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._waits: Flags = np.ones(len(workspace.ids), np.bool_)
        self._news: list[tuple[Ids, bool]] | None = None
        """Marks made while the engine looks at the whole list: its answer lacks them."""
        workspace.ids_changed.connect(self._begin)
        workspace.rows_changed.connect(self._follow)
        self._begin()

    def after(self, place: int, beside: Ids = NONE) -> int | None:
        """The next place that waits and holds none of the samples `beside`; never one before."""
        waits = self._waits[place + 1 :]
        if len(beside):
            waits = waits & ~np.isin(self._workspace.ids[place + 1 :], beside)
        ahead = int(waits.argmax()) if len(waits) else 0
        return place + 1 + ahead if len(waits) and waits[ahead] else None

    def before(self, place: int) -> int:
        """How many places before this one wait."""
        return int(np.count_nonzero(self._waits[:place]))

    def mark(self, sample_ids: Ids, waits: bool) -> None:
        """Say what the engine will say once it has written."""
        self._waits[np.isin(self._workspace.ids, sample_ids)] = waits
        if self._news is not None:
            self._news.append((sample_ids, waits))

    def _begin(self) -> None:
        self._waits = np.ones(len(self._workspace.ids), np.bool_)
        self._read()

    def _read(self) -> None:
        ids, check_id = self._workspace.ids, self._workspace.view.check_id
        if len(ids):
            self._news = []
            self._workspace.desk.ask(
                lambda session: (ids, _waiting(session, ids, check_id)),
                self._keep,
                lane="waiting",
                owner=self,
            )

    def _keep(self, answer: tuple[Ids, Flags]) -> None:
        ids, waits = answer
        if ids is self._workspace.ids:
            self._waits = waits
            news, self._news = self._news or [], None
            for sample_ids, still in news:
                self.mark(sample_ids, still)

    def _follow(self, changes: ChangeSet) -> None:
        if not changes.touches("review"):
            return
        if changes.sample_ids is None or len(changes.sample_ids) > _FEW:
            self._read()
            return
        view = View(check_id=self._workspace.view.check_id)
        ids = list(changes.sample_ids)
        self._workspace.desk.ask(
            lambda session: session.read(lambda db: browsing.rows(db, view, ids)),
            self._note,
            owner=self,
        )

    def _note(self, rows: list[Row]) -> None:
        for waits in (True, False):
            some = [r.sample_id for r in rows if (r.state is not State.DECIDED) is waits]
            if some:
                self.mark(np.array(some, np.int64), waits)


def _waiting(session: Session, ids: Ids, check_id: str | None) -> Flags:
    view = View(check_id=check_id, where=f"state = '{State.DECIDED}'")
    decided = session.read(lambda db: browsing.ids(db, view))
    return ~np.isin(ids, decided)
