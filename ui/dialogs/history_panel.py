"""Every step of the review: who, when, why; and the set as it was then."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from auditor.model import ChangeSet
from auditor.session import Session, history, planning
from auditor.session.browsing import Ids
from auditor.session.history import Step
from ui import theme
from ui.workspace import Subset, Workspace

_PAGE = 500
_STEP = Qt.ItemDataRole.UserRole


class HistoryPanel(QWidget):
    """The steps, newest first; the list follows what the user undoes and does."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._list = QTreeWidget(self)
        self._list.setHeaderLabels(
            [
                self.tr("Step"),
                self.tr("Samples"),
                self.tr("Who"),
                self.tr("When"),
                self.tr("Because of"),
            ]
        )
        self._list.setRootIsDecorated(False)
        self._list.setAlternatingRowColors(True)
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._list.setAccessibleName(self.tr("Steps of the review, newest first"))
        self._list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._list.header().setStretchLastSection(False)
        self._show = QPushButton(self.tr("Show its samples"), self)
        self._then = QPushButton(self.tr("Show the set as of then"), self)
        self._now = QPushButton(self.tr("Back to now"), self)
        self._more = QPushButton(self.tr("Older steps"), self)
        self._none = QLabel(self.tr("No decision has been made yet."), self)
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self._list.itemActivated.connect(self.show_samples)
        self._list.currentItemChanged.connect(lambda *_: self._enable())
        self._show.clicked.connect(self.show_samples)
        self._then.clicked.connect(self.show_then)
        self._now.clicked.connect(self.back_to_now)
        self._more.clicked.connect(self._read_more)
        workspace.view_changed.connect(lambda _view: self._enable())
        workspace.desk.changed.connect(self._on_change)
        self._titles: dict[str, str] = {}
        self._is_stale = True

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        for button in (self._show, self._then, self._now):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self._more)
        column = QVBoxLayout(self)
        column.addWidget(self._none)
        column.addWidget(self._list, 1)
        column.addLayout(row)

    @property
    def steps(self) -> list[Step]:
        """Those listed, newest first."""
        items = map(self._list.topLevelItem, range(self._list.topLevelItemCount()))
        return [item.data(0, _STEP) for item in items if item is not None]

    def choose(self, action_id: int) -> None:
        """Make a step the current one."""
        for row, step in enumerate(self.steps):
            if step.action_id == action_id and (item := self._list.topLevelItem(row)):
                self._list.setCurrentItem(item)

    def _on_change(self, changes: ChangeSet) -> None:
        if changes.touches("action"):
            self._is_stale = True
            self._read_if_seen()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._read_if_seen()

    def _read_if_seen(self) -> None:
        """Hundreds of lines are not laid out at each decision for nobody to look at."""
        if self._is_stale and self.isVisible():
            self._is_stale = False
            self._read()

    def _read(self) -> None:
        known = self._titles

        def question(session: Session) -> tuple[list[Step], dict[str, str]]:
            titles = known or {spec.id: spec.title for spec in planning.specs()}
            return session.read(lambda db: history.steps(db, limit=_PAGE)), titles

        self._workspace.desk.ask(
            question,
            self._take,
            lane="history",
            owner=self,
        )

    def _read_more(self) -> None:
        last = self._list.topLevelItem(self._list.topLevelItemCount() - 1)
        if last is None:
            return
        before = last.data(0, _STEP).action_id
        self._workspace.desk.ask(
            lambda session: session.read(lambda db: history.steps(db, limit=_PAGE, before=before)),
            self._append,
            lane="history",
            owner=self,
        )

    def _take(self, found: tuple[list[Step], dict[str, str]]) -> None:
        steps, self._titles = found
        self._fill(steps)

    def _fill(self, steps: list[Step]) -> None:
        chosen = self._chosen()
        self._list.clear()
        self._append(steps)
        if chosen is not None:
            self.choose(chosen.action_id)

    def _append(self, steps: list[Step]) -> None:
        for step in steps:
            self._list.addTopLevelItem(self._item(step))
        for column in range(1, 5):
            self._list.resizeColumnToContents(column)
        self._none.setVisible(self._list.topLevelItemCount() == 0)
        self._list.setVisible(self._list.topLevelItemCount() > 0)
        self._more.setVisible(len(steps) == _PAGE)
        self._enable()

    def _item(self, step: Step) -> QTreeWidgetItem:
        when = step.made_on.astimezone().strftime("%Y-%m-%d %H:%M")
        because = ", ".join(self._titles.get(one, one) for one in step.check_ids)
        item = QTreeWidgetItem([step.title, f"{step.samples:,}", step.reviewer, when, because])
        item.setData(0, _STEP, step)
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if not step.standing:
            font = item.font(0)
            font.setStrikeOut(True)
            item.setFont(0, font)
            item.setToolTip(0, self.tr("This step was undone."))
            for column in range(5):
                item.setForeground(column, theme.of_verdict(None))
        return item

    def _chosen(self) -> Step | None:
        item = self._list.currentItem()
        step: Step | None = item.data(0, _STEP) if item is not None else None
        return step

    def _enable(self) -> None:
        chosen = self._chosen() is not None
        self._show.setEnabled(chosen)
        self._then.setEnabled(chosen)
        self._now.setVisible(self._workspace.view.as_of is not None)

    def show_samples(self) -> None:
        step = self._chosen()
        if step is None:
            return
        title = self.tr("Step “{title}”").format(title=step.title)

        def show(ids: Ids) -> None:
            self._workspace.set_view(replace(self._workspace.view, where=""))
            self._workspace.set_subset(Subset(title, ids))

        self._workspace.desk.ask(
            lambda session: session.read(lambda db: history.step_ids(db, step.action_id)),
            show,
            lane="history-ids",
            owner=self,
        )

    def show_then(self) -> None:
        step = self._chosen()
        if step is not None:
            self._workspace.set_view(replace(self._workspace.view, as_of=step.action_id))

    def back_to_now(self) -> None:
        self._workspace.set_view(replace(self._workspace.view, as_of=None))
