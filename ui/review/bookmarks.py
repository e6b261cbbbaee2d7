"""Where the reviewer was in each check's findings, kept in the project."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from auditor.session import browsing
from auditor.session.browsing import View
from ui.workspace import Workspace

_KEY = "queue"
_SETTLED_MS = 1000


@dataclass(frozen=True, slots=True)
class Bookmark:
    view: View
    focus: int


class Bookmarks(QObject):
    """One place per check. It follows the focus, but not to the head of a list: there is where a
    list opens, and nothing to go on with."""

    changed = Signal()

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._marks: dict[str, Bookmark] = {}
        self._later = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._later.timeout.connect(self.write)
        self._view = workspace.view
        workspace.ids_changed.connect(self._note_view)
        workspace.focus_changed.connect(self._follow)
        workspace.desk.ask(
            lambda session: session.read(lambda db: browsing.recall(db, _KEY)),
            self._recall,
            owner=self,
        )

    def of(self, check_id: str) -> Bookmark | None:
        return self._marks.get(check_id)

    def write(self) -> None:
        """Put them into the project's file now."""
        self._later.stop()
        value = {
            check_id: {"view": asdict(mark.view), "focus": mark.focus}
            for check_id, mark in self._marks.items()
        }
        self._workspace.desk.act(
            lambda session: session.store.write(browsing.Remember(_KEY, value)).result(),
            lambda _done: None,
            lambda _error: None,  # a full disk: the place is lost, no decision is
            owner=self,
        )

    def _note_view(self) -> None:
        self._view = self._workspace.view  # until the list has come, the focus is in the old one

    def _follow(self, focus: int | None) -> None:
        view = self._view
        if focus is None or view.check_id is None or not self._workspace.place(focus):
            return
        self._marks[view.check_id] = Bookmark(replace(view, as_of=None), focus)
        self.changed.emit()
        self._later.start()

    def _recall(self, value: Any) -> None:
        if not isinstance(value, dict):
            return
        for check_id, mark in value.items():
            try:
                known = Bookmark(View(**mark["view"]), int(mark["focus"]))
            except (KeyError, TypeError, ValueError):  # another version's memory
                continue
            self._marks.setdefault(check_id, known)
        self.changed.emit()
