"""The questions about one class as a table that can be edited in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QAbstractTableModel, QModelIndex, QObject, Qt
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from auditor.session.interview import Kind, Question
from ui.ask import words
from ui.ask.bank import QuestionBank, with_kind

TEXT, KIND, EXPECTED, ON, LOCKED, SOURCE = range(6)
Index = QModelIndex
_Role = Qt.ItemDataRole


class QuestionTable(QAbstractTableModel):
    """Rows are the questions about the class shown; an edit goes to the bank at once."""

    def __init__(self, bank: QuestionBank, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bank = bank
        self._rows: list[Question] = []
        self._titles = (
            self.tr("Question"),
            self.tr("Kind"),
            self.tr("Expected"),
            self.tr("Asked"),
            self.tr("Locked"),
            self.tr("From"),
        )

    def show(self, rows: Sequence[Question]) -> None:
        """Show these; where as many are shown, the cell in focus stays where it is."""
        rows = list(rows)
        if len(rows) == len(self._rows):
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, SOURCE))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def question(self, row: int) -> Question:
        return self._rows[row]

    def rowCount(self, parent: QModelIndex | Any = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | Any = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == _Role.DisplayRole:
            return self._titles[section]
        return None

    def flags(self, index: QModelIndex | Any) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() in (ON, LOCKED):
            return flags | Qt.ItemFlag.ItemIsUserCheckable
        return flags if index.column() == SOURCE else flags | Qt.ItemFlag.ItemIsEditable

    def data(self, index: QModelIndex | Any, role: int = _Role.DisplayRole) -> Any:
        one, column = self._rows[index.row()], index.column()
        is_on = {ON: one.enabled, LOCKED: one.locked}.get(column)
        if role == _Role.CheckStateRole and is_on is not None:
            return Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked
        if role == _Role.EditRole:
            return {TEXT: one.text, KIND: one.kind, EXPECTED: one.expected}.get(column)
        if role == _Role.DisplayRole:
            return {
                TEXT: one.text,
                KIND: words.kind(one.kind),
                EXPECTED: one.expected,
                SOURCE: words.source(one.source),
            }.get(column)
        if role == _Role.ToolTipRole:
            return one.text if column == TEXT else self._about(one, column)
        if role == _Role.AccessibleTextRole and is_on is not None:
            said = self.tr("yes") if is_on else self.tr("no")
            return f"{self._titles[column]}: {said}"
        return None

    def _about(self, one: Question, column: int) -> str | None:
        return {
            KIND: words.about_kind(one.kind),
            ON: self.tr("Ask it; one that is not asked stays in the bank"),
            LOCKED: self.tr("Making questions anew leaves it as it is"),
        }.get(column)

    def setData(self, index: QModelIndex | Any, value: Any, _role: int = _Role.EditRole) -> bool:
        one = self._rows[index.row()]
        new = self._changed(one, index.column(), value)
        if new == one:
            return False
        self._bank.exchange(one, new)
        return True

    def _changed(self, one: Question, column: int, value: Any) -> Question:
        if column in (ON, LOCKED):
            is_on = Qt.CheckState(value) == Qt.CheckState.Checked
            return replace(one, enabled=is_on) if column == ON else replace(one, locked=is_on)
        if column == KIND:
            changed = with_kind(one, Kind(value))
        else:
            said = str(value).strip()
            changed = replace(one, text=said) if column == TEXT else replace(one, expected=said)
        return one if changed == one else replace(changed, source="human")


class KindDelegate(QStyledItemDelegate):
    """A choice in place of a text field."""

    def createEditor(
        self, parent: QWidget, _option: QStyleOptionViewItem, _index: QModelIndex | Any
    ) -> QWidget:
        combo = QComboBox(parent)
        fill_kinds(combo)
        combo.activated.connect(lambda _row: self.commitData.emit(combo))
        return combo

    def setEditorData(self, editor: QWidget, index: QModelIndex | Any) -> None:
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(editor.findData(str(index.data(_Role.EditRole))))

    def setModelData(
        self, editor: QWidget, model: QAbstractItemModel, index: QModelIndex | Any
    ) -> None:
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentData())


def fill_kinds(combo: QComboBox) -> None:
    """Offer the kinds of question."""
    for kind in Kind:
        combo.addItem(words.kind(kind), str(kind))
        combo.setItemData(combo.count() - 1, words.about_kind(kind), _Role.ToolTipRole)
    combo.setCurrentIndex(combo.findData(str(Kind.SPECIFIC)))
