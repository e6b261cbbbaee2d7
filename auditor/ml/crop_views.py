"""What says which class a crop shows: heads fitted to crops, and clusters of crops that look alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from auditor.ml.crops import LAYOUT
from auditor.ml.cross_fit import TRAIN, CrossFit, cross_fit
from auditor.ml.proposals import lessons
from auditor.ml.region_clusters import RegionClusters, cluster
from auditor.progress import Report, part

Ints = npt.NDArray[np.int64]
Vectors = Callable[[Ints], npt.NDArray[Any]]
"""Features (n, C, D) of the layout's crops of rows."""

_LEARN, _LEARN_EACH = 30_000, 300
"""Crops to learn from: in all, and of each class."""
_HEADS = 0.8  # of the time


@dataclass(frozen=True, slots=True)
class CropViews:
    """Views of the crops of n pictures, by what was learnt from others alone."""

    vectors: Vectors
    folds: Ints
    heads: CrossFit
    clusters: RegionClusters

    @property
    def drawing(self) -> int:
        """How many views draw label maps: the heads. Where two things meet, clusters blur them."""
        return len(self.heads.names)

    def __call__(self, rows: Ints) -> torch.Tensor:
        """(M, n, C, 2 K) log-probabilities; the last view is that of the clusters."""
        seen = self.vectors(rows)
        said = (
            one.log_probabilities_of(self.folds[rows], seen) for one in (self.heads, self.clusters)
        )
        return torch.cat(tuple(said))

    def alike(self, seen: torch.Tensor, codes: Ints, places: Ints) -> npt.NDArray[np.float32]:
        """(n, w) share of pictures of class `codes` among those whose parts look like `places`.

        `seen` (M, n, C, 2 K) is what the views say of those rows; NaN where no place is known.
        """
        clusters = seen[-1].exp().numpy()
        row = np.arange(len(codes))[:, None]
        # The layout has the whole picture before the places.
        crop = np.where(places >= 0, places + 1, 0)
        part_code = codes + clusters.shape[2] // 2
        share = clusters[row, crop, codes] + clusters[row, crop, part_code]
        return np.where(places >= 0, share, np.float32(np.nan))


def learn(
    vectors: Vectors,
    given: Ints,
    folds: Ints,
    groups: Ints,
    classes: int,
    *,
    seed: int,
    device: str,
    report: Report,
) -> CropViews:
    """Learn to tell whole pictures of each class from parts of such.

    Fitted to whole ones alone, the views would be sure of what a part shows, and often wrong. No
    crop counts less for looking unlike its code: whether it is a whole picture is known, and those
    hard to tell are what is to be learnt.

    Args: given (n,), folds (n,), groups (n,) of the pictures, in an order that means nothing.
    """
    each = len(LAYOUT)
    count = min(len(given), min(TRAIN, max(_LEARN, _LEARN_EACH * classes)) // each)
    mixed = np.random.default_rng(seed).permutation(count * each)
    of = np.repeat(np.arange(count), each)[mixed]
    seen = vectors(np.arange(count)).reshape(len(of), -1)[mixed]
    taught = lessons(given[:count], classes).ravel()[mixed]
    heads = cross_fit(
        seen,
        taught,
        folds[of],
        groups[of],
        2 * classes,
        device=device,
        report=part(report, 0.0, _HEADS),
        with_neighbours=False,
        rounds=0,
    )
    clusters = cluster(seen, taught, folds[of], 2 * classes, seed, part(report, _HEADS, 1.0))
    return CropViews(vectors, folds, heads, clusters)
