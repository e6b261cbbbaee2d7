"""Given and suggested classes of findings as a matrix of counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from auditor.session.browsing import Pair
from ui.charts import words

Index = QModelIndex | QPersistentModelIndex

CountRole = Qt.ItemDataRole.UserRole
"""Findings of the cell."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The pairs among the classes that take part in most findings."""

    names: tuple[str, ...]
    """Most involved first."""
    cells: dict[tuple[str, str], Pair]
    all_names: int
    """Classes that take part in any finding."""

    @property
    def most(self) -> int:
        return max((pair.flagged for pair in self.cells.values()), default=0)


def matrix(pairs: Sequence[Pair], most: int) -> Matrix:
    """Of the `most` classes with the most findings, whether given or suggested."""
    involved: Counter[str] = Counter()
    for pair in pairs:
        involved[pair.given] += pair.flagged
        if pair.suggested != pair.given:
            involved[pair.suggested] += pair.flagged
    names = tuple(name for name, _ in involved.most_common(most))
    known = frozenset(names)
    cells = {
        (pair.given, pair.suggested): pair
        for pair in pairs
        if pair.given in known and pair.suggested in known
    }
    return Matrix(names, cells, len(involved))


class PairModel(QAbstractTableModel):
    """A row per given class, a column per suggested one."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.matrix = matrix((), 0)

    def show_matrix(self, shown: Matrix) -> None:
        self.beginResetModel()
        self.matrix = shown
        self.endResetModel()

    def pair(self, index: Index) -> Pair | None:
        names = self.matrix.names
        return self.matrix.cells.get((names[index.row()], names[index.column()]))

    def index_of(self, given: str, suggested: str) -> QModelIndex:
        """An invalid index where one of them has no row."""
        names = self.matrix.names
        if given not in names or suggested not in names:
            return QModelIndex()
        return self.index(names.index(given), names.index(suggested))

    # Qt overrides

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.matrix.names)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.matrix.names)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        pair = self.pair(index)
        if role == CountRole:
            return pair.flagged if pair else 0
        if role == Qt.ItemDataRole.DisplayRole:
            return words.short(pair.flagged) if pair else ""
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            return self.sentence(index)
        return None

    def sentence(self, index: Index) -> str:
        """A cell in words."""
        given, suggested = (self.matrix.names[at] for at in (index.row(), index.column()))
        pair = self.pair(index)
        if pair is None:
            return self.tr("No finding labelled “{given}” looks like “{suggested}”.").format(
                given=given, suggested=suggested
            )
        return self.tr(
            "{count} labelled “{given}” where “{suggested}” is suggested; {left:,} left to review."
        ).format(
            count=words.samples(pair.flagged),
            given=given,
            suggested=suggested,
            left=pair.undecided,
        )

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        name = self.matrix.names[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role == Qt.ItemDataRole.ToolTipRole:
            if orientation == Qt.Orientation.Vertical:
                return self.tr("Labelled “{name}”").format(name=name)
            return self.tr("“{name}” is suggested").format(name=name)
        return None
