"""How the kinds of the map's points are drawn, in the scheme in use."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from ui import theme
from ui.charts import palette
from ui.charts.map_scene import Colouring, Mode
from ui.charts.scatter import SHAPES, Inks

_RADIUS = 3.5
_HALO = 6.0
_MOST = palette.SHADES + 1


def colours(colouring: Colouring) -> list[QColor]:
    """One per kind, from kind 0."""
    if colouring.mode is Mode.P_ERROR:
        return [palette.others(), *palette.sequence()]
    if colouring.mode is Mode.CLASS:
        return [palette.others(), *palette.kinds()]
    flagged = QColor(theme.colours().flagged)
    return [palette.others(), flagged, *(theme.of_verdict(name) for name in colouring.names[1:])]


def shape_of(colouring: Colouring, kind: int) -> int:
    """Colour is not all that tells kinds apart; a disc is everything else, and any shade."""
    if kind == 0 or colouring.mode is Mode.P_ERROR:
        return 0
    return 1 + (kind - 1) % (SHAPES - 1)


def of(colouring: Colouring) -> Inks:
    chosen = colours(colouring)
    shapes = [shape_of(colouring, kind) for kind in range(len(chosen))]
    return Inks(palette.packed(chosen), np.array(shapes, np.uint8), _RADIUS)


def dim() -> Inks:
    """For points outside of the list."""
    return _same(palette.others(), _RADIUS)


def halo() -> Inks:
    """Around selected points."""
    return _same(QColor(theme.colours().text), _HALO)


def _same(colour: QColor, radius: float) -> Inks:
    return Inks(palette.packed([colour] * _MOST), np.zeros(_MOST, np.uint8), radius)
