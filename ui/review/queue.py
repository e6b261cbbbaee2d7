"""The findings that wait, check by check, and where the reviewer is among them."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from auditor.model import ChangeSet
from auditor.session.browsing import Pair, Tally, View
from ui.commands import Command, Commands
from ui.review import findings
from ui.review.bookmarks import Bookmarks
from ui.review.check_row import CheckRow
from ui.review.findings import CheckFindings
from ui.review.pair_list import PairList
from ui.review.pairs import flagged_view, pair_view
from ui.review.state_chips import CONDITIONS, StateChips
from ui.workspace import Workspace

_GATHER_MS = 300
"""Counts follow decisions this much later, so that they are never in their way."""
_REST_MS = 3000
"""The other checks' counts wait until the reviewer rests."""
_CHECKS_SHOWN = 6
"""Of more checks the list scrolls."""


class QueuePanel(QWidget):
    """Choosing a check lists its findings in order of worth; choosing a pair asks for the wall."""

    wall_wanted = Signal()

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._bookmarks = Bookmarks(workspace, self)
        self._rows: dict[str, CheckRow] = {}
        self._group = QButtonGroup(self)
        self._nothing = QLabel(
            self.tr("No findings yet. Run an audit: what it finds is listed here."), self
        )
        self._nothing.setWordWrap(True)
        self._today = QLabel(self)
        self._list = QVBoxLayout()
        self._list.setSpacing(2)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._chips = StateChips(self)
        self._place = QLabel(self)
        self._go_on = QPushButton(self.tr("Continue where I was"), self)
        self._go_on.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._stale = QLabel(self)
        self._stale.setWordWrap(True)
        self._pairs = PairList(self)
        self._detail = QWidget(self)
        self._lay_out()
        self._soon = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._connect()
        commands.add(
            Command("queue.continue", self.tr("Continue where I was"), self.tr("Look"), ("J",)),
            self.go_on,
        )
        self._read()

    @property
    def check_ids(self) -> list[str]:
        """The checks shown, in their order."""
        return list(self._rows)

    @property
    def position(self) -> str:
        """Where the focus is in the list, in words."""
        return self._place.text()

    def row(self, check_id: str) -> CheckRow:
        return self._rows[check_id]

    def choose(self, check_id: str) -> None:
        """List the check's findings."""
        self._workspace.set_subset(None)
        self._workspace.set_view(self._rows[check_id].findings.view)

    def go_on(self) -> None:
        """Back to the list and the sample that were left."""
        mark = self._bookmarks.of(self._check_id or next(iter(self._rows), ""))
        if mark is not None:
            self._workspace.set_subset(None)
            self._workspace.set_focus(mark.focus)  # it stays where the list has it
            self._workspace.set_view(mark.view)

    def remember(self) -> None:
        """Keep where the reviewer is, before the project is let go of."""
        self._bookmarks.write()

    # what there is

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self._today)
        head.addStretch(1)
        place = QHBoxLayout()
        place.addWidget(self._place, 1)
        place.addWidget(self._go_on)
        detail = QVBoxLayout(self._detail)
        detail.setContentsMargins(0, 0, 0, 0)
        for part in (self._stale, self._chips):
            detail.addWidget(part)
        detail.addLayout(place)
        detail.addWidget(self._pairs, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self._nothing)
        column.addWidget(self._scroller())
        column.addWidget(self._detail, 1)
        column.addStretch()
        column.addLayout(head)
        self._detail.hide()

    def _scroller(self) -> QScrollArea:
        inside = QWidget(self)
        inside.setLayout(self._list)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self._area = area
        return area

    def _connect(self) -> None:
        workspace = self._workspace
        self._group.buttonClicked.connect(lambda row: self.choose(row.findings.check_id))
        self._chips.chosen.connect(self._narrow)
        self._go_on.clicked.connect(self.go_on)
        self._pairs.chosen.connect(self._show_pair)
        self._bookmarks.changed.connect(self._show_place)
        self._soon.timeout.connect(self._read_chosen)
        self._rest.timeout.connect(self._read)
        workspace.view_changed.connect(self._follow_view)
        workspace.ids_changed.connect(self._show_place)
        workspace.focus_changed.connect(self._show_place)
        workspace.rows_changed.connect(self._follow_rows)

    # what is chosen

    @property
    def _check_id(self) -> str | None:
        check_id = self._workspace.view.check_id
        return check_id if check_id in self._rows else None

    def _narrow(self, state: str) -> None:
        if self._check_id is not None:
            known = self._rows[self._check_id].findings
            self._workspace.set_view(
                flagged_view(known.check_id, by_chance=known.by_chance, condition=CONDITIONS[state])
            )

    def _show_pair(self, pair: Pair) -> None:
        if self._check_id is not None:
            known = self._rows[self._check_id].findings
            self._workspace.set_subset(None)
            self._workspace.set_view(pair_view(known.check_id, pair, by_chance=known.by_chance))
            self.wall_wanted.emit()

    def _follow_view(self, _view: View) -> None:
        self._show_chosen()
        self._read_chosen()

    def _follow_rows(self, changes: ChangeSet) -> None:
        if changes.touches("run", "sample"):
            self._read()
        elif changes.touches("review"):
            if not self._soon.isActive():
                self._soon.start()
            self._rest.start()

    # reading

    def _read(self) -> None:
        self._workspace.desk.ask(
            lambda session: (findings.read_all(session), findings.decided_today(session)),
            self._show,
            lane="queue",
            owner=self,
            slow=True,
        )
        self._read_chosen()

    def _read_chosen(self) -> None:
        check_id = self._workspace.view.check_id
        if check_id is None:
            return
        self._workspace.desk.ask(
            lambda session: (
                findings.read_tally(session, check_id),
                findings.read_pairs(session, check_id),
                findings.decided_today(session),
            ),
            lambda found: self._show_counts(check_id, *found),
            lane="queue-chosen",
            owner=self,
            slow=True,
        )

    def _show(self, found: tuple[list[CheckFindings], int]) -> None:
        known, today = found
        wanted = [one.check_id for one in known]
        if wanted != self.check_ids:
            self._make_rows(known)
        for one in known:
            self._rows[one.check_id].show_findings(one)
        self._nothing.setVisible(not known)
        self._show_today(today)
        self._show_chosen()

    def _make_rows(self, known: list[CheckFindings]) -> None:
        for row in self._rows.values():
            self._group.removeButton(row)
            self._list.removeWidget(row)
            row.deleteLater()
        self._rows = {one.check_id: CheckRow(one, self) for one in known}
        for row in self._rows.values():
            self._group.addButton(row)
            self._list.addWidget(row)
        shown = list(self._rows.values())[:_CHECKS_SHOWN]
        self._area.setFixedHeight(sum(row.sizeHint().height() + 2 for row in shown))

    def _show_counts(self, check_id: str, tally: Tally, pairs: list[Pair], today: int) -> None:
        self._show_today(today)
        if check_id in self._rows:
            self._rows[check_id].show_tally(tally)
        if check_id == self._workspace.view.check_id:
            self._chips.show_tally(tally)
            self._pairs.show_pairs(pairs)
            self._pairs.setVisible(bool(pairs))

    def _show_chosen(self) -> None:
        check_id = self._check_id
        self._group.setExclusive(check_id is not None)
        for name, row in self._rows.items():
            row.setChecked(name == check_id)
        self._detail.setVisible(check_id is not None)
        if check_id is not None:
            known = self._rows[check_id].findings
            self._chips.show_state(self._state_shown(known))
            self._chips.show_tally(self._rows[check_id].tally)
            self._stale.setVisible(known.stale)
            self._stale.setText(
                self.tr("⚠ The data changed since this was found: run the check again.")
            )
        self._show_place()

    def _state_shown(self, known: CheckFindings) -> str | None:
        shown = replace(self._workspace.view, as_of=None)
        for state, condition in CONDITIONS.items():
            if shown == flagged_view(
                known.check_id, by_chance=known.by_chance, condition=condition
            ):
                return state
        return None

    def _show_place(self) -> None:
        place, count = self._workspace.place(self._workspace.focus), len(self._workspace.ids)
        self._place.setText(
            self.tr("{place} of {count}").format(place=f"{place + 1:,}", count=f"{count:,}")
            if place is not None
            else self.tr("{count} listed").format(count=f"{count:,}")
        )
        mark = self._bookmarks.of(self._check_id or "")
        is_there = mark is not None and mark.focus == self._workspace.focus
        self._go_on.setVisible(mark is not None and not is_there)

    def _show_today(self, today: int) -> None:
        self._today.setText(self.tr("{count} decided today").format(count=f"{today:,}"))
