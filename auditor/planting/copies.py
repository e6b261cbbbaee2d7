"""New samples made of old ones: exact copies, altered copies, and copies in another split."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from auditor.planting.base import (
    Case,
    Chosen,
    Effect,
    Kind,
    Labels,
    Options,
    PlantingError,
    Touches,
    everything,
)


def _exact(case: Case) -> Effect:
    return Effect(data=case.read(), split=case.split)


def _reencoded(case: Case) -> Image.Image:
    import io

    buffer = io.BytesIO()
    case.image.save(buffer, "JPEG", quality=60)
    return Image.open(buffer).convert("RGB")


def _rescaled(case: Case) -> Image.Image:
    width, height = (max(1, round(side * 0.75)) for side in case.image.size)
    return case.image.resize((width, height), Image.Resampling.BICUBIC)


def _cropped(case: Case) -> Image.Image:
    width, height = case.image.size
    left, top = max(1, width // 20), max(1, height // 20)
    if width <= 2 * left or height <= 2 * top:
        return case.image
    return case.image.crop((left, top, width - left, height - top))


def _brightened(case: Case) -> Image.Image:
    brighter = np.clip(case.pixels * 1.15 + 8, 0, 255)
    return Image.fromarray(brighter.astype(np.uint8))


_ALTERATIONS: dict[str, Callable[[Case], Image.Image]] = {
    "reencode": _reencoded,
    "rescale": _rescaled,
    "crop": _cropped,
    "brightness": _brightened,
}


def _altered(case: Case) -> Effect:
    name = case.options["alteration"] or list(_ALTERATIONS)[int(case.rng.integers(4))]
    if name not in _ALTERATIONS:
        raise PlantingError(f"There is no alteration {name!r}: {', '.join(_ALTERATIONS)}.")
    data = case.encoded(_ALTERATIONS[name](case))
    return Effect(data=data, split=case.split, detail={"alteration": name})


def _splits(labels: Labels, options: Options) -> tuple[str, str]:
    """Where leaks come from and go to."""
    known = [split for split in dict.fromkeys(labels.splits) if split is not None]
    if len(known) < 2:
        raise PlantingError("A leak needs two splits, such as train and test; this set has fewer.")
    source = options["from"] or ("train" if "train" in known else known[0])
    others = [split for split in known if split != source]
    target = options["to"] or ("test" if "test" in others else others[0])
    if source not in known or target not in others:
        raise PlantingError(f"There are no splits {source!r} and {target!r}: {', '.join(known)}.")
    return source, target


def _in_source(labels: Labels, options: Options) -> Chosen:
    source, _ = _splits(labels, options)
    return np.array([split == source for split in labels.splits])


def _leak(case: Case) -> Effect:
    _, target = _splits(case.labels, case.options)
    return Effect(data=case.read(), split=target)


_SAMPLE: Touches = frozenset({"sample"})

KINDS = (
    Kind("exact_copy", "the same bytes again", _SAMPLE, everything, _exact),
    Kind(
        "altered_copy",
        "again, re-encoded, rescaled, cropped or brighter",
        _SAMPLE,
        everything,
        _altered,
        {"alteration": None},
    ),
    Kind(
        "leak",
        "an image of one split again in another: options from and to",
        _SAMPLE,
        _in_source,
        _leak,
        {"from": None, "to": None},
    ),
)
