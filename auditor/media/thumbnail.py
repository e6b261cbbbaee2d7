"""The small copy of an image: shown in the gallery, and measured in place of the whole."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from auditor.media import jpeg
from auditor.media.decode import Facts

SIDE: Final = 256
"""The longest side of a small copy, in pixels."""

_QUALITY = 85
_REUSED_BYTES = 32 << 10
_REUSED = {("JPEG", "RGB"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "L"), ("PNG", "P"), ("PNG", "1")}


def small_copy(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB of at most 256 pixels a side; a small image is itself.

    Larger ones are averaged over whole blocks where that leaves 192 pixels or more, six times
    as fast as resampling to exactly 256, which is done otherwise.
    """
    height, width, _ = pixels.shape
    longest = max(height, width)
    if longest <= SIDE:
        return pixels
    # As fromarray, with a copy less.
    image = Image.frombuffer("RGB", (width, height), pixels, "raw", "RGB", 0, 1)
    block = -(-longest // SIDE)
    if longest >= 192 * block:
        return np.asarray(image.reduce(block))
    size = (max(1, round(width * SIDE / longest)), max(1, round(height * SIDE / longest)))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def at_most(pixels: npt.NDArray[np.uint8], longest: int) -> npt.NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB, resampled where a side is over `longest` pixels."""
    height, width, _ = pixels.shape
    if max(height, width) <= longest:
        return pixels
    share = longest / max(height, width)
    size = (max(1, round(width * share)), max(1, round(height * share)))
    image = Image.frombuffer("RGB", (width, height), pixels, "raw", "RGB", 0, 1)
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def thumbnail(data: bytes, facts: Facts, copy: npt.NDArray[np.uint8]) -> bytes:
    """A JPEG or PNG file of the small copy: the file itself where it already is one."""
    shown_as_stored = facts.orientation == 1 and facts.frames == 1
    if (
        shown_as_stored
        and max(facts.width, facts.height) <= SIDE
        and len(data) <= _REUSED_BYTES
        and (facts.format, facts.mode) in _REUSED
    ):
        return data
    return jpeg.encode(copy, _QUALITY)
