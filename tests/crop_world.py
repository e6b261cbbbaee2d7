"""Features of crops as an encoder might give them: pictures of one thing, and of two side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.checks.base import Outcome
from auditor.checks.labels.multi_label import CHECK, Params
from auditor.ml.crops import LAYOUT
from tests import label_world

Ints = npt.NDArray[np.int64]
NAMES = ("ant", "bee", "cow", "dog", "eel")


def side_by_side(
    rows: int, share: float, *, columns: int = 12, noise: float = 0.8, seed: int = 0
) -> tuple[npt.NDArray[np.float16], Ints, Ints]:
    """Crops (rows, 14 * columns), labels, and the class of the right half: other in `share`."""
    draw = np.random.default_rng(seed)
    centres = 4 * np.random.default_rng(1).normal(size=(len(NAMES), columns)) / np.sqrt(2)
    left = np.arange(rows) % len(NAMES)
    right = left.copy()
    two = draw.choice(rows, round(share * rows), replace=False)
    right[two] = (left[two] + draw.integers(1, len(NAMES), len(two))) % len(NAMES)
    boxes = np.array(LAYOUT)
    share_left = (boxes[:, 2].clip(max=0.5) - boxes[:, 0]).clip(min=0) / (boxes[:, 2] - boxes[:, 0])
    mixed = (
        share_left[None, :, None] * centres[left][:, None]
        + (1 - share_left)[None, :, None] * centres[right][:, None]
    )
    crops = mixed + noise * draw.normal(size=mixed.shape)
    return crops.reshape(rows, -1).astype(np.float16), left, right


def run(arrays: dict[str, npt.NDArray[Any]], given: Ints, **params: Any) -> Outcome:
    params = {"folds": 3, **params}
    world = label_world.World(NAMES, arrays, Params(**params))  # type: ignore[arg-type]
    return CHECK.run(label_world.samples([NAMES[k] for k in given]), world)  # type: ignore[arg-type]


def shuffled(table: pa.Table, order: Ints) -> pa.Table:
    return table.take(pa.array(order))
