"""From any of Pillow's modes to the 8-bit RGB pixels that a viewer shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image


def rgb(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Decode to (height, width, 3) uint8 RGB; no orientation applied.

    16-bit grey is scaled, v / 257; wider and floating point grey by its range (see `_by_range`).
    Transparent images are laid on white. CMYK is converted without its colour profile.
    """
    image.load()
    if image.mode.startswith("I;16"):
        return _grey(_from_16_bit(np.asarray(image)))
    if image.mode in ("I", "F"):
        return _grey(_by_range(np.asarray(image)))
    if image.has_transparency_data:
        image = _on_white(image)
    return np.asarray(image.convert("RGB"))


def _grey(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.repeat(grey[:, :, None], 3, axis=2)


def _from_16_bit(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """round(v / 257) in 16-bit arithmetic: exact, and no wide copy of a large image."""
    values = values.astype(np.uint16)
    levels = values // 257
    levels += values - levels * 257 > 128
    return levels.astype(np.uint8)


def _by_range(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Grey levels of 32-bit numbers, whose full scale no file states.

    The smallest of 0..1 (floating point only), 0..255 (floating point only) and 0..65535 that
    holds all values is taken for it; where none does, the values are stretched from their
    minimum to their maximum. NaN and infinities are black.
    """
    integers = values.dtype.kind == "i"
    known = np.isfinite(values)
    safe = np.where(known, values, 0).astype(np.float64)
    low, high = float(safe.min()), float(safe.max())
    scales = (65535.0,) if integers else (1.0, 255.0, 65535.0)
    full = next((scale for scale in scales if low >= 0 and high <= scale), None)
    if full is not None:
        low, high = 0.0, full
    grey = np.rint((safe - low) / (high - low or 1.0) * 255).astype(np.uint8)
    grey[~known] = 0
    return grey


def _on_white(image: Image.Image) -> Image.Image:
    canvas = Image.new("RGBA", image.size, "white")
    canvas.alpha_composite(image.convert("RGBA"))
    return canvas
