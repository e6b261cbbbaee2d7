"""A page of small pictures of which a few are marked as exceptions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from auditor.session.browsing import Row, State
from ui import theme
from ui.commands import Commands, OwnKeys
from ui.review.bulk import fitted
from ui.thumbnails import ThumbnailCache

_GAP = 4
_BADGE = 20
_CLIENT = "wall"
ACCEPT, _MARK = "wall.accept", "wall.mark"
_PAGES = {"wall.previous-page": -1, "wall.next-page": 1}


class WallGrid(QWidget):
    """Only whole cells are shown, so that what a page holds is what the reviewer sees."""

    capacity_changed = Signal()
    moved = Signal(int)
    """The sample id under the cursor."""
    toggled = Signal(int)
    """A sample id that becomes, or is no longer, an exception."""
    entered = Signal()
    paged = Signal(int)
    """+1 or -1."""

    def __init__(
        self, thumbnails: ThumbnailCache, commands: Commands, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._commands = commands
        self._group = self.tr("On the wall")
        commands.add_own(self._own_keys())
        self._side = 96
        self._ids: list[int] = []
        self._rows: dict[int, Row] = {}
        self.exceptions: set[int] = set()
        self.exception_verdict: str | None = None
        """What becomes of the exceptions: their badge shows it."""
        self._current = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 160)
        self.setAccessibleName(self.tr("Wall of pictures"))
        thumbnails.ready.connect(self._on_ready)

    @property
    def columns(self) -> int:
        return max((self.width() + _GAP) // (self._side + _GAP), 1)

    @property
    def capacity(self) -> int:
        """How many cells a page has."""
        return self.columns * max((self.height() + _GAP) // (self._side + _GAP), 1)

    @property
    def is_complete(self) -> bool:
        """Whether every cell shows its picture, or says that there is none."""
        return all(self._thumbnails.get(i) is not None and i in self._rows for i in self._ids)

    @property
    def to_decide(self) -> list[int]:
        """Samples of the page whose picture is seen and that nobody has decided about."""
        return [i for i in self._ids if i in self._rows and self._can_decide(i)]

    def set_side(self, side: int) -> None:
        """How large a cell is, in pixels."""
        if side != self._side:
            self._side = side
            self.capacity_changed.emit()
            self._need()
            self.update()

    def show_page(self, ids: Sequence[int], ahead: Sequence[int] = ()) -> None:
        """Show these, and have the thumbnails of those `ahead` read too."""
        self._ids = list(ids)
        self._rows = {i: row for i, row in self._rows.items() if i in set(self._ids)}
        self._current = min(self._current, max(len(self._ids) - 1, 0))
        self._need()
        self._thumbnails.keep_only(_CLIENT, self._ids)
        self._thumbnails.prefetch(_CLIENT, ahead)
        self.update()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """What is known of the samples of the page."""
        here = set(self._ids)
        self._rows.update({row.sample_id: row for row in rows if row.sample_id in here})
        self.update()

    def set_current(self, sample_id: int | None) -> None:
        if sample_id in self._ids:
            self._current = self._ids.index(sample_id)
            self._speak()
            self.update()

    def cell(self, sample_id: int) -> QRect:
        """Where a sample of the page is painted."""
        return self._box(self._ids.index(sample_id))

    def _own_keys(self) -> list[OwnKeys]:
        """What is done by key here, but for the arrows."""
        offered = (
            (ACCEPT, self.tr("Accept the page and go on"), "Return"),
            (_MARK, self.tr("Mark an exception, or not any more"), "Space"),
            ("wall.previous-page", self.tr("Previous page"), "PgUp"),
            ("wall.next-page", self.tr("Next page"), "PgDown"),
        )
        return [OwnKeys(name, title, self._group, (key,)) for name, title, key in offered]

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(800, 500)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._told(event.pos()), self)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        meaning = self._commands.meaning(event, self._group)
        if meaning in _PAGES:
            self.paged.emit(_PAGES[meaning])
        elif meaning is not None:
            self._press(meaning, held=event.isAutoRepeat())
        elif self.takes_key(event):
            self._go(self._current + self._steps()[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position().toPoint())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._go(place)
            self._toggle()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.capacity_changed.emit()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.EnabledChange}:
            self.update()
        super().changeEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        now = theme.colours()
        for place, sample_id in enumerate(self._ids):
            self._draw_cell(painter, self._box(place), sample_id, now)
        if self._ids and self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(now.accent), 3))
            painter.drawRect(QRectF(self._box(self._current)).adjusted(1, 1, -1, -1))
        painter.end()

    # painting

    def _draw_cell(self, painter: QPainter, box: QRect, sample_id: int, now: theme.Colours) -> None:
        painter.fillRect(box, QColor(now.raised))
        row, pixmap = self._rows.get(sample_id), self._thumbnails.get(sample_id)
        is_exception = sample_id in self.exceptions
        is_done = row is not None and row.state is not State.UNSEEN
        if pixmap is not None and not pixmap.isNull():
            painter.setOpacity(0.35 if is_exception or is_done else 1)
            target = fitted(QRectF(box), pixmap.width(), pixmap.height())
            painter.drawPixmap(target, pixmap, QRectF(pixmap.rect()))
            painter.setOpacity(1)
        elif pixmap is not None:
            painter.setPen(QColor(now.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(box, int(flags), self.tr("No picture"))
        if is_done and row is not None:
            glyph = theme.GLYPHS.get(row.verdict or "", "?")
            self._draw_badge(painter, box, glyph, theme.of_verdict(row.verdict), now)
        elif is_exception:
            verdict = self.exception_verdict
            colour = theme.of_verdict(verdict)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colour, 3))
            painter.drawRect(QRectF(box).adjusted(1.5, 1.5, -1.5, -1.5))
            self._draw_badge(painter, box, theme.GLYPHS.get(verdict or "", "–"), colour, now)  # noqa: RUF001

    def _draw_badge(
        self, painter: QPainter, box: QRect, glyph: str, colour: QColor, now: theme.Colours
    ) -> None:
        badge = QRectF(box.right() - _BADGE - 3, box.top() + 4, _BADGE, _BADGE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(badge, 5, 5)
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(now.base))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, glyph)

    # cells

    def _box(self, place: int) -> QRect:
        line, column = divmod(place, self.columns)
        step = self._side + _GAP
        return QRect(column * step, line * step, self._side, self._side)

    def _place_at(self, point: QPoint) -> int | None:
        step = self._side + _GAP
        place = point.y() // step * self.columns + point.x() // step
        in_columns = point.x() // step < self.columns
        return place if in_columns and 0 <= place < len(self._ids) else None

    def _steps(self) -> dict[Qt.Key, int]:
        return {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self.columns,
            Qt.Key.Key_Down: self.columns,
            Qt.Key.Key_Home: -self._current,
            Qt.Key.Key_End: len(self._ids) - 1 - self._current,
        }

    def takes_key(self, event: QKeyEvent) -> bool:
        """Whether it is the wall's and no shortcut."""
        if self._commands.meaning(event, self._group) is not None:
            return True
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        return modifiers == Qt.KeyboardModifier.NoModifier and event.key() in self._steps()

    def _press(self, meaning: str, *, held: bool) -> None:
        """A held key must not accept the next page as well."""
        if held:
            return
        if meaning == _MARK:
            self._toggle()
        else:
            self.entered.emit()

    def _go(self, place: int) -> None:
        if 0 <= place < len(self._ids):
            self._current = place
            self._speak()
            self.update()
            self.moved.emit(self._ids[place])

    def _toggle(self) -> None:
        if self._ids and self._can_decide(self._ids[self._current]):
            sample_id = self._ids[self._current]
            self.exceptions ^= {sample_id}
            self._speak()
            self.update()
            self.toggled.emit(sample_id)

    def _can_decide(self, sample_id: int) -> bool:
        row, pixmap = self._rows.get(sample_id), self._thumbnails.get(sample_id)
        is_unseen = row is not None and row.state is State.UNSEEN
        return is_unseen and bool(pixmap and not pixmap.isNull())

    def _speak(self) -> None:
        if not self._ids:
            return
        text = self.tr("{place} of {count}").format(place=self._current + 1, count=len(self._ids))
        if self._ids[self._current] in self.exceptions:
            text += self.tr(", an exception")
        self.setAccessibleDescription(text)

    def _told(self, point: QPoint) -> str:
        place = self._place_at(point)
        row = self._rows.get(self._ids[place]) if place is not None else None
        if row is None:
            return ""
        if row.p_error is None:
            return row.path
        chance = self.tr("{percent} % likely wrong").format(percent=round(row.p_error * 100))
        return f"{row.path}\n{chance}"

    def _need(self) -> None:
        self._thumbnails.need(_CLIENT, round(self._side * self.devicePixelRatioF()))

    def _on_ready(self, sample_id: int) -> None:
        if sample_id in self._ids:
            self.update()
