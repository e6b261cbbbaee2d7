"""The published protocol of VDC: which images are poisoned, and noise of an exact share of labels.

Zhu et al., "VDC: Versatile Data Cleanser based on Visual-Linguistic Inconsistency by Multimodal
Large Language Models" (ICLR 2024), evaluation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from auditor.planting.base import PlantingError
from auditor.planting.flips import any_other

Ints = npt.NDArray[np.int64]
Noise = Literal["symmetric", "asymmetric"]

TARGET = 0
"""The class that poisoned images are labelled as; none of its own is among them."""
NOISE_RATE = 0.4


def poison_indices(text: str, per_class: int) -> Ints:
    """Sorted places, in the original order of training, of the images to poison.

    `text` is the published JSON file; `per_class` is 500 (4,500 images) or 50 (450). Raises
    PlantingError where it holds no such list, or not so many of every class but the target.
    """
    try:
        found: Any = json.loads(text)
    except ValueError as error:
        raise PlantingError(f"The file of poison indices is no JSON: {error}") from None
    key = f"poisoned_{per_class}_per_class"
    lists = found.get(key) if isinstance(found, dict) else None
    if not isinstance(lists, dict):
        raise PlantingError(f"The file of poison indices has no {key!r}.")
    for code, places in lists.items():
        wanted = 0 if code == str(TARGET) else per_class
        if len(places) != wanted:
            raise PlantingError(
                f"{key}: class {code} has {len(places)} indices and should have {wanted}."
            )
    every: Ints = np.array(sorted(i for places in lists.values() for i in places), np.int64)
    if len(np.unique(every)) != len(every):
        raise PlantingError(f"{key}: an index is there twice.")
    return every


def noisy(
    codes: Sequence[int] | Ints, classes: int, noise: Noise, seed: int, rate: float = NOISE_RATE
) -> Ints:
    """(n,) labels of which exactly round(rate * n) are wrong.

    symmetric: any other class, each as likely; asymmetric: the next class, after the last the first.
    Raises PlantingError for fewer than two classes, or a rate outside 0 to 1.
    """
    if classes < 2:
        raise PlantingError("A set of one class has no other label to flip to.")
    if not 0 <= rate <= 1:
        raise PlantingError(f"The rate of noise must be from 0 to 1, not {rate:g}.")
    given: Ints = np.array(codes, np.int64)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(given))[: round(rate * len(given))]
    if noise == "symmetric":
        given[rows] = any_other(given[rows], rng.integers(classes - 1, size=len(rows)))
    else:
        given[rows] = (given[rows] + 1) % classes
    return given
