"""The list of recent projects: name, folder and when, by keyboard or mouse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QCoreApplication,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from ui import theme
from ui.commands import ENTER
from ui.moment import when
from ui.start import words

if TYPE_CHECKING:
    from auditor.session.recent import Recent

_ENTRY = Qt.ItemDataRole.UserRole
_MARGIN = 12


class RecentList(QListWidget):
    chosen = Signal(Path)
    """A project that is there is to be opened."""
    missing = Signal(Path)
    """One that is not there any more was picked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Recent projects"))
        self.setItemDelegate(_Delegate(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.itemClicked.connect(self._pick)

    def show_entries(self, entries: Sequence[Recent]) -> None:
        """Show these instead, keeping the place in the list."""
        row = max(self.currentRow(), 0)
        self.clear()
        for entry in entries:
            item = QListWidgetItem(entry.name, self)
            item.setData(_ENTRY, entry)
            item.setToolTip(words.shown(entry.path))
            spoken = (entry.name, words.shown(entry.path.parent), _state(entry))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(spoken))
        self.setCurrentRow(min(row, len(entries) - 1))

    def current(self) -> Path | None:
        """The project the cursor is on."""
        entry: Recent | None = self.currentIndex().data(_ENTRY)
        return entry.path if entry is not None else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and self.currentIndex().isValid():
            self._pick(self.currentItem())
        else:
            super().keyPressEvent(event)

    def _pick(self, item: QListWidgetItem) -> None:
        entry: Recent = item.data(_ENTRY)
        (self.chosen if entry.is_there else self.missing).emit(entry.path)


class _Delegate(QStyledItemDelegate):
    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        del index
        return QSize(200, option.fontMetrics.height() * 2 + 2 * _MARGIN)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        entry: Recent = index.data(_ENTRY)
        now = theme.colours()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        strong, weak = (now.on_accent,) * 2 if chosen else (now.text, now.muted)
        painter.save()
        if chosen:
            painter.fillRect(option.rect, QColor(now.accent))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, QColor(now.raised))
        box = option.rect.adjusted(_MARGIN, _MARGIN - 2, -_MARGIN, -_MARGIN + 2)
        _write(painter, option, box, entry, strong if entry.is_there else weak, weak)
        painter.restore()


def _write(
    painter: QPainter,
    option: QStyleOptionViewItem,
    box: QRect,
    entry: Recent,
    strong: str,
    weak: str,
) -> None:
    """Name and when above, the folder below; all elided where they do not fit."""
    upper, lower = QRect(box), QRect(box)
    upper.setBottom(box.center().y())
    lower.setTop(box.center().y() + 1)
    when = _state(entry)
    room = box.width() - option.fontMetrics.horizontalAdvance(when) - _MARGIN
    font = QFont(option.font)
    painter.setFont(option.font)
    painter.setPen(QColor(weak))
    painter.drawText(upper, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, when)
    folder = option.fontMetrics.elidedText(
        words.shown(entry.path.parent), Qt.TextElideMode.ElideMiddle, box.width()
    )
    painter.drawText(lower, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, folder)
    font.setWeight(QFont.Weight.DemiBold)
    font.setStrikeOut(not entry.is_there)
    painter.setFont(font)
    painter.setPen(QColor(strong))
    name = painter.fontMetrics().elidedText(entry.name, Qt.TextElideMode.ElideMiddle, room)
    painter.drawText(upper, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)


def _state(entry: Recent) -> str:
    tr = QCoreApplication.translate
    if not entry.is_there:
        return tr("RecentList", "not there any more")
    return when(entry.opened_at, datetime.now(UTC))
