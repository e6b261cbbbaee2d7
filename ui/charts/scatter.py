"""A million points as an image: what a frame of the map costs is decided here.

Points are kept in the order of a grid of tiles, so that a frame touches only what may be seen and
its memory is walked in order. Many points are single pixels whose strength is how many fall on
them; few are shapes, one per kind.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
Image = npt.NDArray[np.uint32]
Kinds = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

FEW = 20_000
"""Up to so many points on the screen are drawn one by one, as shapes."""
SOME = 200_000
"""Up to so many are larger than a pixel."""
_TILES = 128
PAD = 16
"""Pixels around the image, where the points outside of it and the edges of shapes fall."""


_ALPHA = 3 if sys.byteorder == "little" else 0
"""Where in a pixel's bytes the highest is."""
Pixels = list[tuple[int, int, float]]


@dataclass(frozen=True, slots=True)
class Inks:
    """How each kind of points is drawn."""

    colours: Image
    shapes: Kinds
    """Indices of `shape`, for when there are few points."""
    radius: float

    def times(self, ratio: float) -> Inks:
        """The same on a screen whose pixels are finer."""
        return Inks(self.colours, self.shapes, self.radius * ratio)


class Points(NamedTuple):
    x: Floats
    y: Floats
    kinds: Kinds
    places: Places
    """Which of the map's points these are."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The part of the map that is looked at: centre, and pixels per unit. y grows downwards."""

    x: float
    y: float
    scale: float
    width: int
    height: int

    @property
    def box(self) -> Box:
        across, down = self.width / 2 / self.scale, self.height / 2 / self.scale
        return self.x - across, self.y - down, self.x + across, self.y + down

    def times(self, ratio: float) -> Sight:
        """The same on a screen whose pixels are finer."""
        width, height = round(self.width * ratio), round(self.height * ratio)
        return Sight(self.x, self.y, self.scale * ratio, width, height)

    def around(self, factor: float) -> Sight:
        """The same middle, with more to see about it."""
        width, height = round(self.width * factor), round(self.height * factor)
        return Sight(self.x, self.y, self.scale, width, height)

    def to_pixel(self, x: float, y: float) -> tuple[float, float]:
        left, top, _, _ = self.box
        return (x - left) * self.scale, (y - top) * self.scale

    def to_map(self, x: float, y: float) -> tuple[float, float]:
        left, top, _, _ = self.box
        return left + x / self.scale, top + y / self.scale

    def lie_in(self, points: Points, mask: npt.NDArray[np.bool_]) -> Places:
        """The map's points whose pixel the mask, (height, width), holds."""
        columns, rows = self.pixels(points)
        padded = np.pad(mask, PAD // 2)
        return points.places[padded[rows + PAD // 2, columns + PAD // 2]]

    def nearest(self, points: Points, x: float, y: float, reach: float) -> int | None:
        """The map's point nearest to a pixel, at most `reach` pixels away."""
        there_x, there_y = self.to_map(x, y)
        distances = np.hypot(points.x - there_x, points.y - there_y)
        if not len(distances):
            return None
        best = int(np.argmin(distances))
        return int(points.places[best]) if distances[best] * self.scale <= reach else None

    def pixels(self, points: Points) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """The pixel each point falls on; what lies outside comes to lie half a pad outside."""
        left, top, _, _ = self.box
        half = PAD // 2
        both = []
        for values, first, size in ((points.x, left, self.width), (points.y, top, self.height)):
            # One multiplication and one addition per coordinate, in single precision.
            scaled = values * np.float32(self.scale)
            scaled -= np.float32(first * self.scale)
            np.clip(scaled, -half, size + half - 1, out=scaled)
            both.append(np.floor(scaled, out=scaled).astype(np.int32))
        return both[0], both[1]


class Layer:
    """Points that are drawn together."""

    def __init__(self, xy: Floats, kinds: Kinds, places: Places) -> None:
        cells = np.clip((xy[places] + 1) * (_TILES / 2), 0, _TILES - 1).astype(np.uint16)
        tiles = cells[:, 1] * np.uint16(_TILES) + cells[:, 0]
        order = np.argsort(tiles, kind="stable")
        sorted_places = places[order]
        chosen = xy[sorted_places]
        self.points = Points(
            np.ascontiguousarray(chosen[:, 0]),
            np.ascontiguousarray(chosen[:, 1]),
            kinds[sorted_places],
            sorted_places,
        )
        self._starts = np.zeros(_TILES * _TILES + 1, np.int64)
        np.cumsum(np.bincount(tiles, minlength=_TILES * _TILES), out=self._starts[1:])

    def within(self, box: Box) -> Points:
        """The points of every tile that the box touches."""
        left, top, right, bottom = (
            min(max(int((edge + 1) * _TILES / 2), 0), _TILES - 1) for edge in box
        )
        if right - left == _TILES - 1:
            first, stop = self._starts[top * _TILES], self._starts[(bottom + 1) * _TILES]
            return self._part(lambda whole: whole[first:stop])
        rows = np.arange(top, bottom + 1) * _TILES
        firsts, stops = self._starts[rows + left], self._starts[rows + right + 1]
        runs = [slice(a, b) for a, b in zip(firsts.tolist(), stops.tolist(), strict=True)]
        return self._part(lambda whole: np.concatenate([whole[run] for run in runs]))

    def _part(self, cut: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Points:
        x, y, kinds, places = (cut(whole) for whole in self.points)
        return Points(x, y, kinds, places)


class Raster:
    """An image of ARGB pixels that points are put on, later ones over earlier ones."""

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self._stride = sight.width + 2 * PAD
        self._padded = np.zeros((sight.height + 2 * PAD, self._stride), np.uint32)

    @property
    def padded(self) -> Image:
        """(height + 2 PAD, width + 2 PAD), 0xAARRGGBB, without gaps in memory."""
        return self._padded

    def put(self, points: Points, inks: Inks, *, crowd: int, strength: float = 1.0) -> None:
        """Draw in the inks of the kinds; `crowd` is how many points there are in all."""
        if not len(points.x):
            return
        where = self._indices(points)
        if crowd > SOME:
            self._put_density(where, inks.colours[points.kinds], strength)
        elif crowd > FEW:
            shades = _with_alpha(inks.colours, strength)[points.kinds]
            for offset in (0, 1, self._stride, self._stride + 1):
                self._flat[where + offset] = shades
        else:
            shades = _with_alpha(inks.colours, strength)
            for kind in np.unique(points.kinds).tolist():
                radius = inks.radius * (1.5 if crowd < FEW // 10 else 1)
                pixels = shape(int(inks.shapes[kind]), radius)
                self._put_shape(where[points.kinds == kind], pixels, int(shades[kind]))

    @property
    def _flat(self) -> Image:
        return self._padded.reshape(-1)

    def _indices(self, points: Points) -> Places:
        columns, rows = self.sight.pixels(points)
        rows += PAD
        rows *= self._stride
        rows += columns
        rows += PAD
        return rows.astype(np.int64)

    def _put_density(self, where: Places, shades: Image, strength: float) -> None:
        flat = self._flat
        counts = np.bincount(where, minlength=len(flat))
        flat[where] = shades
        steps = (_crowding() * strength).astype(np.uint8)
        np.minimum(counts, len(steps) - 1, out=counts)
        alphas = flat.view(np.uint8)[_ALPHA::4]
        # Where no point of these fell, what was put before stays as it is.
        np.copyto(alphas, steps.take(counts), where=counts > 0)

    def _put_shape(self, where: Places, pixels: Pixels, shade: int) -> None:
        flat = self._flat
        alpha, colour = shade >> 24, shade & 0xFFFFFF
        for row, column, cover in pixels:
            flat[where + (row * self._stride + column)] = colour | int(alpha * cover) << 24


@lru_cache(maxsize=64)
def shape(number: int, radius: float) -> Pixels:
    """Pixels of a shape about (0, 0): row, column, how much of it is covered; the edge first."""
    reach, fine = int(radius) + 1, 4
    steps = (np.arange((2 * reach + 1) * fine) + 0.5) / fine - reach - 0.5
    y, x = np.meshgrid(steps / radius, steps / radius, indexing="ij")
    inside = _INSIDE[number](x, y)
    side = 2 * reach + 1
    cover = inside.reshape(side, fine, side, fine).mean(axis=(1, 3))
    found = [
        (row - reach, column - reach, float(cover[row, column]))
        for row, column in np.argwhere(cover > 0).tolist()
    ]
    return sorted(found, key=lambda pixel: pixel[2])


SHAPES = 7
_INSIDE = (
    lambda x, y: x * x + y * y <= 0.85,
    lambda x, y: np.maximum(abs(x), abs(y)) <= 0.78,
    lambda x, y: abs(x) + abs(y) <= 1.1,
    lambda x, y: (y <= 0.75) & (2 * abs(x) <= (y + 1) * 1.15),
    lambda x, y: (y >= -0.75) & (2 * abs(x) <= (1 - y) * 1.15),
    lambda x, y: (np.minimum(abs(x), abs(y)) <= 0.32) & (np.maximum(abs(x), abs(y)) <= 1),
    lambda x, y: (np.minimum(abs(x + y), abs(x - y)) <= 0.45) & (np.maximum(abs(x), abs(y)) <= 0.9),
)
"""Disc, square, diamond, triangles up and down, plus, cross: within [-1, 1] each way."""


@lru_cache(maxsize=1)
def _crowding() -> npt.NDArray[np.float64]:
    """Alpha of a pixel by how many points fall on it: one is seen, twenty are full."""
    counts = np.arange(64)
    alphas: npt.NDArray[np.float64] = np.clip(0.45 + 0.55 * np.log1p(counts) / np.log(21), 0, 1)
    return alphas * 255


def _with_alpha(colours: Image, strength: float) -> Image:
    alpha = np.uint32(int(255 * strength) << 24)
    return (colours & np.uint32(0xFFFFFF)) | alpha
