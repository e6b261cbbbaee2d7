"""Which classes are taken for which: counts of findings, given by suggested class."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from auditor.session import Session, browsing
from auditor.session.browsing import Pair, Row, quoted
from ui import theme
from ui.charts import palette, words
from ui.charts.base import Chart, checked, narrowed
from ui.charts.pair_model import CountRole, PairModel, matrix
from ui.charts.tables import ChartTable
from ui.commands import Command, Commands
from ui.workspace import Workspace

_FIRST, _FEWEST = 25, 10
_LEAST_WIDTH, _LEAST_HEIGHT, _MOST_SIDE = 34, 24, 96
_NAME_WIDTH = 150
_NAMED = 3
"""So many pairs are named in the sentence."""


class PairHeatMap(Chart):
    """Follows the list and the sample in focus; a click on a cell narrows the list to its pair."""

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        self.model = PairModel()
        self.table = _HeatTable()
        super().__init__(workspace, self.table, parent)
        self.model.setParent(self)
        self.table.setModel(self.model)
        self.table.setAccessibleName(self.tr("Given class by suggested class"))
        self._pairs: Sequence[Pair] = ()
        self._wanted = _FIRST
        self._axes = QLabel(self.tr("Rows: the label given · Columns: the label suggested"), self)
        self.shown = QLabel(self)
        self.fewer = QPushButton(self.tr("Fewer"), self)
        self.more = QPushButton(self.tr("More"), self)
        self.fewer.setToolTip(self.tr("Show half as many classes"))
        self.more.setToolTip(self.tr("Show twice as many classes"))
        self.fewer.clicked.connect(self.show_fewer)
        self.more.clicked.connect(self.show_more)
        self.controls.addWidget(self._axes)
        self.controls.addStretch()
        for widget in (self.shown, self.fewer, self.more):
            self.controls.addWidget(widget)
        self.table.chosen.connect(self._choose)
        for signal in (workspace.view_changed, workspace.rows_changed, workspace.facts_changed):
            signal.connect(self.refresh)
        workspace.focus_changed.connect(self._follow_focus)
        group = self.tr("Charts")
        commands.add(
            Command("pairs.more", self.tr("More classes in the pairs"), group), self.show_more
        )
        commands.add(
            Command("pairs.fewer", self.tr("Fewer classes in the pairs"), group), self.show_fewer
        )

    def show_more(self) -> None:
        self._change(2)

    def show_fewer(self) -> None:
        self._change(0.5)

    def read(self) -> None:
        view = checked(self.workspace.view)

        def question(session: Session) -> list[Pair]:
            return session.read(lambda db: browsing.pairs(db, view))

        self.workspace.desk.ask(
            question, self._show, self.failed, lane="pairs", owner=self, slow=True
        )

    def _show(self, pairs: list[Pair]) -> None:
        self._pairs = pairs
        if not pairs:
            self.show_blank(
                self.tr(
                    "No finding of this list suggests another label. Run an audit, or widen the"
                    " filter."
                )
            )
            return
        self.show_body()
        self._arrange()
        self._follow_focus(self.workspace.focus)

    def _arrange(self) -> None:
        """Lay the pairs out anew, with the cell cursor where it was."""
        current = self.table.currentIndex()
        before = self.model.pair(current) if current.isValid() else None
        shown = matrix(self._pairs, self._wanted)
        self.model.show_matrix(shown)
        self.table.set_most(shown.most)
        index = self.model.index_of(before.given, before.suggested) if before else QModelIndex()
        self.table.setCurrentIndex(index if index.isValid() else self._top())
        self.shown.setText(
            self.tr("{shown:,} of {classes}").format(
                shown=len(shown.names), classes=words.classes(shown.all_names)
            )
        )
        is_part = shown.all_names > len(shown.names)
        for widget in (self.shown, self.fewer, self.more):
            widget.setVisible(shown.all_names > _FEWEST)
        self.more.setEnabled(is_part)
        self.fewer.setEnabled(len(shown.names) > _FEWEST)
        self.tell(self._sentence())

    def _top(self) -> QModelIndex:
        top = max(self.model.matrix.cells.values(), key=lambda pair: pair.flagged, default=None)
        return self.model.index_of(top.given, top.suggested) if top else QModelIndex()

    def _sentence(self) -> str:
        named = [
            self.tr("{given} → {suggested} ({count:,})").format(
                given=pair.given, suggested=pair.suggested, count=pair.flagged
            )
            for pair in self._pairs[:_NAMED]
        ]
        return self.tr("{findings} suggest another label. Most often: {pairs}.").format(
            findings=words.findings(sum(pair.flagged for pair in self._pairs)),
            pairs=", ".join(named),
        )

    def _change(self, factor: float) -> None:
        """Show more or fewer classes."""
        there = self.model.matrix.all_names
        self._wanted = max(_FEWEST, min(round(len(self.model.matrix.names) * factor), there))
        self._arrange()

    def _choose(self, index: QModelIndex) -> None:
        pair = self.model.pair(index)
        if pair is not None:
            condition = (
                f"flagged and given_label = {quoted(pair.given)}"
                f" and suggested_label = {quoted(pair.suggested)}"
            )
            self.workspace.set_view(narrowed(self.workspace.view, condition))

    def _follow_focus(self, sample_id: int | None) -> None:
        """Mark the pair of the sample in focus, unless someone is busy in the matrix."""
        if sample_id is None or not self.isVisible() or self.table.hasFocus():
            return
        view = checked(self.workspace.view)

        def show(rows: list[Row]) -> None:
            row = rows[0] if rows else None
            if row and row.flagged and row.given and row.suggested and not self.table.hasFocus():
                index = self.model.index_of(row.given[0], row.suggested[0])
                if index.isValid():
                    self.table.setCurrentIndex(index)

        self.workspace.desk.ask(
            lambda session: session.read(lambda db: browsing.rows(db, view, [sample_id])),
            show,
            lane="pairs-focus",
            owner=self,
        )


class _HeatTable(ChartTable):
    """Cells share the room there is, and scroll where they would be too small to read."""

    def __init__(self) -> None:
        super().__init__(1)
        self.setMouseTracking(True)
        self._cells = _HeatCell(self)
        self.setItemDelegate(self._cells)
        self.setHorizontalHeader(_NameHeader(Qt.Orientation.Horizontal, self))
        self.setVerticalHeader(_NameHeader(Qt.Orientation.Vertical, self))
        self.setShowGrid(False)

    def set_most(self, most: int) -> None:
        """The count that gets the strongest shade."""
        self._cells.most = most
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.viewport().update()

    def _fit(self) -> None:
        count = self.horizontalHeader().count()
        if not count:
            return
        room = self.viewport().size()
        wide = min(max(room.width() // count, _LEAST_WIDTH), _MOST_SIDE)
        high = min(max(room.height() // count, _LEAST_HEIGHT), _MOST_SIDE)
        self.horizontalHeader().setDefaultSectionSize(wide)
        self.verticalHeader().setDefaultSectionSize(min(high, wide))


class _NameHeader(QHeaderView):
    """Class names; over the columns they stand upright where there is no room to lie."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget) -> None:
        super().__init__(orientation, parent)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setMinimumSectionSize(8)
        self._widest: int | None = None
        """Of all names, in pixels; None until it is asked for."""

    def setModel(self, model: QAbstractItemModel | None) -> None:
        super().setModel(model)
        self._forget_width()
        if model is not None:
            model.modelAboutToBeReset.connect(self._forget_width)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._forget_width()
        super().changeEvent(event)

    def _forget_width(self) -> None:
        self._widest = None

    def _name(self, section: int) -> str:
        return str(self.model().headerData(section, self.orientation()))

    @property
    def _is_above(self) -> bool:
        return self.orientation() == Qt.Orientation.Horizontal

    def _is_upright(self) -> bool:
        return self._is_above and self._width() + 10 > self.defaultSectionSize()

    def _width(self) -> int:
        """Measured once: each section asks, and there may be a thousand."""
        if self._widest is None:
            # Without a model there are no sections.
            names = [self._name(at) for at in range(self.count())]
            measure = self.fontMetrics().horizontalAdvance
            self._widest = max((measure(name) for name in names), default=0)
        return self._widest

    def sizeHint(self) -> QSize:
        wide = min(self._width(), _NAME_WIDTH)
        if not self._is_above:
            return QSize(wide + 16, super().sizeHint().height())
        tall = min(wide, _NAME_WIDTH - 40) if self._is_upright() else self.fontMetrics().height()
        return QSize(super().sizeHint().width(), tall + 10)

    def paintSection(self, painter: QPainter, rect: QRect, logical: int) -> None:
        painter.save()
        now = theme.colours()
        painter.fillRect(rect, QColor(now.raised))
        painter.setPen(QColor(now.text))
        side = Qt.AlignmentFlag.AlignCenter
        box = rect.adjusted(2, 0, -2, 0)
        if self._is_upright():
            painter.translate(rect.left(), rect.bottom())
            painter.rotate(-90)
            box = QRect(4, 0, rect.height() - 8, rect.width())
            side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        elif not self._is_above:
            box = rect.adjusted(4, 0, -8, 0)
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        elided = self.fontMetrics().elidedText(
            self._name(logical), Qt.TextElideMode.ElideRight, box.width()
        )
        painter.drawText(box, side, elided)
        painter.restore()


class _HeatCell(QStyledItemDelegate):
    """A shade for the count, with the number on it; no count is no shade."""

    most = 1

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        count = int(index.data(CountRole) or 0)
        rect: QRect = option.rect
        now = theme.colours()
        painter.save()
        shades = palette.sequence()
        # By the logarithm: one common mix-up would leave all others pale.
        strength = math.log1p(count) / math.log1p(max(self.most, 1))
        shade = shades[round(strength * (len(shades) - 1))] if count else QColor(now.base)
        painter.fillRect(rect.adjusted(0, 0, -1, -1), shade)
        if count:
            painter.setPen(palette.ink_on(shade))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, str(index.data()))
        elif index.row() == index.column():
            painter.setPen(QPen(QColor(now.line), 1))
            painter.drawLine(rect.topLeft(), rect.bottomRight())
        if option.state & QStyle.StateFlag.State_Selected:
            for colour, inset in ((now.base, 1), (now.accent, 0)):
                painter.setPen(QPen(QColor(colour), 2))
                painter.drawRect(rect.adjusted(1 + inset, 1 + inset, -2 - inset, -2 - inset))
        painter.restore()
