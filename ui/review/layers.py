"""Pictures as the painter wants them, made off the Qt thread, and the difference of two."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from auditor.session.pictures import Picture

Pixels = npt.NDArray[np.uint8]

_STRIP = 256
"""Rows turned at once: few enough to stay in the processor's cache."""
_COMPARED = 1024
"""Longest side at which two pictures are compared."""
_FAINT = 8
"""A largest difference below this is not stretched to white: it would show noise as a sign."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Pixels of a picture, perhaps fewer than the file has."""

    image: QImage
    full_size: QSize
    pixels: Pixels | None = field(default=None, repr=False)
    """The memory under `image`, which does not own it: height x width x BGRX."""

    @property
    def side(self) -> int:
        return max(self.image.width(), self.image.height())

    @property
    def full_side(self) -> int:
        return max(self.full_size.width(), self.full_size.height())


def of_picture(picture: Picture) -> Layer:
    """Takes no lock that the Qt thread waits for: QImage's own conversion holds Python's."""
    shape = picture.height, picture.width
    rgb = np.frombuffer(picture.rgb, np.uint8).reshape(*shape, 3)
    pixels: Pixels = np.empty((*shape, 4), np.uint8)
    for top in range(0, shape[0], _STRIP):
        strip = slice(top, top + _STRIP)
        for channel in range(3):
            pixels[strip, :, channel] = rgb[strip, :, 2 - channel]
        pixels[strip, :, 3] = 255
    return _over(pixels, QSize(picture.full_width, picture.full_height))


def of_image(image: QImage) -> Layer:
    """A picture that has all its pixels."""
    return Layer(image, image.size())


def difference(left: Layer, right: Layer) -> tuple[Layer, int]:
    """Absolute difference in grey, stretched to white, and the largest one in levels of 255."""
    size = _common_size(left.image, right.image)
    one, two = (_grid(layer.image, size).astype(np.int16) for layer in (left, right))
    apart = np.abs(one - two).max(axis=2)
    largest = int(apart.max())
    grey = (apart * (255 / max(largest, _FAINT))).astype(np.uint8)
    pixels = np.full((*grey.shape, 4), 255, np.uint8)
    pixels[..., :3] = grey[..., None]
    return _over(pixels, size), largest


def _over(pixels: Pixels, full_size: QSize) -> Layer:
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
    return Layer(image, full_size, pixels)


def _common_size(left: QImage, right: QImage) -> QSize:
    """That of the smaller picture, within bounds; proportions are those of the first."""
    smaller = min(max(i.width(), i.height()) for i in (left, right))
    side = min(smaller, _COMPARED)
    size = left.size().scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
    return size.expandedTo(QSize(1, 1))


def _grid(image: QImage, size: QSize) -> Pixels:
    scaled = image.scaled(
        size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    ).convertToFormat(QImage.Format.Format_RGB32)
    flat = np.frombuffer(scaled.constBits(), np.uint8)
    # Copied: the scaled image goes with this call.
    grid: Pixels = flat.reshape(size.height(), scaled.bytesPerLine() // 4, 4)[:, : size.width(), :3]
    return grid.copy()
