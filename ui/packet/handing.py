"""A project's packets: handed out by a dialog, taken back with a sentence about what came."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from auditor.session import Session
from auditor.session.browsing import View
from auditor.session.errors import sentence
from auditor.session.packets import Made, MergedPackets, Packets, StalePacketError
from ui.notice import Notice
from ui.packet.make_dialog import MakePacketDialog
from ui.start.choosing import PACKETS
from ui.workspace import Subset, Workspace


class Handing(QObject):
    """Of one project's window."""

    shown = Signal()
    """Samples are listed that the user wanted to see."""

    def __init__(self, workspace: Workspace, notice: Notice, window: QWidget) -> None:
        super().__init__(window)
        self._workspace, self._notice, self._window = workspace, notice, window

    def hand_out(self) -> None:
        """Ask who gets what, beginning with what is looked at."""
        view = self._workspace.view
        dialog = MakePacketDialog(self._workspace.desk, view.check_id, self._window)
        dialog.made.connect(self._tell_made)
        dialog.open()

    def choose(self) -> None:
        """Ask for packets that came back."""
        kinds = self.tr("Review packets ({patterns});;All files (*)").format(patterns=PACKETS)
        names, _ = QFileDialog.getOpenFileNames(
            self._window, self.tr("Packets that came back"), "", kinds
        )
        if names:
            self.take_back([Path(name) for name in names])

    def take_back(self, paths: Sequence[Path], *, skip_stale: bool = False) -> None:
        """Take the answers in as votes: of all packets or, where one is refused, of none."""

        def work(session: Session) -> MergedPackets:
            return Packets(session.store, session.folder).merge(paths, skip_stale=skip_stale)

        self._workspace.desk.act(work, self._tell_merged, partial(self._refuse, paths), owner=self)

    def _tell_made(self, made: Made) -> None:
        self._notice.tell(
            self.tr(
                "{file} is written: {items:,} pictures. Send it to the reviewer, who opens it with"
                " this program; no project is needed."
            ).format(file=made.path.name, items=made.items),
            button=self.tr("Show the file"),
            way=lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(made.path.parent))),
        )

    def _tell_merged(self, done: MergedPackets) -> None:
        parts = [
            self.tr("{answered:,} answers came, {votes:,} new votes.").format(
                answered=done.answered, votes=done.votes
            )
        ]
        if done.unanswered:
            parts.append(self.tr("Not answered: {n:,}.").format(n=done.unanswered))
        if done.stale:
            parts.append(self.tr("Left out because they changed: {n:,}.").format(n=done.stale))
        parts += [
            self.tr("{who} knew {right:,} of {judged:,} known ones.").format(
                who=who, right=gold.right, judged=gold.judged
            )
            for who, gold in done.gold.items()
        ]
        if not done.conflicts:
            self._notice.tell(" ".join(parts))
            return
        parts.append(
            self.tr("Annotators differ about {n:,} samples.").format(n=len(done.conflicts))
        )
        self._notice.tell(
            " ".join(parts),
            button=self.tr("Show them"),
            way=partial(self._show, done.conflicts),
        )

    def _show(self, sample_ids: Sequence[int]) -> None:
        title = self.tr("Annotators differ")
        self._workspace.set_view(View())
        self._workspace.set_subset(Subset(title, np.array(sample_ids, np.int64)))
        self.shown.emit()

    def _refuse(self, paths: Sequence[Path], error: Exception) -> None:
        words = sentence(error)
        words = words[:1].upper() + words[1:]
        if isinstance(error, StalePacketError):
            self._notice.tell(
                words.partition(": merge with")[0] + ".",
                trouble=True,
                button=self.tr("Take the others in"),
                way=partial(self.take_back, paths, skip_stale=True),
            )
        else:
            self._notice.tell(f"{words}.", trouble=True)
