"""The classes as a table: sorted and filtered here, for there may be twenty thousand."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from auditor.session.browsing import ClassRow
from ui.charts import words

Index = QModelIndex | QPersistentModelIndex

NOISE = 4
"""The column that is drawn as a bar."""
ShareRole = Qt.ItemDataRole.UserRole
"""The noise of a class in [0, 1], or None."""


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    tip: str
    value: Callable[[ClassRow], Any]


class ClassModel(QAbstractTableModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: Sequence[ClassRow] = ()
        self._shown: list[ClassRow] = []
        self._text = ""
        self._by, self._order = -1, Qt.SortOrder.AscendingOrder
        self._columns = self._make_columns()

    def _make_columns(self) -> tuple[_Column, ...]:
        return (
            _Column(self.tr("Class"), self.tr("As the data set names it"), lambda r: r.name),
            _Column(
                self.tr("Samples"), self.tr("Samples that carry the label"), lambda r: r.samples
            ),
            _Column(self.tr("Flagged"), self.tr("Findings of the check"), lambda r: r.flagged),
            _Column(
                self.tr("To review"), self.tr("Findings without a decision"), lambda r: r.undecided
            ),
            _Column(
                self.tr("Noise"),
                self.tr("The share of labels that the check takes to be wrong"),
                lambda r: r.noise,
            ),
            _Column(
                self.tr("Brought in"),
                self.tr("Samples that decisions brought into the class"),
                lambda r: r.changed_to,
            ),
            _Column(
                self.tr("Taken out"),
                self.tr("Samples that decisions took out of the class"),
                lambda r: r.changed_from,
            ),
        )

    def show_rows(self, rows: Sequence[ClassRow]) -> None:
        self._all = rows
        self._arrange()

    def filter(self, text: str) -> None:
        """Keep the classes whose name contains the text, whatever its case."""
        self._text = text.strip().casefold()
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """-1 is the data set's order. Classes without a number come last either way."""
        self._by, self._order = column, order
        self._arrange()

    def _arrange(self) -> None:
        self.beginResetModel()
        text = self._text
        found = [row for row in self._all if text in row.name.casefold()]
        if 0 <= self._by < len(self._columns):
            value = self._columns[self._by].value
            known = [row for row in found if value(row) is not None]
            known.sort(key=_key(value), reverse=self._order == Qt.SortOrder.DescendingOrder)
            found = known + [row for row in found if value(row) is None]
        self._shown = found
        self.endResetModel()

    def row(self, number: int) -> ClassRow:
        return self._shown[number]

    def find(self, name: str) -> int | None:
        """The row of a class, or None where it is not shown."""
        return next((at for at, row in enumerate(self._shown) if row.name == name), None)

    def csv(self) -> str:
        """What is shown, as a spreadsheet takes it: numbers as they are."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column.title for column in self._columns])
        for row in self._shown:
            writer.writerow([column.value(row) for column in self._columns])
        return out.getvalue()

    # Qt overrides

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._shown[index.row()], index.column()
        value = self._columns[column].value(row)
        if role == Qt.ItemDataRole.DisplayRole:
            return _shown(value)
        if role == ShareRole and column == NOISE:
            return value
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tr("{column} of {name}: {value}").format(
                column=self._columns[column].title, name=row.name, value=_shown(value)
            )
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._columns[section].tip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


def _key(value: Callable[[ClassRow], Any]) -> Callable[[ClassRow], Any]:
    def key(row: ClassRow) -> Any:
        found = value(row)
        return found.casefold() if isinstance(found, str) else found

    return key


def _shown(value: str | int | float | None) -> str:
    if value is None:
        return "–"  # noqa: RUF001  a dash for no number
    if isinstance(value, float):
        return words.percent(value)
    return value if isinstance(value, str) else f"{value:,}"
