"""The demo data set: real handwritten digits composed into small colour scenes.

Layout: `train/<class>/<number>.jpg` and `test/<class>/<number>.jpg`, classes "0" to "9".
Every scene has one main digit, large and near the centre, which is its label; about a third of
the scenes also have a second, small digit at the side, which is not. No digit serves in both
splits, and the digits of `HELD_OUT_DIGITS` serve in none.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from auditor.planting.base import Planting

Pixels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.floating[Any]]

SIDE = 64
JPEG_QUALITY = 95
TWO_DIGIT_SHARE = 1 / 3
TRAIN_SHARE = 0.8

TRAIN_DIGITS = range(1150)
"""Positions in scikit-learn's digits that the demo's train split is made of."""

TEST_DIGITS = range(1150, 1437)
"""Positions that the demo's test split is made of."""

HELD_OUT_DIGITS = range(1437, 1797)
"""Positions the demo never shows (the last fifth, other writers): to train models that meet it."""


DEMO_PLANTINGS = (
    Planting("flip_symmetric", 0.04),
    Planting("flip_pair", 0.10, {"classes": "3:8"}),
    Planting("exact_copy", 0.01),
    Planting("altered_copy", 0.01),
    Planting("leak", 0.01),
    Planting("blur", 0.005),
    Planting("dark", 0.005),
    Planting("overexposed", 0.005),
    Planting("truncated", 0.005),
    Planting("corner_mark", 0.20, {"class": "7"}),
)
"""The known trouble in the demo: about 6 % wrong labels, some copies, bad files and one mark."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One composed image, as its encoded bytes, and where it goes."""

    path: str
    data: bytes


def digits(positions: range) -> tuple[Pixels, npt.NDArray[np.int64]]:
    """Scikit-learn's handwritten digits at those positions.

    Returns images (n, 8, 8) uint8 in 0..255 and their classes (n,) int64.
    Source: UCI "Optical Recognition of Handwritten Digits", bundled with scikit-learn.
    """
    from sklearn.datasets import load_digits

    data = load_digits()
    images = np.round(data.images[positions.start : positions.stop] * (255 / 16)).astype(np.uint8)
    return images, data.target[positions.start : positions.stop].astype(np.int64)


def compose_demo(
    out: Path,
    seed: int = 0,
    samples: int = 2000,
    report: Callable[[int, int], None] | None = None,
) -> tuple[Path, ...]:
    """Write the demo data set to the new folder `out`: the same bytes for the same seed.

    Classes are balanced; a fifth of the samples is the test split. `report(done, total)` is
    called as scenes are written. Returns the files relative to `out`.
    """
    rng = np.random.default_rng(seed)
    train = round(samples * TRAIN_SHARE)
    plan = (("train", TRAIN_DIGITS, train), ("test", TEST_DIGITS, samples - train))
    written: list[Path] = []
    for split, positions, count in plan:
        for scene in _scenes(split, positions, count, rng):
            target = out / scene.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(scene.data)
            written.append(Path(scene.path))
            if report is not None:
                report(len(written), samples)
    return tuple(written)


def _scenes(split: str, positions: range, count: int, rng: np.random.Generator) -> list[Scene]:
    images, classes = digits(positions)
    order = _balanced(classes, count, rng)
    scenes = []
    for number, index in enumerate(order):
        side = int(rng.integers(len(images))) if rng.random() < TWO_DIGIT_SHARE else None
        pixels = compose(images[index], None if side is None else images[side], rng).pixels
        path = f"{split}/{classes[index]}/{number:05d}.jpg"
        scenes.append(Scene(path, _jpeg(pixels)))
    return scenes


