"""Scenes of digits the demo never shows, and what is true of each."""

from __future__ import annotations

import io
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt
from PIL import Image

from auditor.planting.demo import HELD_OUT_DIGITS, TEST_DIGITS, TRAIN_DIGITS, compose, digits
from vlm import digit_shapes

Codes = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]

TWO_SHARE = 0.4
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True, slots=True)
class Scenes:
    """Images (n, 64, 64, 3) uint8 and the facts of each (n,)."""

    images: Pixels
    main: Codes
    second: Codes
    """-1 where there is one digit only."""
    background: npt.NDArray[np.float32]
    """(n, 3), in 0..255."""
    lighter: npt.NDArray[np.bool_]
    """The digit is lighter than its background."""

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: npt.NDArray[np.int64] | slice) -> Scenes:
        return Scenes(*(getattr(self, field.name)[rows] for field in fields(self)))


def joined(parts: list[Scenes]) -> Scenes:
    return Scenes(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Scenes)))


def unseen(count: int, seed: int) -> Scenes:
    """Scenes of the demo's own digits, none of which serves in training: to test with."""
    images, classes = digits(range(TRAIN_DIGITS.start, TEST_DIGITS.stop))
    return _composed(images, classes, count, np.random.default_rng(seed), spoil=False)


def varied(count: int, seed: int, workers: int) -> Scenes:
    """`count` scenes of held-out digits, distorted, with typeset and drawn ones: to train with."""
    share = -(-count // (workers * 4))
    jobs = [(share, seed + 1000 * n) for n in range(workers * 4)]
    if workers == 1:
        return joined([_part(job) for job in jobs]).take(slice(count))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return joined(list(pool.map(_part, jobs))).take(slice(count))


def _part(job: tuple[int, int]) -> Scenes:
    count, seed = job
    rng = np.random.default_rng(seed)
    images, classes = digits(HELD_OUT_DIGITS)
    shares = [(images, classes)] * 2
    for _ in range(6):
        shares.append((digit_shapes.distorted(images, rng), classes))
    shares.append(digit_shapes.drawn(len(images) // 4, rng))
    shares.append(digit_shapes.typeset(max(1, len(images) // 200), rng))
    pool = np.concatenate([one for one, _ in shares])
    return _composed(pool, np.concatenate([code for _, code in shares]), count, rng, spoil=True)


def _composed(
    images: Pixels, classes: Codes, count: int, rng: np.random.Generator, *, spoil: bool
) -> Scenes:
    by_class = [np.flatnonzero(classes == code) for code in range(10)]
    rows, second = [], np.full(count, -1)
    main = rng.permutation(np.arange(count) % 10)
    for n in range(count):
        index = rng.choice(by_class[main[n]])
        side = None
        if rng.random() < TWO_SHARE:
            # Now and then the same digit twice: presence and the main digit are two questions.
            second[n] = main[n] if rng.random() < 0.1 else rng.integers(10)
            side = images[rng.choice(by_class[second[n]])]
        pixels = compose(images[index], side, rng).pixels
        rows.append(compressed(pixels, int(rng.integers(35, 96))) if spoil else pixels)
    stack = np.stack(rows)
    background, lighter = _colours(stack)
    return Scenes(stack, main.astype(np.int64), second.astype(np.int64), background, lighter)


def compressed(pixels: Pixels, quality: int) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def _colours(images: Pixels) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Background (n, 3): the median pixel, ink covers less than half; and whether ink is lighter."""
    flat = images.reshape(len(images), -1, 3)
    background = np.median(flat, axis=1).astype(np.float32)
    apart = (flat - background[:, None]) @ _LUMA
    far = np.abs(apart) > 0.6 * np.abs(apart).max(axis=1, keepdims=True)
    return background, (apart * far).sum(axis=1) > 0
