"""The queue of mistakes as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from auditor.session.triage import Mistake
from ui.triage import words

_Role = Qt.ItemDataRole


class MistakeTable(QAbstractTableModel):
    """A row per mistake: accepted labels, prediction, judgement."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Mistake] = []
        self._titles = (self.tr("Accepted"), self.tr("Predicted"), self.tr("Judged"))

    def show(self, rows: Sequence[Mistake]) -> None:
        """Show these. Where they are the same mistakes, the current row stays."""
        kept = [one.sample_id for one in rows] == [one.sample_id for one in self.rows]
        if not kept:
            self.beginResetModel()
        self.rows = list(rows)
        if not kept:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, 2))

    def rowCount(self, parent: QModelIndex | Any = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | Any = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == _Role.DisplayRole:
            return self._titles[section]
        return None

    def data(self, index: Any, role: int = 0) -> Any:
        if role not in {_Role.DisplayRole, _Role.ToolTipRole, _Role.AccessibleTextRole}:
            return None
        one = self.rows[index.row()]
        return (words.accepted(one), words.predicted(one), words.word(one.word))[index.column()]
