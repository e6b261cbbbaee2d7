"""Many small pictures of one pair of classes at once: mark the exceptions, accept the rest."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from auditor.model import ChangeSet, Verdict
from auditor.session import browsing
from auditor.session.browsing import Pair, Row, State
from auditor.session.errors import sentence
from ui.commands import Command, Commands
from ui.review import findings
from ui.review.findings import UnseenPairs
from ui.review.pair_choice import PairChoice
from ui.review.pieces import breakable
from ui.review.wall_bar import WallBar
from ui.review.wall_grid import ACCEPT, WallGrid
from ui.workspace import Workspace


class WallPanel(QWidget):
    """The list shown, a page at a time, where it is one pair's; else it offers the pairs.

    Nothing is accepted whose picture was not on the screen.
    """

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._pair: Pair | None = None
        self._done: set[int] = set()
        self._start = 0
        self._title = QLabel(self)
        self._title.setWordWrap(True)
        self._title.setTextFormat(Qt.TextFormat.RichText)
        self._choice = PairChoice(self)
        self._grid = WallGrid(workspace.thumbnails, commands, self)
        self._bar = WallBar(self)
        self._lay_out()
        self.setFocusProxy(self._grid)
        self._connect()
        commands.add(
            Command("wall.next", self.tr("Next pair of classes"), self.tr("Look"), ("Ctrl+Right",)),
            self.next_pair,
        )
        self._commands = commands
        commands.changed.connect(self._show_keys)
        self._show_keys()

    @property
    def grid(self) -> WallGrid:
        return self._grid

    @property
    def pair(self) -> Pair | None:
        """The pair whose wall is shown."""
        return self._pair

    @property
    def said(self) -> str:
        return self._bar.said

    def show_pair(self, pair: Pair) -> None:
        """List the pair's findings, here and everywhere."""
        view = self._choice.list_of(pair)
        if view is not None:
            self._workspace.set_subset(None)
            self._workspace.set_view(view)

    def next_pair(self) -> None:
        """The pair with the most findings that was not gone through yet."""
        if self._pair is not None:
            self._choice.go_through(self._pair)
        following = self._choice.following
        if following is not None:
            self.show_pair(following)
        else:
            self._pair = None
            self._show_title()
            self._show_page()

    def accept(self) -> None:
        """One step for the page: the suggestion where it holds, and what exceptions become."""
        if not self._may_accept():
            return
        page = self._grid.to_decide
        exceptions = [i for i in page if i in self._grid.exceptions]
        parts: dict[Verdict, Sequence[int]] = {
            Verdict.ACCEPT: [i for i in page if i not in self._grid.exceptions]
        }
        verdict = self._bar.exception_verdict
        if verdict is not None and exceptions:
            parts[verdict] = exceptions
        self._write({name: ids for name, ids in parts.items() if ids})
        self._done.update(self._shown())
        self._turn_on()

    # what there is

    def _lay_out(self) -> None:
        self._grid.exception_verdict = self._bar.exception_verdict
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self._choice)
        column = QVBoxLayout(self)
        column.addLayout(top)
        column.addWidget(self._grid, 1)
        column.addWidget(self._bar)

    def _connect(self) -> None:
        workspace, grid = self._workspace, self._grid
        workspace.ids_changed.connect(self._take_list)
        workspace.focus_changed.connect(self._follow_focus)
        workspace.rows_changed.connect(self._follow_rows)
        grid.capacity_changed.connect(self._show_page)
        grid.moved.connect(workspace.set_focus)
        grid.toggled.connect(lambda _id: self._count())
        grid.entered.connect(self.accept)
        grid.paged.connect(self._turn)
        self._bar.sized.connect(grid.set_side)
        self._bar.exceptions_chosen.connect(self._choose_exceptions)
        self._bar.accepted.connect(self.accept)
        self._choice.chosen.connect(self._choose_pair)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._read_pairs()

    def hideEvent(self, event: QHideEvent) -> None:
        self._grid.show_page(())
        super().hideEvent(event)

    # the pair

    def _read_pairs(self) -> None:
        check_id = self._workspace.view.check_id
        self._workspace.desk.ask(
            lambda session: findings.read_unseen(session, check_id),
            self._take_pairs,
            lane="wall-pairs",
            owner=self,
            slow=True,
        )

    def _take_pairs(self, found: UnseenPairs | None) -> None:
        self._choice.show_pairs(found)
        self._take_list()
        if self._pair is None and self._choice.count() and self.isVisible():
            self.next_pair()

    def _choose_pair(self, pair: Pair) -> None:
        self.show_pair(pair)
        self._grid.setFocus()

    def _take_list(self) -> None:
        """The workspace has another list: see whether it is a pair's."""
        if not self.isVisible():
            return
        view, listed = self._workspace.view, self._choice.check_id
        self._pair = self._choice.of(view)
        self._choice.show_current(self._pair)
        self._start = 0
        self._done.clear()
        self._grid.exceptions.clear()
        if listed is not None and view.check_id not in {None, listed}:
            self._read_pairs()
        self._show_title()
        self._show_page()
        self._follow_focus(self._workspace.focus)

    def _show_keys(self) -> None:
        self._bar.show_key(self._commands.shown(ACCEPT))
        self._show_title()

    def _show_title(self) -> None:
        if self._pair is None:
            text = (
                self.tr("Choose a pair of classes.")
                if self._choice.following is not None
                else self.tr("No pair of classes is left to look at.")
            )
        else:
            text = self.tr(
                "These are labelled <b>{given}</b>; the audit suggests <b>{suggested}</b>."
                " Click the exceptions; {key} accepts the rest."
            ).format(
                given=breakable(html.escape(self._pair.given)),
                suggested=breakable(html.escape(self._pair.suggested)),
                key=html.escape(self._commands.shown(ACCEPT)) or self.tr("the button"),
            )
        self._title.setText(text)

    # the page

    def _shown(self) -> list[int]:
        if self._pair is None:
            return []
        some: list[int] = self._workspace.ids[
            self._start : self._start + self._grid.capacity
        ].tolist()
        return some

    def _show_page(self) -> None:
        if not self.isVisible():
            return
        self._start -= self._start % self._grid.capacity
        ids, stop = self._shown(), self._start + self._grid.capacity
        ahead = self._workspace.ids[stop : stop + self._grid.capacity].tolist()
        self._grid.show_page(ids, ahead if self._pair else ())
        self._grid.set_current(self._workspace.focus)
        self._read_rows(ids)
        self._count()

    def _read_rows(self, ids: list[int]) -> None:
        view = self._workspace.view
        if ids:
            self._workspace.desk.ask(
                lambda session: session.read(lambda db: browsing.rows(db, view, ids)),
                self._take_rows,
                lane="wall-rows",
                owner=self,
            )

    def _read_done(self, ids: list[int]) -> None:
        """What was undone waits again, whichever page it is on."""
        view = self._workspace.view

        def take(rows: list[Row]) -> None:
            self._done.difference_update(row.sample_id for row in rows if row.state is State.UNSEEN)

        self._workspace.desk.ask(
            lambda session: session.read(lambda db: browsing.rows(db, view, ids)),
            take,
            owner=self,
        )

    def _take_rows(self, rows: list[Row]) -> None:
        self._grid.show_rows(rows)
        self._done.update(row.sample_id for row in rows if row.state is not State.UNSEEN)
        self._count()

    def _count(self) -> None:
        every = len(self._workspace.ids) if self._pair else 0
        self._bar.show_page(self._start, self._grid.capacity, every)
        page = self._grid.to_decide
        rest = sum(i not in self._grid.exceptions for i in page)
        self._bar.show_rest(rest, can_accept=bool(page))

    def _turn(self, by: int) -> None:
        start = self._start + by * self._grid.capacity
        if 0 <= start < len(self._workspace.ids):
            self._open(start)

    def _open(self, start: int) -> None:
        """The page with this place."""
        self._start = start
        self._show_page()
        shown = self._shown()
        if shown and self._workspace.focus not in shown:
            self._workspace.set_focus(shown[0])

    def _turn_on(self) -> None:
        """To the next page with something to decide, from the start at last; else the next pair."""
        ids = self._workspace.ids
        waits = ~np.isin(ids, list(self._done))
        places = np.flatnonzero(waits)
        if not len(places):
            self.next_pair()
            return
        later = places[places >= self._start]
        self._open(int(later[0] if len(later) else places[0]))

    def _follow_focus(self, focus: int | None) -> None:
        if not self.isVisible() or self._pair is None:
            return
        place = self._workspace.place(focus)
        if place is not None and not 0 <= place - self._start < self._grid.capacity:
            self._start = place
            self._show_page()
        self._grid.set_current(focus)

    def _follow_rows(self, changes: ChangeSet) -> None:
        if not self.isVisible() or not changes.touches("review"):
            return
        self._read_rows(self._shown())
        changed = changes.sample_ids
        gone_by = self._done if changed is None else self._done.intersection(changed)
        if gone_by:
            self._read_done(list(gone_by))

    # deciding

    def _may_accept(self) -> bool:
        if self._pair is None or not self._grid.to_decide:
            return False
        if self._workspace.view.as_of is not None:
            self._say(self.tr("This is the set as of an earlier step: go back to now to decide."))
            return False
        if not self._grid.is_complete:
            self._say(self.tr("Some pictures are still on their way."))
            return False
        return True

    def _write(self, parts: Mapping[Verdict, Sequence[int]]) -> None:
        """Write it in the background; where that fails, come back to the page."""
        if not parts or self._pair is None:
            return
        check_id, title = self._workspace.view.check_id, self._step_title(parts)
        count = sum(map(len, parts.values()))
        shown, start, view = self._shown(), self._start, self._workspace.view

        def failed(error: Exception) -> None:
            self._done.difference_update(shown)
            self._workspace.desk.trouble.emit(sentence(error))
            if self._workspace.view == view:
                self._open(start)
            else:
                self._workspace.set_view(view)

        self._workspace.desk.act(
            lambda session: session.decide_together(parts, title, check_id=check_id),
            lambda _changed: self._say(self.tr("{count} decided.").format(count=f"{count:,}")),
            failed,
            owner=self,
        )

    def _step_title(self, parts: Mapping[Verdict, Sequence[int]]) -> str:
        pair = self._pair
        names = f"{pair.given} → {pair.suggested}" if pair else ""
        words = {
            Verdict.ACCEPT: self.tr("accept {count}"),
            Verdict.KEEP: self.tr("keep {count}"),
            Verdict.DEFER: self.tr("put aside {count}"),
        }
        told = ", ".join(words[name].format(count=f"{len(ids):,}") for name, ids in parts.items())
        return self.tr("{names}: {what}").format(names=names, what=told)

    def _choose_exceptions(self) -> None:
        self._grid.exception_verdict = self._bar.exception_verdict
        self._grid.update()
        self._grid.setFocus()

    def _say(self, text: str) -> None:
        self._bar.say(text)
