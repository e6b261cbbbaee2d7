"""Label maps: which classes each cell of a picture shows, from classes of its crops.

A map is (..., h, w, K): probabilities of the K classes in each of h x w cells of equal size.
Source: Yun et al. 2021, "Re-labeling ImageNet: from Single to Multi-Labels, from Global to
Localized Labels" (section 3.1); here the cells come from crops, so that any encoder will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.ml.crops import CELLS, Box

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int64]

KEPT = 5
"""Classes kept of each cell."""


def spread(places: Sequence[Box], cells: int = CELLS) -> Floats:
    """(cells * cells, P) how much each place counts in each cell; rows sum to one.

    A place counts by the share of the cell that it covers, and the less the larger it is: what is
    seen in a small crop is surely there. A cell that none covers has zeros.
    """
    edges = np.arange(cells) / cells
    boxes = np.array(places, np.float64)
    across = _overlaps(edges, 1 / cells, boxes[:, 0], boxes[:, 2])
    down = _overlaps(edges, 1 / cells, boxes[:, 1], boxes[:, 3])
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    weights = (down[:, None] * across[None] / area).reshape(cells * cells, -1)
    total = weights.sum(axis=1, keepdims=True)
    each: Floats = (weights / np.where(total > 0, total, 1)).astype(np.float32)
    return each


def _overlaps(
    starts: npt.NDArray[np.float64],
    length: float,
    low: npt.NDArray[np.float64],
    high: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """(cells, P) length that each cell and each interval have in common."""
    left = np.maximum(starts[:, None], low[None])
    right = np.minimum(starts[:, None] + length, high[None])
    return (right - left).clip(0)


def label_map(probabilities: npt.NDArray[Any], places: Sequence[Box], cells: int = CELLS) -> Floats:
    """Maps (n, cells, cells, K) from class probabilities (n, P, K) of P places."""
    weights = spread(places, cells)
    found: Floats = np.einsum("cp,npk->nck", weights, probabilities.astype(np.float32))
    return found.reshape(len(found), cells, cells, -1)


def support(maps: Floats, given: Codes) -> Floats:
    """(n,) share of the picture whose likeliest class is the given one, from (n, h, w, K)."""
    best = maps.argmax(axis=3)
    share: Floats = (best == given[:, None, None]).mean(axis=(1, 2), dtype=np.float32)
    return share


def pool(found: npt.NDArray[Any], box: Box) -> npt.NDArray[np.float64]:
    """Soft label (K,) of a box of any size and place in a map (h, w, K): the mean by area.

    Raises ValueError for a box without area inside the picture.
    """
    (weights,) = weights_of([box], *found.shape[:2])
    if not weights.any():
        raise ValueError(f"the box {box} has no area inside the picture")
    mean: npt.NDArray[np.float64] = weights @ found.reshape(weights.size, -1).astype(np.float64)
    return mean


def weights_of(boxes: Sequence[Box], height: int, width: int) -> npt.NDArray[np.float64]:
    """(b, h * w) share of each box's area in each cell of a map; zeros for a box without area."""
    edges = np.array(boxes, np.float64)
    across = _overlaps(np.arange(width) / width, 1 / width, edges[:, 0], edges[:, 2])
    down = _overlaps(np.arange(height) / height, 1 / height, edges[:, 1], edges[:, 3])
    areas = (down[:, None] * across[None]).reshape(height * width, -1).T
    total = areas.sum(axis=1, keepdims=True)
    shares: npt.NDArray[np.float64] = areas / np.where(total > 0, total, 1)
    return shares


def random_crops(count: int, seed: int) -> list[Box]:
    """Boxes as training code draws them: 8 to 100 % of the area, sides of 3:4 to 4:3.

    Source: Szegedy et al. 2015, "Going Deeper with Convolutions" (section 6), for square pictures.
    """
    rng = np.random.default_rng(seed)
    boxes: list[Box] = []
    while len(boxes) < count:
        area, ratio = rng.uniform(0.08, 1), np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
        wide, high = float(np.sqrt(area * ratio)), float(np.sqrt(area / ratio))
        if wide <= 1 and high <= 1:
            left, top = rng.uniform(0, 1 - wide), rng.uniform(0, 1 - high)
            boxes.append((left, top, left + wide, top + high))
    return boxes


def crop_safety(found: npt.NDArray[Any], given: int, boxes: Sequence[Box]) -> float:
    """Share of boxes whose soft label, pooled from a map (h, w, K), has `given` as its first class."""
    height, width = found.shape[:2]
    pooled = weights_of(boxes, height, width) @ found.reshape(height * width, -1)
    return float((pooled.argmax(axis=1) == given).mean())


@dataclass(frozen=True, slots=True)
class TopCells:
    """The likeliest classes of each cell: what is stored of a map."""

    codes: npt.NDArray[np.int32]
    """(..., h, w, k), likeliest first."""
    values: npt.NDArray[np.float16]
    """(..., h, w, k) their probabilities."""

    def restored(self, classes: int) -> Floats:
        """The maps (..., h, w, K), zero for classes that were not kept."""
        found = np.zeros((*self.codes.shape[:-1], classes), np.float32)
        np.put_along_axis(found, self.codes.astype(np.int64), self.values.astype(np.float32), -1)
        return found


def top(maps: npt.NDArray[Any], kept: int = KEPT) -> TopCells:
    """The `kept` likeliest classes of each cell; of equals the first."""
    codes = np.argsort(-maps, axis=-1, kind="stable")[..., :kept]
    values = np.take_along_axis(maps, codes, axis=-1)
    return TopCells(codes.astype(np.int32), values.astype(np.float16))
