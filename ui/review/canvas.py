"""A picture that one zooms and pans."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QCursor,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import theme
from ui.review.layers import Layer

STEP = 1.25
"""One notch of the wheel."""
_CLOSEST = 32
"""At most so many pixels of the screen for one of the picture."""
_SETTLED_MS = 120
_MARGIN = 24
_EDGE = 1
"""Room for the line around the whole picture."""


@dataclass(frozen=True, slots=True)
class Look:
    """Where a canvas looks, in shares of the picture: two of different size look at one place."""

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0
    """1 shows all of it."""


FIT = Look()


Veil = Callable[[QPainter, QRectF], None]
"""Paints over the picture, which lies in that box."""


class Canvas(QWidget):
    """Paints the layer that is just sharp enough; rough while it moves, smooth when it rests."""

    look_changed = Signal(object)
    """A Look that the user chose here; not one that was set."""
    scaled = Signal()
    """More or fewer pixels are needed than before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = FIT
        self.sentence = ""
        """Said instead of a picture, or below it."""
        self._layers: tuple[Layer, ...] = ()
        self._veil: Veil | None = None
        self._is_actual = False
        self._pressed: QPointF | None = None
        self._settle = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settle.timeout.connect(self.update)
        self.setMinimumSize(96, 96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(360, 300)

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self._layers

    def set_layers(self, layers: Sequence[Layer]) -> None:
        """Show a picture by the versions of it that there are; none empties the canvas."""
        self._layers = tuple(sorted(layers, key=lambda layer: layer.side))
        self._keep_actual()
        self.update()

    def set_veil(self, veil: Veil | None) -> None:
        """What lies over the picture; None: nothing."""
        if veil is not None or self._veil is not None:
            self._veil = veil
            self.update()

    def say(self, sentence: str) -> None:
        self.sentence = sentence
        self.setAccessibleDescription(sentence)
        self.update()

    def needed(self) -> int:
        """Pixels on the picture's longest side that the screen can show now."""
        box = self.picture_box()
        return round(max(box.width(), box.height()) * self.devicePixelRatioF())

    # looking

    def set_look(self, look: Look) -> None:
        """Look there without telling anyone."""
        self._is_actual = False
        self._go(look)

    def reset(self) -> None:
        """Show all of the picture."""
        self.set_look(FIT)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        self._is_actual = False
        self._zoom_to(self.look.zoom * factor, at)

    def toggle_zoom(self, at: QPointF | None = None) -> None:
        """From all of the picture to its own pixels around a point, and back."""
        self._is_actual = self.look == FIT
        self._zoom_to(self._actual_zoom() if self._is_actual else 1.0, at)

    def cursor_place(self) -> QPointF | None:
        """Where the mouse is, if over this canvas."""
        place = QPointF(self.mapFromGlobal(QCursor.pos()))
        return place if QRectF(self.rect()).contains(place) and self.underMouse() else None

    def picture_box(self) -> QRectF:
        """Where the whole picture lies; parts may be outside of the widget."""
        size = self._full_size() * self._scale()
        middle = QPointF(self.width() / 2, self.height() / 2)
        corner = middle - QPointF(self.look.x * size.width(), self.look.y * size.height())
        return QRectF(corner, size)

    def _zoom_to(self, zoom: float, at: QPointF | None) -> None:
        if not self._layers:
            return
        middle = QPointF(self.width() / 2, self.height() / 2)
        at = at or middle
        box = self.picture_box()
        x, y = (at.x() - box.x()) / box.width(), (at.y() - box.y()) / box.height()
        least, most = self._zoom_limits()
        zoom = min(max(zoom, least), most)
        size = self._full_size() * (self._fit_scale() * zoom)
        look = Look(
            x - (at.x() - middle.x()) / size.width(),
            y - (at.y() - middle.y()) / size.height(),
            zoom,
        )
        self._go(look)
        self.look_changed.emit(self.look)

    def _go(self, look: Look) -> None:
        look = self._within(look)
        if look != self.look:
            self.look = look
            self._settle.start()
            self.update()
            self.scaled.emit()

    def _within(self, look: Look) -> Look:
        """The nearest look that shows no more empty space than needs be."""
        size = self._full_size() * (self._fit_scale() * look.zoom)

        def held(place: float, length: float, room: int) -> float:
            half = room / 2 / length if length > room else 0.5
            return min(max(place, half), 1 - half)

        return replace(
            look,
            x=held(look.x, size.width(), self.width()),
            y=held(look.y, size.height(), self.height()),
        )

    def _keep_actual(self) -> None:
        """One picture pixel stays one of the screen when the widget or the picture changes."""
        zoom = self._actual_zoom() if self._is_actual else self.look.zoom
        self.look = self._within(replace(self.look, zoom=zoom))
        self.scaled.emit()

    def _full_size(self) -> QSizeF:
        if not self._layers:
            return QSizeF(1, 1)
        return QSizeF(self._layers[-1].full_size)

    def _fit_scale(self) -> float:
        size = self._full_size()
        across, down = self.width() - 2 * _EDGE, self.height() - 2 * _EDGE
        return max(min(across / size.width(), down / size.height()), 1e-6)

    def _scale(self) -> float:
        return self._fit_scale() * self.look.zoom

    def _actual_zoom(self) -> float:
        return 1 / (self._fit_scale() * self.devicePixelRatioF())

    def _zoom_limits(self) -> tuple[float, float]:
        actual = self._actual_zoom()
        return min(1.0, actual), max(8.0, actual * _CLOSEST)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme.colours()
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(now.base))
        if self._layers:
            self._paint_picture(painter)
        if self.look.zoom != 1.0 and self._layers:
            self._paint_chip(painter, self._zoom_words())
        if self.sentence:
            self._paint_sentence(painter)
        painter.end()

    def _paint_picture(self, painter: QPainter) -> None:
        box = self.picture_box()
        seen = box.intersected(QRectF(self.rect()))
        image = self._layer_for(self.needed()).image
        across, down = image.width() / box.width(), image.height() / box.height()
        source = QRectF(
            (seen.x() - box.x()) * across,
            (seen.y() - box.y()) * down,
            seen.width() * across,
            seen.height() * down,
        )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._is_smooth())
        painter.drawImage(seen, image, source)
        # A white picture on a white ground has an edge too.
        painter.setPen(QColor(theme.colours().line))
        painter.drawRect(box.adjusted(-0.5, -0.5, 0.5, 0.5))
        if self._veil is not None:
            self._veil(painter, box)

    def _layer_for(self, side: int) -> Layer:
        enough = (layer for layer in self._layers if layer.side >= side)
        return next(enough, self._layers[-1])

    def _is_smooth(self) -> bool:
        """Close up, pixels are what one wants to see."""
        is_close = self.look.zoom > 1 and self._scale() * self.devicePixelRatioF() >= 2
        return not is_close and not self._settle.isActive()

    def _zoom_words(self) -> str:
        scale = self._scale() * self.devicePixelRatioF()
        return "1:1" if abs(scale - 1) < 0.005 else f"{scale:.0%}"

    def _paint_chip(self, painter: QPainter, words: str) -> None:
        box = QRectF(painter.fontMetrics().boundingRect(words)).adjusted(0, 0, 14, 6)
        box.moveBottomRight(QPointF(self.width() - 8, self.height() - 8))
        self._paint_plate(painter, box)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_sentence(self, painter: QPainter) -> None:
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        room = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        if not self._layers:
            painter.setPen(QColor(theme.colours().muted))
            painter.drawText(room, flags, self.sentence)
            return
        box = painter.boundingRect(room, flags, self.sentence).adjusted(-10, -5, 10, 5)
        box.moveBottom(self.height() - 8)
        self._paint_plate(painter, box)
        painter.drawText(box, flags, self.sentence)

    def _paint_plate(self, painter: QPainter, box: QRectF) -> None:
        now = theme.colours()
        ground = QColor(now.window)
        ground.setAlpha(225)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, 6, 6)
        painter.setPen(QColor(now.text))

    # hands

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            self.zoom_by(1 + event.value(), event.position())
            return True
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_by(STEP ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()
            if self.look != FIT:
                self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or not self._layers:
            return
        moved = event.position() - self._pressed
        self._pressed = event.position()
        box = self.picture_box()
        before = self.look
        self._go(
            replace(
                before,
                x=before.x - moved.x() / box.width(),
                y=before.y - moved.y() / box.height(),
            )
        )
        if self.look != before:
            self.look_changed.emit(self.look)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._pressed = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.toggle_zoom(event.position())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keep_actual()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
        super().changeEvent(event)
