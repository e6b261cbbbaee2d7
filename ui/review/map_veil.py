"""A label map over a picture: which class each part of it shows, in the class's colour and name."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from auditor.session.evidence import MapCell
from ui.charts import palette

_THIN, _THICK = 30, 110
"""Opacity of a cell of which nothing is sure, and of one that is surely its class; of 255."""
_LEAST = 34
"""Cells narrower than so many pixels have no name."""


def paint(cells: Sequence[MapCell], painter: QPainter, box: QRectF) -> None:
    """Over the picture that lies in `box`. Neighbours of one class are one field with one name."""
    colours = _colours(cells)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    edges = (
        {(one.right, one.top): one for one in cells},
        {(one.left, one.bottom): one for one in cells},
    )
    for one in cells:
        field, colour = _field(one, box), colours.get(one.name)
        before, above = edges[0].get((one.left, one.top)), edges[1].get((one.left, one.top))
        painter.setPen(QPen(colour or palette.others(), 2))
        if before is not None and before.name != one.name:
            painter.drawLine(field.topLeft(), field.bottomLeft())
        if above is not None and above.name != one.name:
            painter.drawLine(field.topLeft(), field.topRight())
        if colour is None:
            continue
        painter.fillRect(field, _veiled(colour, one.share))
        begins = all(other is None or other.name != one.name for other in (before, above))
        if begins and field.width() >= _LEAST:
            _write(painter, field, one.name, colour)
    painter.restore()


def _colours(cells: Sequence[MapCell]) -> dict[str, QColor]:
    """By name: the most frequent classes have colours of their own."""
    names = [one.name for one in cells if one.name]
    order = sorted(set(names), key=lambda name: (-names.count(name), name))
    kinds = palette.kinds()
    return {
        name: kinds[rank] if rank < len(kinds) else palette.others()
        for rank, name in enumerate(order)
    }


def _field(one: MapCell, box: QRectF) -> QRectF:
    return QRectF(
        box.x() + one.left * box.width(),
        box.y() + one.top * box.height(),
        (one.right - one.left) * box.width(),
        (one.bottom - one.top) * box.height(),
    )


def _veiled(colour: QColor, share: float) -> QColor:
    thin = QColor(colour)
    thin.setAlpha(round(_THIN + (_THICK - _THIN) * share))
    return thin


def _write(painter: QPainter, field: QRectF, name: str, colour: QColor) -> None:
    metrics = painter.fontMetrics()
    text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(field.width()) - 8)
    plate = QRectF(field.x() + 3, field.y() + 3, metrics.horizontalAdvance(text) + 6, 16)
    painter.fillRect(plate, colour)
    painter.setPen(palette.ink_on(colour))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
