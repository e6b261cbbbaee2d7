"""How far each question's answers can be trusted in this set, as the last run learnt it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHeaderView, QLabel, QVBoxLayout, QWidget

from auditor.session.interview import Question, Reliability
from ui import theme
from ui.ask import words
from ui.charts.tables import ChartTable

TEXT, ABOUT, KIND, ANSWERS, RIGHT, WRONG, USE = range(7)
_SORT = Qt.ItemDataRole.UserRole
_USE_WIDTH = 150
_ENDS = (RIGHT, WRONG, ANSWERS)


class ReliabilityModel(QAbstractTableModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Reliability] = []
        self._known: dict[tuple[str, str], Question] = {}
        self._titles = (
            self.tr("Question"),
            self.tr("Class"),
            self.tr("Kind"),
            self.tr("Answers"),
            self.tr("Agrees if right"),
            self.tr("Agrees if wrong"),
            self.tr("Counts"),
        )

    def show(self, rows: Sequence[Reliability], bank: Sequence[Question]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self._known = {(one.about, one.text): one for one in bank}
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | Any = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | Any = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return {
                RIGHT: self.tr("How often the expected answer comes where the label is right"),
                WRONG: self.tr("How often the expected answer comes where the label is wrong"),
            }.get(section)
        return self._titles[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: QModelIndex | Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        one, column = self.rows[index.row()], index.column()
        if role == _SORT:
            return self._key(one, column)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._words(one, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in _ENDS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and column == USE:
            now = theme.colours()
            return QColor(now.kept if self._counts(one) else now.flagged)
        return None

    def _words(self, one: Reliability, column: int) -> str:
        question = self._known.get((one.about, one.text))
        return {
            TEXT: one.text,
            ABOUT: one.about,
            KIND: words.kind(question.kind) if question else "",
            ANSWERS: f"{one.answers:,}",
            RIGHT: f"{one.agrees_if_right:.0%}",
            WRONG: f"{one.agrees_if_wrong:.0%}",
            USE: words.use(one, enabled=question is None or question.enabled),
        }[column]

    def _key(self, one: Reliability, column: int) -> Any:
        numbers = {
            ANSWERS: one.answers,
            RIGHT: one.agrees_if_right,
            WRONG: one.agrees_if_wrong,
            USE: one.agrees_if_right - one.agrees_if_wrong,
        }
        return numbers.get(column, self._words(one, column))

    def _counts(self, one: Reliability) -> bool:
        question = self._known.get((one.about, one.text))
        return one.is_used and (question is None or question.enabled)


class ReliabilityView(QWidget):
    chosen = Signal(object)
    """A Reliability whose samples are wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ReliabilityModel(self)
        self.sorted = QSortFilterProxyModel(self)
        self.sorted.setSortRole(_SORT)
        self.sorted.setSourceModel(self.model)
        self.table = ChartTable(2, self)
        self.table.setModel(self.sorted)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(ABOUT, Qt.SortOrder.AscendingOrder)
        self.table.setSelectionBehavior(ChartTable.SelectionBehavior.SelectRows)
        self.table.setAlternatingRowColors(True)
        self.table.setAccessibleName(self.tr("Reliability of each question"))
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(TEXT, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(USE, QHeaderView.ResizeMode.Interactive)
        self.table.setColumnWidth(USE, _USE_WIDTH)
        self.table.chosen.connect(self._choose)
        self._about = QLabel(self)
        self._about.setWordWrap(True)
        column = QVBoxLayout(self)
        column.addWidget(self._about)
        column.addWidget(self.table, 1)
        self.show_rows((), ())

    @property
    def sentence(self) -> str:
        return self._about.text()

    def show_rows(self, rows: Sequence[Reliability], bank: Sequence[Question]) -> None:
        """Show what was learnt, beside what the bank says."""
        self.model.show(rows, bank)
        self.table.setVisible(bool(rows))
        alignment = Qt.AlignmentFlag.AlignLeft if rows else Qt.AlignmentFlag.AlignCenter
        self._about.setAlignment(alignment)
        self._about.setText(
            self.tr(
                "Learnt from the set without true labels. Enter or a double click shows the samples"
                " of the class whose answers speak against the label."
            )
            if rows
            else self.tr(
                "Once the visual-linguistic check has run, this tells which questions can be"
                " trusted in this set."
            )
        )

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(self.model.rows[self.sorted.mapToSource(index).row()])
