"""The grid of thumbnails: a QTableView with fixed sections, smooth at any number of samples."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from auditor.model import ChangeSet
from ui.gallery.band import Band
from ui.gallery.delegate import SampleDelegate
from ui.gallery.model import GalleryModel
from ui.gallery.moves import target
from ui.gallery.peek import Peek
from ui.gallery.picker import Picker
from ui.workspace import Workspace

ZOOM = range(48, 321)
"""Sides of a picture, in pixels."""
_CLIENT = "gallery"
_IDLE_MS = 120
"""After so long without scrolling the next screens are fetched."""


class GalleryView(QTableView):
    """Shows the workspace's list; focus and selection are the workspace's."""

    opened = Signal(int)
    """A sample id that was double-clicked."""
    zoomed = Signal(int)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._places: dict[int, int] = {}
        self._top = 0
        self._heads_down = True
        self._begins = True
        self._sorted_as = workspace.view
        self.samples = GalleryModel(workspace.desk, self)
        self.delegate = SampleDelegate(self.samples, workspace.thumbnails, self)
        self.picker = Picker(workspace, self)
        self._band = Band(self)
        self._idle = QTimer(self, singleShot=True, interval=_IDLE_MS)
        self.peek = Peek(self._draw_overlays, self)
        self._zoom = workspace.settings.gallery.thumbnail_px
        self._set_up()
        self.setModel(self.samples)
        self.setItemDelegate(self.delegate)
        self._connect()
        workspace.thumbnails.need(_CLIENT, round(self._zoom * self.devicePixelRatioF()))
        self._show_ids()

    # what may be asked of it

    @property
    def zoom(self) -> int:
        return self._zoom

    def set_zoom(self, side: int) -> None:
        """Draw pictures `side` pixels wide, keeping the place."""
        side = min(max(side, ZOOM.start), ZOOM.stop - 1)
        if side != self._zoom:
            self._zoom = side
            self._dress()
            self.zoomed.emit(side)

    def reveal(self, place: int) -> None:
        """Scroll as little as needed to have a place on the screen as a whole."""
        height, bar = self._cell_height, self.verticalScrollBar()
        top = place // self._columns * height
        if top < bar.value():
            bar.setValue(top)
        elif top + height > bar.value() + self.viewport().height():
            bar.setValue(top + height - self.viewport().height())

    def visible(self) -> range:
        """Positions on the screen, wholly or in part."""
        top = self.verticalScrollBar().value() // self._cell_height
        bottom = (self.verticalScrollBar().value() + self.viewport().height()) // self._cell_height
        return range(
            min(top * self._columns, len(self.samples.ids)),
            min((bottom + 1) * self._columns, len(self.samples.ids)),
        )

    def place_at(self, point: QPoint) -> int | None:
        """The position under a point of the viewport, or None."""
        column = point.x() // self._cell_width
        row = (point.y() + self.verticalScrollBar().value()) // self._cell_height
        place = row * self._columns + column
        is_cell = 0 <= column < self._columns and 0 <= place < len(self.samples.ids)
        return place if is_cell else None

    def cell(self, place: int) -> QRect:
        """Where a position is in the viewport."""
        row, column = divmod(place, self._columns)
        y = row * self._cell_height - self.verticalScrollBar().value()
        return QRect(column * self._cell_width, y, self._cell_width, self._cell_height)

    # setting up

    def _set_up(self) -> None:
        self.setAccessibleName(self.tr("Gallery"))
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        # A bar that comes and goes would change the width, and with it the columns, in a loop.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setVisible(False)
            header.setMinimumSectionSize(1)
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.ids_changed.connect(self._show_ids)
        workspace.focus_changed.connect(self._show_focus)
        workspace.rows_changed.connect(self._show_changes)
        workspace.row_expected.connect(self.samples.expect)
        workspace.thumbnails.ready.connect(self._show_thumbnail)
        self.picker.changed.connect(self._show_selection)
        self.verticalScrollBar().valueChanged.connect(self._look)
        self._idle.timeout.connect(self._settle)

    def _dress(self) -> None:
        self.delegate.has_findings = self.workspace.view.check_id is not None
        self.delegate.dress(self.font(), self._zoom)
        self._reflow()
        self._idle.start()

    @property
    def _columns(self) -> int:
        return self.samples.columnCount()

    @property
    def _cell_width(self) -> int:
        return self.horizontalHeader().defaultSectionSize()

    @property
    def _cell_height(self) -> int:
        return self.verticalHeader().defaultSectionSize()

    def _reflow(self) -> None:
        """Lay the cells out for the width and zoom there are, keeping a sample where it is."""
        kept = self._steady_place()
        y = self.cell(kept).y() if kept is not None else 0
        least, width = self.delegate.metrics.cell, self.viewport().width()
        columns = max(1, width // least.width())
        self.samples.set_columns(columns)
        self.horizontalHeader().setDefaultSectionSize(max(width // columns, 1))
        self.verticalHeader().setDefaultSectionSize(least.height())
        self.verticalScrollBar().setSingleStep(max(least.height() // 3, 1))
        self.updateGeometries()
        if kept is not None:
            self._put(kept, y)
        self._look()

    def _steady_place(self) -> int | None:
        """What must not move: the sample in focus if it is on the screen, else the first one."""
        visible = self.visible()
        if self.delegate.focus is not None and self.delegate.focus in visible:
            return self.delegate.focus
        return visible.start if visible else None

    def _put(self, place: int, y: int) -> None:
        self.verticalScrollBar().setValue(place // self._columns * self._cell_height - y)

    # following the workspace

    def _show_ids(self) -> None:
        """Another list. A new order begins at its top; otherwise the place is kept."""
        view, focus = self.workspace.view, self.workspace.focus
        before = self._steady_place()
        kept = focus if before is None else int(self.samples.ids[before])
        y = self.cell(before).y() if before is not None else 0
        order, old = (view.sort, view.descending, view.check_id), self._sorted_as
        is_reordered = order != (old.sort, old.descending, old.check_id)
        self._sorted_as = view
        self.samples.show_ids(self.workspace.ids, view)
        self.delegate.focus = self.workspace.place(focus)
        self._dress()
        if is_reordered and not self._begins:
            self.verticalScrollBar().setValue(0)
            if len(self.samples.ids):
                self.workspace.set_focus(int(self.samples.ids[0]))
        elif (place := self.workspace.place(kept)) is not None:
            self._put(place, y)
        elif self.delegate.focus is not None:
            self.reveal(self.delegate.focus)
        else:
            self.verticalScrollBar().setValue(0)
        self._begins = self._begins and not len(self.samples.ids)
        self._look()

    def _show_focus(self, sample_id: int | None) -> None:
        old, self.delegate.focus = self.delegate.focus, self.workspace.place(sample_id)
        for place in (old, self.delegate.focus):
            if place is not None:
                self.viewport().update(self.cell(place))
        if self.delegate.focus is not None:
            self.reveal(self.delegate.focus)

    def _show_selection(self) -> None:
        self.delegate.selection = self.picker.ranges
        self.viewport().update()

    def _show_changes(self, changes: ChangeSet) -> None:
        self.samples.rows_changed(changes)
        self.viewport().update()

    def _show_thumbnail(self, sample_id: int) -> None:
        place = self._places.get(sample_id)
        if place is not None:
            self.viewport().update(self.cell(place))

    def _look(self) -> None:
        """Tell who fetches what is on the screen now."""
        visible = self.visible()
        ids = self.samples.ids[visible.start : visible.stop].tolist()
        self._places = dict(zip(ids, visible, strict=True))
        self.samples.look_at(visible.start, visible.stop)
        self.workspace.thumbnails.keep_only(_CLIENT, ids)
        top = self.verticalScrollBar().value()
        if top != self._top:
            self._heads_down, self._top = top > self._top, top
        self._idle.start()

    def _settle(self) -> None:
        """Nobody scrolls: fetch the size shown, and the screens that come next."""
        if not self.isVisible():
            return
        thumbnails, visible = self.workspace.thumbnails, self.visible()
        side = round(self._zoom * self.devicePixelRatioF())
        if thumbnails.need(_CLIENT, side):
            self.viewport().update()
        screens = 2 * len(visible)
        ahead = range(visible.stop, visible.stop + screens)
        behind = range(visible.start - 1, max(visible.start - 1 - screens, -1), -1)
        for places in (ahead, behind)[:: 1 if self._heads_down else -1][:1]:
            there = [place for place in places if place < len(self.samples.ids)]
            thumbnails.prefetch(_CLIENT, self.samples.ids[there].tolist())

    def _draw_overlays(self, shown: bool) -> None:
        if shown != self.delegate.shows_overlays:
            self.delegate.shows_overlays = shown
            self.viewport().update()

    # Qt overrides

    def paintEvent(self, event: QPaintEvent) -> None:
        self.delegate.ratio = self.devicePixelRatioF()
        super().paintEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._reflow()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.workspace.thumbnails.keep_only(_CLIENT, ())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.FontChange}:
            self._dress()
            self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.peek.end()
        super().focusOutEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(round(self._zoom * 1.15 ** (event.angleDelta().y() / 120)))
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys that move; all others are commands."""
        if event.key() == Qt.Key.Key_Shift:
            if not event.isAutoRepeat():
                self.peek.begin()
            return
        self.peek.end()
        place = self._target(event.key())
        if place is not None:
            extend = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.picker.go(place, extend=extend)
        elif event.key() == Qt.Key.Key_Escape and len(self.picker.ranges):
            self.picker.none()
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Shift and not event.isAutoRepeat():
            self.peek.end()

    def _target(self, key: int) -> int | None:
        """Where a key leads from the focus; None for keys that lead nowhere."""
        count, focus = len(self.samples.ids), self.delegate.focus
        if count == 0:
            return None
        page_rows = max(self.viewport().height() // self._cell_height, 1)
        start = self.visible().start if focus is None else focus
        place = target(key, start, count, self._columns, page_rows)
        return start if place is not None and focus is None else place

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.peek.end()
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        adds = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        self._band.begin(event.position().toPoint(), adds=adds)
        place = self.place_at(event.position().toPoint())
        if place is None:
            if not adds:
                self.picker.none()
        elif adds:
            self.picker.toggle(place)
        else:
            extend = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.picker.go(place, extend=extend)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._band.move(event.position().toPoint())

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._band.end()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position().toPoint())
        if place is not None:
            self.opened.emit(int(self.samples.ids[place]))
