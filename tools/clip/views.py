"""Parts of digit scenes, and which digits are whole in each."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt
from PIL import Image
from vlm import digit_scenes
from vlm.digit_shapes import distorted, drawn, typeset

from auditor.ml.crops import LAYOUT, WHOLE, Box
from auditor.planting.demo import (
    HELD_OUT_DIGITS,
    SIDE,
    TEST_DIGITS,
    TRAIN_DIGITS,
    Placed,
    compose,
    digits,
)

Codes = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]

NONE = -1
_TWO_SHARE = 0.6
_WIDE = 0.7
"""A digit is about so wide for its height."""
_WHOLE = 0.9
"""A digit of which so much is in view is whole."""
_EACH = 4
_AT_SECOND = 0.5
"""Share of the parts that are looked for where the second digit is whole: few others show it."""


@dataclass(frozen=True, slots=True)
class Views:
    """Images (n, 64, 64, 3) uint8 with the digits that are whole in them."""

    images: Pixels
    first: Codes
    """(n,) the larger one; NONE where no digit is whole."""
    second: Codes


def unseen(count: int, seed: int) -> Views:
    """Whole scenes of the demo's own digits, none of which serves in training."""
    images, classes = digits(range(TRAIN_DIGITS.start, TEST_DIGITS.stop))
    return _views(images, classes, count, np.random.default_rng(seed), parts=0, spoil=False)


def varied(scenes: int, seed: int, workers: int) -> Views:
    """Scenes of held-out, distorted, typeset and drawn digits, and parts of them: to train with."""
    jobs = [(-(-scenes // (workers * 4)), seed + 1000 * n) for n in range(workers * 4)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(_part, jobs))
    return Views(*(np.concatenate(of) for of in zip(*map(_fields, parts), strict=True)))


def _fields(views: Views) -> tuple[Pixels, Codes, Codes]:
    return views.images, views.first, views.second


def _part(job: tuple[int, int]) -> Views:
    count, seed = job
    rng = np.random.default_rng(seed)
    images, classes = digits(HELD_OUT_DIGITS)
    pools = [(images, classes)] * 2 + [(distorted(images, rng), classes) for _ in range(6)]
    pools += [drawn(len(images) // 4, rng), typeset(max(1, len(images) // 200), rng)]
    every = np.concatenate([one for one, _ in pools])
    codes = np.concatenate([code for _, code in pools])
    return _views(every, codes, count, rng, parts=_EACH - 1, spoil=True)


def _views(
    images: Pixels,
    classes: Codes,
    count: int,
    rng: np.random.Generator,
    *,
    parts: int,
    spoil: bool,
) -> Views:
    by_class = [np.flatnonzero(classes == code) for code in range(10)]
    rows: list[tuple[Pixels, int, int]] = []
    for n in range(count):
        codes = (n % 10, int(rng.integers(10)))
        main, side = (images[rng.choice(by_class[code])] for code in codes)
        made = compose(main, side if rng.random() < _TWO_SHARE else None, rng)
        pixels = digit_scenes.compressed(made.pixels, int(rng.integers(35, 96)))
        places = [(codes[0], made.main)]
        if made.second is not None:
            places.append((codes[1], made.second))
        for box in (WHOLE, *(_box(made.second, rng) for _ in range(parts))):
            whole = [code for code, place in places if _share(place, box) >= _WHOLE]
            first, second = (*whole, NONE, NONE)[:2]
            rows.append((_seen(pixels if spoil else made.pixels, box), first, second))
    seen, first_codes, second_codes = zip(*rows, strict=True)
    return Views(np.stack(seen), np.array(first_codes), np.array(second_codes))


def _box(second: Placed | None, rng: np.random.Generator) -> Box:
    """A place of the layout, or any that is no smaller; often one that shows the second digit."""
    if second is not None and rng.random() < _AT_SECOND:
        showing = [box for box in LAYOUT[1:] if _share(second, box) >= _WHOLE]
        if showing:
            return showing[int(rng.integers(len(showing)))]
    if rng.random() < 0.6:
        return LAYOUT[1 + int(rng.integers(len(LAYOUT) - 1))]
    wide, high = rng.uniform(0.5, 1, 2)
    left, top = rng.uniform(0, 1 - wide), rng.uniform(0, 1 - high)
    return (left, top, left + wide, top + high)


def _share(place: Placed, box: Box) -> float:
    """How much of a digit is in view."""
    half = (place.height * _WIDE / 2, place.height / 2)
    inside = 1.0
    for centre, extent, low, high in (
        (place.x, half[0], box[0], box[2]),
        (place.y, half[1], box[1], box[3]),
    ):
        start, end = max(centre - extent, low * SIDE), min(centre + extent, high * SIDE)
        inside *= max(0.0, end - start) / (2 * extent)
    return inside


def _seen(pixels: Pixels, box: Box) -> Pixels:
    """The part as large as a scene."""
    left, top, right, bottom = (round(edge * SIDE) for edge in box)
    part = Image.fromarray(pixels[top:bottom, left:right])
    return np.asarray(part.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
