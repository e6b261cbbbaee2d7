"""The crops of a picture that an encoder looks at beside the whole: their places, as data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Box = tuple[float, float, float, float]
"""left, top, right, bottom, as shares of the width and of the height."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
HALVES: tuple[Box, ...] = (
    (0.0, 0.0, 0.5, 1.0),
    (0.5, 0.0, 1.0, 1.0),
    (0.0, 0.0, 1.0, 0.5),
    (0.0, 0.5, 1.0, 1.0),
)
_STARTS = (0.0, 0.25, 0.5)
WINDOWS: tuple[Box, ...] = tuple((x, y, x + 0.5, y + 0.5) for y in _STARTS for x in _STARTS)
"""Half as wide and high as the picture, a quarter apart: the four quadrants are among them."""

LAYOUT: tuple[Box, ...] = (WHOLE, *HALVES, *WINDOWS)
"""What is embedded of each picture, in this order; each box costs one call of the encoder."""
CELLS = 4
"""The map's cells a side: every box of the layout begins and ends at their edges."""


_RIM, _LEAST = 0.075, 3
Pixels = npt.NDArray[Any]
Features = npt.NDArray[np.float32]
Encode = Callable[[list[Pixels]], npt.NDArray[Any]]
"""(n, D) features of n pictures of any sizes."""


def digest() -> str:
    """What tells features of these places from those of others."""
    return hashlib.sha256(repr(LAYOUT).encode()).hexdigest()[:8]


def cut(picture: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """Views of the places of a picture (h, w, 3); none is empty, however small it is."""
    height, width = picture.shape[:2]
    return [picture[_span(box[1], box[3], height), _span(box[0], box[2], width)] for box in LAYOUT]


def features(pictures: Sequence[Pixels], encode: Encode, *, mirrored: bool) -> Features:
    """(n, C * D) features of the places of n pictures, one after the other.

    `mirrored`: each is the mean of two looks, at the place and at its mirror image, a little closer.
    """
    seen = [place for picture in pictures for place in cut(picture)]
    values = encode(seen)
    if mirrored:
        values = (values + encode([_mirrored(one) for one in seen])) / 2
    return np.asarray(values, np.float32).reshape(len(pictures), -1)


def _mirrored(picture: Pixels) -> Pixels:
    """Left to right, without a rim; all of it where little would be left."""
    height, width = picture.shape[:2]
    top, left = round(height * _RIM), round(width * _RIM)
    if min(height - 2 * top, width - 2 * left) >= _LEAST:
        picture = picture[top : height - top, left : width - left]
    return np.ascontiguousarray(picture[:, ::-1])


def _span(start: float, end: float, length: int) -> slice:
    first = min(round(start * length), length - 1)
    return slice(first, max(round(end * length), first + 1))


def within(inner: Box, outer: Box) -> bool:
    """Whether a place lies wholly in another."""
    return (
        outer[0] <= inner[0]
        and outer[1] <= inner[1]
        and inner[2] <= outer[2]
        and inner[3] <= outer[3]
    )


def shared(one: Box, other: Box) -> float:
    """How much of the smaller place lies in the other one, from 0 to 1."""
    wide, high = (max(0.0, min(one[i + 2], other[i + 2]) - max(one[i], other[i])) for i in (0, 1))
    return wide * high / min(_area(one), _area(other))


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def apart(one: Box, other: Box) -> bool:
    """Whether two places share no part of the picture."""
    return shared(one, other) == 0


_COLUMNS, _LINES = ("left", "middle", "right"), ("top", "middle", "bottom")


def words(box: Box) -> str:
    """A place of the layout as people say it: "right half", "top left", "whole picture"."""
    if box == WHOLE:
        return "whole picture"
    column = _COLUMNS[_STARTS.index(box[0])] if box[2] - box[0] < 1 else ""
    line = _LINES[_STARTS.index(box[1])] if box[3] - box[1] < 1 else ""
    if not (column and line):
        return f"{column or line} half"
    return "middle" if column == line else f"{line} {column}"
