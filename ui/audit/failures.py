"""Samples that could not be worked on, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from auditor.session.planning import Failure

Index = QModelIndex | QPersistentModelIndex
_NOTHING = QModelIndex()


class FailureModel(QAbstractTableModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.failures: Sequence[Failure] = ()

    def show(self, failures: Sequence[Failure]) -> None:
        if failures != self.failures:
            self.beginResetModel()
            self.failures = failures
            self.endResetModel()

    def rowCount(self, parent: Index = _NOTHING) -> int:
        return 0 if parent.isValid() else len(self.failures)

    def columnCount(self, parent: Index = _NOTHING) -> int:
        return 0 if parent.isValid() else 2

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        one = self.failures[index.row()]
        where = one.path if one.row is None else f"{one.path} · {one.row}"
        why = one.reason.replace("_", " ")
        if role == Qt.ItemDataRole.DisplayRole:
            return (where, why)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(part for part in (where, one.stage, why, one.detail) if part)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (self.tr("Sample"), self.tr("Why"))[section]
        return None


class FailureTable(QTableView):
    picked = Signal(int)
    """A sample id."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Samples that could not be read"))
        self.failures = FailureModel(self)
        self.setModel(self.failures)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setTabKeyNavigation(False)
        self.setMinimumHeight(160)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.activated.connect(self._pick)

    def _pick(self, index: QModelIndex) -> None:
        self.picked.emit(self.failures.failures[index.row()].sample_id)
