"""Digits in the form of scikit-learn's (8, 8): scanned ones distorted, typeset ones, drawn ones."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]

FINE = 32
"""The scans were bitmaps of 32x32 dots; a pixel counts the dots of a 4x4 block."""

# Strokes by class and way of writing: control points (x right, y down) of smooth or, where the
# first item is "-", straight lines, in a unit square.
_STROKES: dict[int, tuple[tuple[str, ...], ...]] = {
    0: (
        ("50,0 15,12 5,50 18,90 50,100 82,90 95,50 85,12 50,0",),
        ("60,2 25,15 12,60 30,97 62,92 85,55 78,15 55,0",),
    ),
    1: (
        ("-50,0 50,100",),
        ("-28,25 55,0 55,100",),
        ("-30,22 52,0 52,100", "-25,100 80,100"),
        ("-62,0 40,100",),
        ("-20,38 58,0 56,100",),
    ),
    2: (
        ("8,25 30,2 65,2 85,25 70,52 35,80 8,98", "-8,98 92,98"),
        ("12,18 45,0 80,15 75,45 40,75 15,92 25,100 55,90 92,98",),
        ("10,20 40,0 78,18 70,50 30,85 10,95 18,78 40,85 92,96",),
        ("-10,10 55,2 85,20 80,45 10,97 95,97",),
    ),
    3: (
        ("12,10 45,0 80,12 75,38 42,48 80,60 88,82 55,100 10,90",),
        ("-12,2 85,2 45,40", "45,40 85,55 85,85 50,100 10,90"),
        ("10,15 50,0 78,20 48,45 45,47 85,62 75,95 40,100 8,88",),
    ),
    4: (
        ("-40,0 8,62 92,62", "-68,30 62,100"),
        ("-65,0 8,65 95,65", "-65,0 65,100"),
        ("-20,0 15,52 85,52", "-80,0 72,100"),
        ("18,5 12,45 35,55 80,48", "-82,5 78,100"),
    ),
    5: (
        ("-85,2 22,2 15,45", "15,45 55,36 88,60 75,92 40,100 8,90"),
        ("-25,0 20,45", "20,45 60,40 85,65 65,97 12,95", "-25,0 90,2"),
        ("80,0 25,5 18,40 70,45 88,75 55,100 10,92",),
    ),
    6: (
        ("70,0 30,25 10,65 30,98 70,95 82,70 60,52 25,60 12,75",),
        ("55,0 22,30 10,75 40,100 78,85 75,58 40,52 15,72",),
        ("85,8 50,2 18,35 10,75 45,100 85,80 65,52 20,62",),
    ),
    7: (
        ("-8,3 90,3 40,100",),
        ("-8,3 90,3 40,100", "-25,52 80,50"),
        ("-10,18 10,3 90,3", "90,3 60,45 48,100"),
        ("8,12 45,6 90,4 62,50 45,100", "-30,55 82,48"),
    ),
    8: (
        ("78,12 45,0 18,18 45,45 82,72 55,100 18,82 50,48 80,22 70,6",),
        ("50,48 20,25 50,0 80,22 50,48 12,75 50,100 88,76 50,48",),
        ("85,8 40,2 20,25 75,65 70,95 35,98 25,75 60,45 82,15",),
    ),
    9: (
        ("80,20 50,0 15,20 25,48 60,50 82,22", "-82,12 78,100"),
        ("82,22 45,0 15,25 45,50 80,25", "82,18 82,70 55,98 15,92"),
        ("80,30 55,2 20,18 30,48 70,42 82,15 75,55 50,100",),
    ),
}


def drawn(per_class: int, rng: np.random.Generator) -> tuple[Pixels, Codes]:
    """Digits written by a random hand from our own strokes: (n, 8, 8) and classes (n,)."""
    images, classes = [], []
    for code in range(10):
        for _ in range(per_class):
            ways = _STROKES[code]
            images.append(_scan(_written(ways[int(rng.integers(len(ways)))], rng)))
            classes.append(code)
    return np.stack(images), np.array(classes)


def _written(strokes: tuple[str, ...], rng: np.random.Generator) -> Image.Image:
    canvas = Image.new("L", (160, 160))
    pen = ImageDraw.Draw(canvas)
    width = int(rng.integers(8, 18))
    turn = _affine(rng, slant=0.3, spread=0.25)
    wobble = rng.uniform(0.01, 0.06)
    for stroke in strokes:
        points = np.array([p.split(",") for p in stroke.lstrip("-").split()], float) / 100 - 0.5
        points = (points + rng.normal(0, wobble, points.shape)) @ turn * 90 + 80
        line = points if stroke.startswith("-") else _smooth(points)
        pen.line([tuple(p) for p in line], fill=255, width=width, joint="curve")
        for x, y in line[[0, -1]]:
            pen.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)
    return canvas


def _smooth(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Points of a Catmull-Rom curve through the given ones."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, 8)[:, None]
    pieces = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        cubic = (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
        pieces.append((2 * b + (c - a) * t + cubic) / 2)
    return np.concatenate(pieces)


def _affine(rng: np.random.Generator, slant: float, spread: float) -> npt.NDArray[np.float64]:
    angle = rng.normal(0, 0.08)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    lean = np.array([[1, 0], [-rng.normal(0, slant / 2), 1]])
    scale = np.diag([rng.uniform(1 - 2 * spread, 1 + spread / 2), 1.0])
    product: npt.NDArray[np.float64] = scale @ lean @ turn
    return product


def _scan(canvas: Image.Image) -> Pixels:
    """The ink fitted to 32x32 dots as the scans were, counted in blocks: (8, 8) uint8."""
    box = canvas.getbbox()
    if box is None:
        return np.zeros((8, 8), np.uint8)
    ink = canvas.crop(box)
    scale = FINE / max(ink.size)
    size = (max(1, round(ink.width * scale)), max(1, round(ink.height * scale)))
    fine = Image.new("L", (FINE, FINE))
    fine.paste(ink.resize(size), ((FINE - size[0]) // 2, (FINE - size[1]) // 2))
    return _counted(np.asarray(fine, np.float32) / 255)


def _counted(fine: Plane) -> Pixels:
    dots = (fine > 0.5).reshape(8, 4, 8, 4).sum((1, 3))
    return np.round(dots * (255 / 16)).astype(np.uint8)


def typeset(per_font: int, rng: np.random.Generator) -> tuple[Pixels, Codes]:
    """Digits in the fonts that come with matplotlib, distorted: (n, 8, 8) and classes (n,)."""
    import matplotlib as mpl

    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    wanted = [*folder.glob("DejaVu*.ttf"), *folder.glob("STIXGeneral*.ttf")]
    wanted += [folder / f"{name}.ttf" for name in ("cmr10", "cmss10", "cmtt10", "cmb10", "cmti10")]
    images, classes = [], []
    for file in sorted(path for path in wanted if "Display" not in path.name):
        font = ImageFont.truetype(str(file), 100)
        for code in range(10):
            canvas = Image.new("L", (160, 160))
            ImageDraw.Draw(canvas).text((40, 20), str(code), font=font, fill=255)
            images += [_scan(canvas)] * per_font
            classes += [code] * per_font
    return distorted(np.stack(images), rng), np.array(classes)


def distorted(images: Pixels, rng: np.random.Generator) -> Pixels:
    """Each digit (n, 8, 8) sheared, stretched, bent and its stroke thinned or fattened."""
    return np.stack([_distorted(image, rng) for image in images])


def _distorted(image: Pixels, rng: np.random.Generator) -> Pixels:
    fine = np.asarray(
        Image.fromarray(image).resize((FINE, FINE), Image.Resampling.BICUBIC), np.float32
    )
    fine = np.clip(fine / 255, 0, 1)
    turn = _affine(rng, slant=0.3, spread=0.12)
    centre = (FINE - 1) / 2
    y, x = np.mgrid[0:FINE, 0:FINE].astype(np.float32) - centre
    bend = ndimage.gaussian_filter(rng.normal(0, 1, (2, FINE, FINE)), (0, 5, 5))
    bend *= rng.uniform(0, 2.0) / (np.abs(bend).mean() + 1e-6)
    rows = turn[1, 1] * y + turn[1, 0] * x + bend[0] + centre + rng.uniform(-1, 1)
    columns = turn[0, 1] * y + turn[0, 0] * x + bend[1] + centre + rng.uniform(-1, 1)
    moved = ndimage.map_coordinates(fine, [rows, columns], order=1)
    # A lower threshold after blurring is a broader pen.
    inked = ndimage.gaussian_filter(moved, 1.0) > rng.uniform(0.34, 0.58)
    return _counted(inked.astype(np.float32)) if inked.any() else image
