"""The order of the list: any column, either way."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from auditor.session.browsing import View
from ui.elided_combo import ElidedCombo
from ui.workspace import Workspace

_NARROWEST = 90


class SortPicker(QWidget):
    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._column = ElidedCombo(self)
        self._column.setAccessibleName(self.tr("Sort by"))
        self._column.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._column.setMinimumContentsLength(11)
        self._column.setMinimumWidth(_NARROWEST)
        self._column.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._way = QToolButton(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self._column)
        row.addWidget(self._way)
        self._column.activated.connect(lambda _index: self._choose())
        self._way.clicked.connect(self._turn)
        workspace.facts_changed.connect(self._fill)
        workspace.view_changed.connect(self._show)
        self._fill()

    def _fill(self) -> None:
        self._column.clear()
        self._column.addItem(self.tr("Import order"), "")
        for name in self._workspace.columns:
            self._column.addItem(name, name)
        self._show(self._workspace.view)

    def _show(self, view: View) -> None:
        self._column.setCurrentIndex(max(self._column.findData(view.sort), 0))
        self._way.setText("↓" if view.descending else "↑")
        words = self.tr("Largest first") if view.descending else self.tr("Smallest first")
        self._way.setToolTip(words)
        self._way.setAccessibleName(words)
        self._column.setToolTip(self._column.currentText())

    def _choose(self) -> None:
        sort = self._column.currentData(Qt.ItemDataRole.UserRole)
        self._workspace.set_view(replace(self._workspace.view, sort=sort))

    def _turn(self) -> None:
        view = self._workspace.view
        self._workspace.set_view(replace(view, descending=not view.descending))
