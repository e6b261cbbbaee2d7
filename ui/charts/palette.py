"""Colours of data: classes, and numbers from few to many.

The sequence is cividis (Nunez, Anderton, Renslow 2018): perceptually uniform, and nearly the same
to people with the common colour-vision deficiencies. These are no colours of the theme: they stand
for values of the data set and never for a state of the program.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor

from ui import theme

Words = npt.NDArray[np.uint32]
"""Colours as 0xAARRGGBB."""

_CIVIDIS = (
    "#00224e",
    "#123570",
    "#3b496c",
    "#575d6d",
    "#707173",
    "#8a8678",
    "#a59c74",
    "#c3b369",
    "#e1cc55",
    "#fee838",
)
_ON_LIGHT = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#aa4499",
    "#e0a000",
    "#332288",
    "#56b4e9",
    "#882255",
    "#999933",
    "#44aa99",
)
_ON_DARK = (
    "#56a9f0",
    "#ff8a4c",
    "#2fcb9b",
    "#df9fcf",
    "#f0c83c",
    "#a394f0",
    "#a8dcff",
    "#e8608c",
    "#c6c64a",
    "#7fe0d0",
)
KINDS = len(_ON_LIGHT)
"""So many classes have a colour of their own; the others share one."""
SHADES = 32


def kinds() -> list[QColor]:
    """One colour per class, in their order."""
    return [QColor(name) for name in (_ON_DARK if theme.is_dark() else _ON_LIGHT)]


def others() -> QColor:
    """What is of no class that has a colour: seen, but behind."""
    return QColor("#5c636e" if theme.is_dark() else "#b4bac3")


def sequence(count: int = SHADES) -> list[QColor]:
    """Shades from few to many; few is near the background."""
    shades = [QColor(name) for name in (_CIVIDIS if theme.is_dark() else _CIVIDIS[::-1])]
    stops = np.array([_channels(shade) for shade in shades], np.float64)
    places = np.linspace(0, len(stops) - 1, count)
    channels = [np.interp(places, np.arange(len(stops)), stops[:, c]) for c in range(3)]
    return [QColor(*(int(v) for v in rgb)) for rgb in zip(*channels, strict=True)]


def ink_on(colour: QColor) -> QColor:
    """Black or white, whichever is read more easily on a colour."""
    return QColor("#000000" if luminance(colour) > 0.18 else "#ffffff")


def packed(colours: list[QColor]) -> Words:
    """Opaque colours as an image's pixels."""
    return np.array([colour.rgba() | 0xFF000000 for colour in colours], np.uint32)


def luminance(colour: QColor) -> float:
    """As WCAG 2 defines it: equal contrast to black and white at 0.18."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()
