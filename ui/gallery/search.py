"""Lists by likeness: more like this sample, or like words where the encoder reads words."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from auditor.session import Session
from auditor.session.similar import Ranked
from ui.workspace import Subset, Workspace


class Search(QObject):
    """Asks the engine, and shows the answer as a subset in its own order."""

    busy = Signal(bool)
    failed = Signal(str)

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace

    def like_focus(self) -> None:
        """More like the sample in focus."""
        sample_id = self._workspace.focus
        if sample_id is not None:
            title = self.tr("Like sample {id}").format(id=sample_id)
            self._ask(title, lambda session: session.searcher.like(sample_id))

    def words(self, words: str) -> None:
        if words.strip():
            self._ask(f"“{words.strip()}”", lambda session: session.searcher.text(words.strip()))

    def _ask(self, title: str, question: Callable[[Session], Ranked]) -> None:
        def show(ranked: Ranked) -> None:
            self.busy.emit(False)
            self._workspace.set_subset(Subset(title, ranked.sample_ids, ordered=True))

        def fail(error: Exception) -> None:
            self.busy.emit(False)
            self.failed.emit(str(error))

        self.busy.emit(True)
        self._workspace.desk.ask(question, show, fail, lane="likeness", owner=self, slow=True)
