"""The picture of the map: pan, zoom, hover, click and lasso."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from ui import theme
from ui.charts import inks
from ui.charts.base import Canvas
from ui.charts.map_drawing import Order, draw
from ui.charts.map_scene import Scene
from ui.charts.scatter import PAD, Layer, Places, Points, Raster, Sight
from ui.desk import Desk

_REACH = 9.0
"""So many pixels beside a point still mean it."""
_CLICK = 4
"""A drag of fewer pixels is a click."""
_ROOM = 1.08
_CLOSEST = 1e6
_NOTCH = 1.25
_PANS = {
    Qt.Key.Key_Left: (-0.1, 0.0),
    Qt.Key.Key_Right: (0.1, 0.0),
    Qt.Key.Key_Up: (0.0, -0.1),
    Qt.Key.Key_Down: (0.0, 0.1),
}
_ZOOMS = {
    Qt.Key.Key_Plus: _NOTCH,
    Qt.Key.Key_Equal: _NOTCH,
    Qt.Key.Key_Minus: 1 / _NOTCH,
}
_KEYS = frozenset([*_PANS, *_ZOOMS, Qt.Key.Key_0, Qt.Key.Key_Home])


class MapView(Canvas):
    """Moves at once: the points are drawn off the Qt thread, and the last picture stands in."""

    picked = Signal(int)
    """A point of the map was clicked."""
    hovered = Signal(object)
    """The point under the mouse, or None."""
    lassoed = Signal(object)
    """Points of the map that were drawn around."""
    lasso_ended = Signal()

    keys = _KEYS

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._desk = desk
        self.setAccessibleName(self.tr("Map of likeness; arrow keys move it, + and - zoom"))
        self.setMouseTracking(True)
        self.setMinimumSize(160, 120)
        self.scene: Scene | None = None
        self.focus: int | None = None
        self._selection: Layer | None = None
        self._sight = Sight(0, 0, 100, 1, 1)
        self._is_fitted = True
        self._raster: Raster | None = None
        self._wanted: Sight | None = None
        self._is_busy = False
        self._is_lasso = False
        self._is_box = False
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._path: list[QPointF] = []

    def show_scene(self, scene: Scene) -> None:
        self.scene = scene
        self.redraw()

    def show_selection(self, selection: Layer | None) -> None:
        self._selection = selection
        self.redraw()

    def show_focus(self, place: int | None) -> None:
        self.focus = place
        self.update()

    def set_lasso(self, is_lasso: bool) -> None:
        """Have the next drag draw around points instead of moving the map."""
        self._is_lasso = is_lasso
        self._path = []
        self.keys = _KEYS | {Qt.Key.Key_Escape} if is_lasso else _KEYS
        shape = Qt.CursorShape.CrossCursor if is_lasso else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)
        self.update()

    def redraw(self) -> None:
        """Draw the points anew, not only what lies over them."""
        self._wanted = None
        self.update()

    # what is looked at

    @property
    def sight(self) -> Sight:
        """In the widget's pixels."""
        size = self.size()
        if self._is_fitted:
            scale = min(size.width(), size.height()) / (2 * _ROOM)
            return Sight(0, 0, max(scale, 1), size.width(), size.height())
        return replace(self._sight, width=size.width(), height=size.height())

    def fit(self) -> None:
        """Show the whole map."""
        self._is_fitted = True
        self.update()

    def pan(self, by: QPointF) -> None:
        """Move what is looked at by so many pixels."""
        now = self.sight
        self._look(replace(now, x=now.x + by.x() / now.scale, y=now.y + by.y() / now.scale))

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Look closer or farther; what lies at `about`, else in the middle, stays there."""
        now = self.sight
        pixel = about if about is not None else QPointF(self.rect().center())
        x, y = now.to_map(pixel.x(), pixel.y())
        least = min(now.width, now.height) / 8
        scale = min(max(now.scale * factor, least), _CLOSEST)
        ratio = now.scale / scale
        self._look(replace(now, x=x + (now.x - x) * ratio, y=y + (now.y - y) * ratio, scale=scale))

    @property
    def is_sharp(self) -> bool:
        """Whether the picture is that of what is looked at, and not an older one moved."""
        return not self._is_busy and self._wanted == self.sight

    def seen(self) -> Places:
        """The points that lie within the picture."""
        whole = np.ones((self.height(), self.width()), np.bool_)
        return self._lying_in(whole)

    def _look(self, sight: Sight) -> None:
        self._sight = replace(sight, x=min(max(sight.x, -1.2), 1.2), y=min(max(sight.y, -1.2), 1.2))
        self._is_fitted = False
        self.update()

    # painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.colours().base))
        if self.scene is not None:
            if self._wanted != self.sight and not self._is_busy:
                self._want(self.scene)
            if self._raster is not None:
                self._paint_points(painter, self._raster)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_focus_mark(painter, self.scene)
            self._paint_lasso(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self.paint_focus(painter)

    def _want(self, scene: Scene) -> None:
        """Have the points drawn as they are looked at now; one picture is drawn at a time."""
        order = Order(
            scene,
            self._selection,
            self.sight,
            self.devicePixelRatioF(),
            inks.of(scene.colouring),
            inks.dim(),
            inks.halo(),
        )
        self._is_busy, self._wanted = True, self.sight
        self._desk.ask(lambda _session: draw(order), self._show, self._fail, owner=self)

    def _show(self, raster: Raster) -> None:
        self._is_busy = False
        self._raster = raster
        self.update()

    def _fail(self, error: Exception) -> None:
        self._is_busy = False
        self._desk.trouble.emit(self.tr("The map cannot be drawn: {why}").format(why=error))

    def _paint_points(self, painter: QPainter, raster: Raster) -> None:
        """The last picture, moved to where its points belong now."""
        padded = raster.padded
        height, width = padded.shape
        image = QImage(padded.data, width, height, padded.strides[0], QImage.Format.Format_ARGB32)
        inner = QRectF(PAD, PAD, width - 2 * PAD, height - 2 * PAD)
        left, top, right, bottom = raster.sight.box
        target = QRectF(
            QPointF(*self.sight.to_pixel(left, top)), QPointF(*self.sight.to_pixel(right, bottom))
        )
        painter.drawImage(target, image, inner)

    def _paint_focus_mark(self, painter: QPainter, scene: Scene) -> None:
        if self.focus is None:
            return
        middle = QPointF(*self.sight.to_pixel(*(float(v) for v in scene.points.xy[self.focus])))
        now = theme.colours()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((now.base, 5), (now.accent, 2.5)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawEllipse(middle, 10, 10)
            for aside in (QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)):
                painter.drawLine(middle + aside * 10, middle + aside * 15)

    def _paint_lasso(self, painter: QPainter) -> None:
        if len(self._path) < 2:
            return
        accent = QColor(theme.colours().accent)
        painter.setPen(QPen(accent, 2, Qt.PenStyle.DashLine))
        accent.setAlpha(40)
        painter.setBrush(accent)
        painter.drawPolygon(QPolygonF(self._path))

    # finding points

    def _groups(self, sight: Sight) -> list[Points]:
        """What may be seen, the list's points first."""
        if self.scene is None:
            return []
        return [layer.within(sight.box) for layer in reversed(self.scene.layers)]

    def point_at(self, pixel: QPointF) -> int | None:
        """The nearest point, those of the list first; None where there is none."""
        now = self.sight
        x, y = now.to_map(pixel.x(), pixel.y())
        near = Sight(x, y, now.scale, int(2 * _REACH), int(2 * _REACH))
        for points in self._groups(near):
            place = now.nearest(points, pixel.x(), pixel.y(), _REACH)
            if place is not None:
                return place
        return None

    def _lying_in(self, mask: npt.NDArray[np.bool_]) -> Places:
        sight = self.sight
        found = [sight.lie_in(points, mask) for points in self._groups(sight)]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def _within_path(self) -> Places:
        """What was drawn around, by the pixels that the drawn line encloses."""
        image = QImage(self.size(), QImage.Format.Format_Grayscale8)
        image.fill(0)
        painter = QPainter(image)
        painter.setBrush(Qt.GlobalColor.white)
        painter.setPen(Qt.GlobalColor.white)
        painter.drawPolygon(QPolygonF(self._path))
        painter.end()
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
        return self._lying_in(rows[:, : image.width()] > 0)

    # mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._pressed = self._last = event.position()
        self._is_box = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._path = [self._pressed] if self._is_lasso or self._is_box else []

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is None:
            self.hovered.emit(self.point_at(at))
        elif self._is_box:
            self._path = _rectangle(self._pressed, at)
            self.update()
        elif self._is_lasso:
            self._path.append(at)
            self.update()
        elif self._moved(at):
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.pan(self._last - at)
            self._last = at

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or event.button() != Qt.MouseButton.LeftButton:
            return
        is_click = not self._moved(event.position())
        if is_click and not self._is_lasso:
            place = self.point_at(event.position())
            if place is not None:
                self.picked.emit(place)
        elif len(self._path) > 2:
            self.lassoed.emit(self._within_path())
        self._pressed = None
        if self._path:
            self.lasso_ended.emit()
        self.set_lasso(False)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(_NOTCH ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _PANS:
            across, down = _PANS[key]
            self.pan(QPointF(across * self.width(), down * self.height()))
        elif key in _ZOOMS:
            self.zoom(_ZOOMS[key])
        elif key in {Qt.Key.Key_0, Qt.Key.Key_Home}:
            self.fit()
        elif key == Qt.Key.Key_Escape and self._is_lasso:
            self._pressed = None
            self.set_lasso(False)
            self.lasso_ended.emit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.redraw()

    def _moved(self, at: QPointF) -> bool:
        """Whether a drag began, or goes on."""
        if self._pressed is None:
            return False
        far = (at - self._pressed).manhattanLength() >= _CLICK
        return far or self._last != self._pressed


def _rectangle(one: QPointF, other: QPointF) -> list[QPointF]:
    box = QRectF(one, other).normalized()
    return [box.topLeft(), box.topRight(), box.bottomRight(), box.bottomLeft()]
