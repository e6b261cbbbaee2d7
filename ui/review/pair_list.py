"""The pairs of classes that a check's findings move between, those with most left first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from auditor.session.browsing import Pair
from ui import theme
from ui.commands import ENTER
from ui.review.pairs import fitted

_PAIR = Qt.ItemDataRole.UserRole
_MARGINS = 8
"""Left and right of an item's text, in pixels."""
_PRESSES = {*ENTER, Qt.Key.Key_Space}


class _Both(QStyledItemDelegate):
    """Of a long pair, both names are seen."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        option.text = fitted(index.data(_PAIR), option.fontMetrics, option.rect.width() - _MARGINS)


class PairList(QTreeWidget):
    """Choosing one opens its wall."""

    chosen = Signal(object)
    """A Pair."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderLabels([self.tr("Labelled → suggested"), self.tr("Left")])
        self.setItemDelegateForColumn(0, _Both(self))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAccessibleName(self.tr("Pairs of classes that are confused"))
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setMinimumSectionSize(40)
        self.itemClicked.connect(self._choose)

    def show_pairs(self, pairs: Sequence[Pair]) -> None:
        """Those with most left first, keeping the place in the list."""
        place = self.verticalScrollBar().value()
        ordered = sorted(pairs, key=lambda pair: -pair.undecided)
        self.clear()
        self.addTopLevelItems([self._item(pair) for pair in ordered])
        self.verticalScrollBar().setValue(place)

    def takes_key(self, event: QKeyEvent) -> bool:
        """Enter and Space choose a pair here: they decide about no sample."""
        return event.key() in _PRESSES

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() in _PRESSES and item is not None:
            self._choose(item)
        else:
            super().keyPressEvent(event)

    def _item(self, pair: Pair) -> QTreeWidgetItem:
        item = QTreeWidgetItem([f"{pair.given} → {pair.suggested}", f"{pair.undecided:,}"])
        item.setData(0, _PAIR, pair)
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if not pair.undecided:
            for column in (0, 1):
                item.setForeground(column, theme.of_verdict(None))
        item.setToolTip(
            0,
            self.tr("{flagged} labelled {given} look like {suggested}; {left} are left").format(
                flagged=f"{pair.flagged:,}",
                given=pair.given,
                suggested=pair.suggested,
                left=f"{pair.undecided:,}",
            ),
        )
        return item

    def _choose(self, item: QTreeWidgetItem) -> None:
        self.chosen.emit(item.data(0, _PAIR))
