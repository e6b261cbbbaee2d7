"""From a file's bytes to the pixels as shown, and the facts in its header."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from auditor.media import colour, jpeg, png
from auditor.media.errors import DECODER_ERRORS, ImageError, explain
from auditor.model import Reason

MAX_PIXELS = 89_478_485
"""Larger images are taken for decompression bombs: a quarter of a gigabyte of RGB, as in Pillow."""

# Pictures only: no format that runs a program (EPS) or that has no signature (TGA).
_FORMATS = (
    *("JPEG", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF", "ICO"),
    *("PCX", "SGI", "QOI", "DDS"),
)
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Facts:
    """What the header says; width and height as shown."""

    format: str
    mode: str
    width: int
    height: int
    orientation: int
    """EXIF's 1 to 8; 1 where there is none."""
    frames: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded image: (height, width, 3) uint8 RGB pixels as shown."""

    pixels: npt.NDArray[np.uint8]
    facts: Facts


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode an image file; of an animation, the first frame.

    The size in the header is checked before any pixel is decoded. Raises ImageError. While it
    runs, Pillow's own limit and warnings are set aside: call it from one thread of a process.
    """
    if not data:
        raise ImageError(Reason.EMPTY, "The file has no bytes.")
    header = jpeg.plain_header(data)
    if header is None:
        with _pillow_told(max_pixels):
            return _decode_with_pillow(data, max_pixels)
    width, height, mode = header
    _check_size(width, height, max_pixels)
    return Picture(jpeg.pixels(data), Facts("JPEG", mode, width, height, 1, 1))


def _decode_with_pillow(data: bytes, max_pixels: int) -> Picture:
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _check_size(*image.size, max_pixels)
            png.verify(data)
            kind, mode, orientation = image.format or "", image.mode, _orientation(image)
            if kind in ("JPEG", "MPO") and mode in ("RGB", "L"):
                pixels = jpeg.pixels(data)
            else:
                pixels = colour.rgb(image)
            # Pillow turns TIFF while it loads, and then forgets the tag.
            pixels = upright(pixels, _orientation(image))
            frames = int(getattr(image, "n_frames", 1))
    except DECODER_ERRORS as error:
        raise explain(data, error) from error
    height, width, _ = pixels.shape
    return Picture(pixels, Facts(kind, mode, width, height, orientation, frames))


def upright(pixels: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """Turn and mirror (height, width, ...) pixels from EXIF orientation 1 to 8 to as shown.

    Source: EXIF 2.32, tag 274.
    """
    if orientation >= 5:
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except DECODER_ERRORS:  # damaged EXIF data says nothing about the pixels
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageError(
            Reason.BOMB,
            f"The header announces {width} x {height} pixels; the limit is {max_pixels:,}.",
        )


@contextmanager
def _pillow_told(max_pixels: int) -> Iterator[None]:
    """Pillow with our limit, and silent: what it warns of is either harmless or a reason."""
    before = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.MAX_IMAGE_PIXELS = max_pixels
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before
