"""Regions that look alike: clusters of crops, and from pictures of which classes each one comes.

A head parts the classes by planes, and is as sure far from all it has seen as near to it. A cluster
says what it saw: where crops of its kind come from pictures of many classes, it is not sure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from auditor.ml.heads import power_normalised
from auditor.progress import Report

Ints = npt.NDArray[np.int64]

_EACH, _MOST = 10, 2_000
"""Clusters for each class that is learnt, and in all."""
_ROWS_EACH = 20
"""No fewer crops for each cluster, on average."""
_COLUMNS = 32
"""Principal components that clusters are sought in."""
_NEAREST = 8
"""Clusters that a crop is judged by: none has an edge at which the verdict jumps."""
_SHARPNESS = 20.0
"""A cluster nearer by 0.05 of cosine counts e times as much."""
_PRIOR = 4.0
"""Crops that the set as a whole lends to each cluster."""
_PASSES, _BATCH = 10, 4_096
_BLOCK, _CELLS = 16_384, 1 << 25


@dataclass(frozen=True, slots=True)
class RegionClusters:
    """A view that can judge any crop's features, as a fitted head can."""

    scale: Pipeline
    """From features (n, D) to what clusters are sought in."""
    centres: torch.Tensor
    """(R, d) unit vectors."""
    shares: torch.Tensor
    """(F, R, K) share of each class among a cluster's crops, those of one fold left out."""

    def log_probabilities_of(self, folds: Ints, vectors: npt.NDArray[Any]) -> torch.Tensor:
        """(1, n, C, K) of features (n, C, D), by the crops that are not of a fold.

        `folds` (n,) are those of the rows' pictures.
        """
        count, each, columns = vectors.shape
        flat, fold = vectors.reshape(-1, columns), torch.from_numpy(np.repeat(folds, each))[:, None]
        answer = torch.empty(len(flat), self.shares.shape[2])
        wide = max(1, _CELLS // (_NEAREST * answer.shape[1]))
        for block in _blocks(len(flat), wide):
            found = Nearest.of(self.centres, self.scale.transform(power_normalised(flat[block])))
            shares = self.shares[fold[block], found.places]
            answer[block] = torch.einsum("nw,nwk->nk", found.weights, shares).log()
        return answer.reshape(1, count, each, -1)


@dataclass(frozen=True, slots=True)
class Nearest:
    """The clusters that n crops are judged by."""

    places: torch.Tensor
    """(n, w)"""
    weights: torch.Tensor
    """(n, w), 1 in all for each crop: nearer ones count more."""

    @classmethod
    def of(cls, centres: torch.Tensor, rows: npt.NDArray[Any]) -> Nearest:
        """By the cosine of centres (R, d) and rows (n, d), all of them unit vectors."""
        units = torch.from_numpy(np.asarray(rows, np.float32))
        wide = min(_NEAREST, len(centres))
        found = [(units[block] @ centres.T).topk(wide, dim=1) for block in _blocks(len(units))]
        weights = [torch.softmax(_SHARPNESS * one.values, dim=1) for one in found]
        return cls(torch.cat([one.indices for one in found]), torch.cat(weights))


def _blocks(rows: int, size: int = _BLOCK) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, rows, size))


def cluster(
    vectors: npt.NDArray[Any], codes: Ints, folds: Ints, classes: int, seed: int, report: Report
) -> RegionClusters:
    """Cluster crops' features (n, D) with codes (n,) below `classes`, of pictures in `folds` (n,).

    Codes have no part in where the clusters lie; of how many crops of each class are in them, each
    fold is told without its own. The rows come in an order that means nothing.
    """
    columns = min(_COLUMNS, *vectors.shape)
    scale = make_pipeline(
        StandardScaler(), PCA(columns, svd_solver="randomized", random_state=seed), Normalizer()
    )
    rows = scale.fit_transform(power_normalised(vectors)).astype(np.float32)
    regions = max(1, min(_EACH * classes, _MOST, len(rows) // _ROWS_EACH))
    centres = _centres(rows, regions, seed, report)
    found = Nearest.of(centres, rows)
    count = torch.zeros(int(folds.max()) + 1, regions, classes)
    place = (torch.from_numpy(folds)[:, None] * regions + found.places) * classes
    place += torch.from_numpy(codes)[:, None]
    count.view(-1).index_add_(0, place.ravel(), found.weights.ravel())
    without = count.sum(dim=0) - count
    usual = without.sum(dim=1, keepdim=True) + 0.5
    usual /= usual.sum(dim=2, keepdim=True)
    shares = without + _PRIOR * usual
    return RegionClusters(scale, centres, shares / shares.sum(dim=2, keepdim=True))


def _centres(rows: npt.NDArray[np.float32], count: int, seed: int, report: Report) -> torch.Tensor:
    """(R, d) unit vectors: k-means in batches (Sculley 2010), which lets a cancel through."""
    means = MiniBatchKMeans(count, n_init=1, random_state=seed)
    size = min(len(rows), max(_BATCH, 4 * count))
    draw = np.random.default_rng(seed)
    batches = _PASSES * -(-len(rows) // size)
    for done in range(batches):
        means.partial_fit(rows[draw.choice(len(rows), size, replace=False)])
        report(done + 1, batches)
    centres = torch.from_numpy(means.cluster_centers_.astype(np.float32))
    return torch.nn.functional.normalize(centres, dim=1)
