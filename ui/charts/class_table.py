"""The classes with their sizes, findings and noise."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from auditor.session import browsing
from auditor.session.browsing import ClassRow, Row, quoted
from ui import theme
from ui.charts import words
from ui.charts.base import Chart, checked, narrowed
from ui.charts.class_model import NOISE, ClassModel, ShareRole
from ui.charts.tables import ChartTable
from ui.commands import Command, Commands
from ui.workspace import Workspace

_WIDTH, _BAR_WIDTH = 92, 150


class ClassTable(Chart):
    """Follows decisions and the sample in focus; choosing a class narrows the list to it."""

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        self.model = ClassModel()
        self.table = ChartTable(2)
        super().__init__(workspace, self.table, parent)
        self.model.setParent(self)
        self._dress_table()
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText(self.tr("Find a class"))
        self.filter.setAccessibleName(self.tr("Find a class"))
        self.filter.setClearButtonEnabled(True)
        self.filter.setMaximumWidth(260)
        self.filter.textChanged.connect(self._filter)
        self._only = QPushButton(self.tr("Show these"), self)
        self._only.setToolTip(self.tr("Narrow the list to the class of this row (Enter)"))
        self._only.clicked.connect(lambda: self._choose(self.table.currentIndex()))
        self._copy = QPushButton(self.tr("Copy as CSV"), self)
        self._copy.clicked.connect(self.copy)
        self.controls.addWidget(self.filter)
        self.controls.addStretch()
        self.controls.addWidget(self._only)
        self.controls.addWidget(self._copy)
        self.table.chosen.connect(self._choose)
        self.table.copied.connect(self.copy)
        workspace.view_changed.connect(self.refresh)
        workspace.rows_changed.connect(self.refresh)
        workspace.facts_changed.connect(self.refresh)
        workspace.focus_changed.connect(self._follow_focus)
        command = Command(
            "classes.copy", self.tr("Copy the table of classes as CSV"), self.tr("Charts")
        )
        commands.add(command, self.copy)

    def _dress_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName(self.tr("Classes"))
        table.setItemDelegateForColumn(NOISE, _NoiseBar(table))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 8)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        for column in range(self.model.columnCount()):
            table.setColumnWidth(column, _BAR_WIDTH if column == NOISE else _WIDTH)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        header.setSortIndicatorClearable(True)
        table.setSortingEnabled(True)

    def read(self) -> None:
        check = checked(self.workspace.view).check_id
        self.workspace.desk.ask(
            lambda session: session.read(lambda db: browsing.class_rows(db, check)),
            self._show,
            self.failed,
            lane="classes",
            owner=self,
            slow=True,
        )

    def copy(self) -> None:
        """Put what is shown on the clipboard."""
        QGuiApplication.clipboard().setText(self.model.csv())
        self.tell(
            self.tr("{classes} copied as CSV.").format(classes=words.classes(self.model.rowCount()))
        )

    def _show(self, rows: list[ClassRow]) -> None:
        if not rows:
            self.show_blank(self.tr("The data set has no classes."))
            return
        current = self._current()
        self.show_body()
        self.model.show_rows(rows)
        self._make_current(current.name if current else None)
        self.tell(self._sentence(rows))
        self._follow_focus(self.workspace.focus)

    def _sentence(self, rows: list[ClassRow]) -> str:
        left = sum(row.undecided for row in rows)
        said = self.tr("{classes}, {left} left to review.").format(
            classes=words.classes(len(rows)), left=words.findings(left)
        )
        noisy = [row for row in rows if row.noise]
        if noisy:
            worst = max(noisy, key=lambda row: row.noise or 0.0)
            said += " " + self.tr("Noisiest: {name}, about {share} of its labels wrong.").format(
                name=worst.name, share=words.percent(worst.noise or 0.0)
            )
        return said

    def _filter(self, text: str) -> None:
        current = self._current()
        self.model.filter(text)
        self._make_current(current.name if current else None)

    def _current(self) -> ClassRow | None:
        index = self.table.currentIndex()
        return self.model.row(index.row()) if index.isValid() else None

    def _make_current(self, name: str | None) -> None:
        at = self.model.find(name) if name is not None else None
        if at is not None:
            self.table.setCurrentIndex(self.model.index(at, 0))

    def _choose(self, index: QModelIndex) -> None:
        """Narrow the list to the class of a row."""
        if index.isValid():
            condition = f"given_label = {quoted(self.model.row(index.row()).name)}"
            self.workspace.set_view(narrowed(self.workspace.view, condition))

    def _follow_focus(self, sample_id: int | None) -> None:
        """Mark the class of the sample in focus, unless someone is busy in the table."""
        if sample_id is None or not self.isVisible() or self.table.hasFocus():
            return
        view = self.workspace.view

        def show(rows: list[Row]) -> None:
            if rows and rows[0].given and not self.table.hasFocus():
                self._make_current(rows[0].given[0])

        self.workspace.desk.ask(
            lambda session: session.read(lambda db: browsing.rows(db, view, [sample_id])),
            show,
            lane="classes-focus",
            owner=self,
        )


class _NoiseBar(QStyledItemDelegate):
    """A bar from 0 to 100 % behind the number."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        share = index.data(ShareRole)
        if not share:
            return
        box = QRectF(option.rect).adjusted(6, 4, -64, -4)
        now = theme.colours()
        painter.fillRect(box, QColor(now.raised))
        painter.fillRect(
            QRectF(box.left(), box.top(), max(box.width() * min(share, 1), 1.5), box.height()),
            QColor(now.flagged),
        )
