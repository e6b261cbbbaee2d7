"""A further column to filter by: the source's own metadata, media facts, anything that has a name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from auditor.session import browsing
from auditor.session.browsing import ColumnKind, View
from ui.gallery import expression
from ui.gallery.expression import Term
from ui.gallery.pickers import AskFacets, Popup, RangeFields, ValueList
from ui.workspace import Workspace


class AddFilter(QToolButton):
    """A menu of columns; each opens a list of values, a range, or yes and no."""

    chosen = Signal(str, object)
    """A column, and the Terms that are to hold for it."""

    def __init__(self, workspace: Workspace, ask: AskFacets, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace, self._ask = workspace, ask
        self._columns: Mapping[str, ColumnKind] = {}
        self._popup: Popup | None = None
        self.setText(self.tr("+ Filter  ▾"))
        self.setToolTip(self.tr("Filter by another column"))
        self.setAccessibleName(self.tr("Add a filter"))
        self._menu = QMenu(self)
        self.clicked.connect(self.open)

    def show_columns(self, columns: Mapping[str, ColumnKind]) -> None:
        self._columns = columns

    def open(self) -> None:
        self._fill()
        self._menu.popup(self.mapToGlobal(QPoint(0, self.height() + 2)))

    def _fill(self) -> None:
        self._menu.clear()
        for name, kind in self._columns.items():
            if kind == "flag":
                choices = self._menu.addMenu(name)
                for text, value in ((self.tr("yes"), True), (self.tr("no"), False)):
                    action = choices.addAction(text)
                    terms = [Term(name, "=", (value,))]
                    action.triggered.connect(partial(self.chosen.emit, name, terms))
            else:
                opener = self.open_values if kind == "text" else self.open_range
                self._menu.addAction(name).triggered.connect(partial(opener, name))

    def open_values(self, column: str) -> None:
        popup = ValueList(column, self)
        popup.chosen.connect(
            lambda values: self.chosen.emit(column, expression.any_of(column, values))
        )
        chosen = expression.choice(self._workspace.view.where, column)
        self._ask(column, lambda facets: popup.fill(facets, chosen), popup)
        self._open(popup)
        popup.begin()

    def open_range(self, column: str) -> None:
        popup = Popup(self)
        fields = RangeFields(column, 0, 0, popup)
        row = QHBoxLayout(popup)
        row.addWidget(fields)
        fields.setEnabled(False)
        fields.chosen.connect(
            lambda low, high: self.chosen.emit(column, expression.between(column, low, high))
        )
        where = self._workspace.view.where

        def show(ends: tuple[float, float] | None) -> None:
            if ends is not None:
                fields.set_limits(*ends)
                low, high = (expression.bound(where, column, sign) for sign in (">=", "<="))
                fields.show_range(low, high)
                fields.setEnabled(True)
                popup.adjustSize()

        check_id = self._workspace.view.check_id
        self._workspace.desk.ask(
            lambda session: session.read(
                lambda db: _ends(browsing.scores(db, View(check_id=check_id), column)[1])
            ),
            show,
            owner=popup,
            slow=True,
        )
        self._open(popup)

    def _open(self, popup: Popup) -> None:
        popup.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        popup.open_under(self)


def _ends(values: npt.NDArray[np.float32]) -> tuple[float, float] | None:
    if not len(values) or values.min() == values.max():
        return None
    return float(values.min()), float(values.max())