def _balanced(
    classes: npt.NDArray[np.int64], count: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Positions of `count` digits, the classes in equal shares, each digit as rarely as can be."""
    columns = []
    for wanted in range(10):
        mine = np.flatnonzero(classes == wanted)
        rounds = math.ceil(count / 10 / len(mine))
        columns.append(np.concatenate([rng.permutation(mine) for _ in range(rounds)]))
    shortest = min(len(column) for column in columns)
    return np.stack([column[:shortest] for column in columns], axis=1).ravel()[:count]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a digit was drawn: its centre and height, in pixels."""

    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Composed:
    """A scene (64, 64, 3) uint8 and where its digits are."""

    pixels: Pixels
    main: Placed
    second: Placed | None


def compose(main: Pixels, second: Pixels | None, rng: np.random.Generator) -> Composed:
    """One scene: `main` near the centre, `second` small at the side."""
    background = _background(rng)
    ink = _contrasting(background.mean(axis=(0, 1)), rng)
    canvas, beside = background, None
    if second is not None:
        angle = rng.uniform(0, 2 * math.pi)
        # On a square about the centre, so that in a corner it keeps clear of the main digit.
        reach = 24 / max(abs(math.cos(angle)), abs(math.sin(angle)))
        at = (SIDE / 2 + reach * math.cos(angle), SIDE / 2 + reach * math.sin(angle))
        beside = Placed(*at, rng.uniform(12, 15))
        canvas = _paint(canvas, _mask(second, beside, rng), ink)
    at = (SIDE / 2 + rng.uniform(-2, 2), SIDE / 2 + rng.uniform(-2, 2))
    middle = Placed(*at, rng.uniform(34, 40))
    canvas = _paint(canvas, _mask(main, middle, rng), ink)
    noisy = canvas + rng.normal(0, 3, canvas.shape)
    return Composed(np.clip(np.round(noisy), 0, 255).astype(np.uint8), middle, beside)


def _mask(digit: Pixels, place: Placed, rng: np.random.Generator) -> Plane:
    """Opacity (64, 64) of the digit drawn there, turned by up to 8 degrees."""
    padded = Image.fromarray(np.pad(digit, 4))
    angle = math.radians(rng.uniform(-8, 8))
    scale = 8 / place.height
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    x, y = place.x, place.y
    middle = padded.width / 2
    matrix = (cos, sin, middle - cos * x - sin * y, -sin, cos, middle + sin * x - cos * y)
    drawn = padded.transform((SIDE, SIDE), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    # The scan's grey is a count of ink dots: a steeper ramp turns it into a stroke with an edge.
    opacity: Plane = np.clip((np.asarray(drawn, np.float32) / 255 - 0.25) / 0.4, 0, 1)
    return opacity


def _paint(canvas: Plane, mask: Plane, ink: Plane) -> Plane:
    opacity = mask[..., None]
    painted: Plane = (canvas * (1 - opacity) + ink * opacity).astype(np.float32)
    return painted


def _background(rng: np.random.Generator) -> Plane:
    makers = (_plain, _gradient, _stripes, _clouds, _grain)
    return makers[int(rng.integers(len(makers)))](rng)


def _plain(rng: np.random.Generator) -> Plane:
    return np.broadcast_to(_colour(rng), (SIDE, SIDE, 3)).astype(np.float32)


def _gradient(rng: np.random.Generator) -> Plane:
    first = _colour(rng)
    second = np.clip(first + rng.uniform(-60, 60, 3), 0, 255)
    across = _ramp(rng)[..., None]
    plane: Plane = first * (1 - across) + second * across
    return plane


def _stripes(rng: np.random.Generator) -> Plane:
    waves = np.sin(_ramp(rng) * rng.uniform(20, 60))[..., None]
    plane: Plane = _colour(rng) + waves * rng.uniform(6, 14)
    return plane


def _clouds(rng: np.random.Generator) -> Plane:
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), np.float32)
    plane: Plane = _colour(rng) + (smooth[..., None] - 128) * rng.uniform(0.15, 0.3)
    return plane


def _grain(rng: np.random.Generator) -> Plane:
    grain = rng.normal(0, rng.uniform(5, 12), (SIDE, SIDE, 1))
    return (_colour(rng) + grain).astype(np.float32)


def _ramp(rng: np.random.Generator) -> Plane:
    """A plane rising from 0 to 1 in a random direction."""
    angle = rng.uniform(0, 2 * math.pi)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    plane = x * math.cos(angle) + y * math.sin(angle)
    ramp: Plane = (plane - plane.min()) / np.ptp(plane)
    return ramp


def _colour(rng: np.random.Generator) -> Plane:
    return rng.uniform(20, 235, 3).astype(np.float32)


def _contrasting(against: Plane, rng: np.random.Generator) -> Plane:
    """A random colour at least 90 grey levels lighter or darker than `against`."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    while True:
        colour = rng.uniform(0, 255, 3).astype(np.float32)
        if abs(float((colour - against) @ weights)) >= 90:
            return colour


def _jpeg(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()
