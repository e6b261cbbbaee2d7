"""Out-of-sample class probabilities: every view is fitted without the fold that it judges.

Suspicious labels count less in a second and a third fit. How suspicious a label is must not
depend on the sample that is judged later, so the fits are nested: the model that judges fold a
learns from fold b with weights from a model that saw neither a nor b. With 5 folds and 2 rounds
these are 10 + 10 + 5 fits of each view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from auditor.ml import noise
from auditor.ml.candidates import candidates
from auditor.ml.heads import Affine, Data, Fitted, Gaussian, Linear, Neighbours, View

Ints = npt.NDArray[np.int64]
Report = Callable[[int, int], None]
Held = frozenset[int]
"""The folds that a model has not seen."""
Nodes = dict[Held, list[Fitted]]

_ROUNDS = 2
TRAIN = 100_000  # a head learns little more from more rows
_BLOCK = 16_384
_LARGE = 2_000_000_000  # rows x columns x classes: beyond, one round instead of two


@dataclass(slots=True)
class Ticks:
    """Progress of a work whose length is only estimated; each tick lets a cancel through."""

    report: Report
    total: int = 1000
    done: int = 0

    def tick(self, *_: object) -> None:
        self.done = min(self.done + 1, self.total - 1)
        self.report(self.done, self.total)


@dataclass(frozen=True, slots=True)
class CrossFit:
    """Fitted views of a data set. Nothing of size N x K is kept: ask for the rows you need."""

    names: tuple[str, ...]
    codes: Ints
    folds: Ints
    classes: int
    nodes: Nodes
    device: str

    def log_probabilities(self, rows: Ints) -> torch.Tensor:
        """(M, n, K) out-of-sample log-probabilities of the M views, float32 on the CPU."""
        answer = torch.empty(len(self.names), len(rows), self.classes)
        for fold in np.unique(self.folds[rows]):
            part = np.flatnonzero(self.folds[rows] == fold)
            held = next(held for held in self.nodes if fold in held)
            asked = torch.from_numpy(rows[part]).to(self.device)
            for number, fitted in enumerate(self.nodes[held]):
                answer[number, part] = fitted(asked).float().cpu()
        return answer

    def log_probabilities_of(self, folds: Ints, vectors: npt.NDArray[Any]) -> torch.Tensor:
        """(M', n, C, K) of other embeddings (n, C, D), by the heads that did not see a fold.

        `folds` (n,) are those that may have seen something of them, such as the same picture's
        whole; M' counts the views that can judge any vector.
        """
        count, each, wide = vectors.shape
        free = {
            held: [h for h in heads if isinstance(h, Affine)] for held, heads in self.nodes.items()
        }
        views = len(next(iter(free.values())))
        answer = torch.empty(views, count, each, self.classes)
        for fold in np.unique(folds):
            part = np.flatnonzero(folds == fold)
            for number, head in enumerate(
                next(heads for held, heads in free.items() if fold in held)
            ):
                found = head.of(head.data.alike(vectors[part].reshape(-1, wide)))
                answer[number, part] = found.float().cpu().reshape(len(part), each, -1)
        return answer

    def blocks(self, size: int = _BLOCK) -> Iterator[tuple[Ints, torch.Tensor]]:
        """Row numbers and their log-probabilities, block by block."""
        for start in range(0, len(self.codes), size):
            rows = np.arange(start, min(start + size, len(self.codes)))
            yield rows, self.log_probabilities(rows)


def cross_fit(
    embeddings: npt.NDArray[Any],
    codes: Ints,
    folds: Ints,
    groups: Ints,
    classes: int,
    *,
    device: str,
    report: Report,
    with_neighbours: bool = True,
    rounds: int = _ROUNDS,
) -> CrossFit:
    """Fit the views to (N, D) embeddings with given codes (N,) below `classes`.

    Args: folds, groups (N,): from `auditor.ml.folds`; at least two folds. A fit uses at most
    100,000 evenly spaced rows: give rows in an order that means nothing. rounds: how often
    suspicious codes are weighted down; 0 where the codes are known rather than told.
    """
    count = int(folds.max()) + 1
    large = embeddings.size * classes > _LARGE
    rounds = max(0, min(rounds, 1 if large else _ROUNDS, count - 2))
    fits = sum(comb(count, depth + 1) for depth in range(rounds + 1))
    ticks = Ticks(report, total=60 * (fits + rounds))
    data = Data.of(embeddings, codes, classes, device)
    views: list[View] = [Linear(data, ticks.tick), Gaussian(data)]
    if with_neighbours:
        views.append(Neighbours.of(data, embeddings, groups, device, ticks.tick))
    weights: dict[Held, torch.Tensor] = {}
    for depth in range(rounds, -1, -1):
        nodes: Nodes = {}
        for held in map(frozenset, combinations(range(count), depth + 1)):
            nodes[held] = _fit(views, folds, held, weights)
        fitted = CrossFit(tuple(v.name for v in views), codes, folds, classes, nodes, device)
        if depth:
            weights = _suspicion(fitted, ticks)
    return fitted


def _fit(
    views: list[View], folds: Ints, held: Held, weights: dict[Held, torch.Tensor]
) -> list[Fitted]:
    rows = np.flatnonzero(~np.isin(folds, list(held)))
    used = rows[noise.fitting_rows(len(rows), TRAIN)]
    weight = torch.ones(len(used))
    if weights:
        for fold in np.unique(folds[used]):
            part = np.flatnonzero(folds[used] == fold)
            weight[part] = weights[held | {int(fold)}][torch.from_numpy(used[part])]
    index = torch.from_numpy(used)
    return [view.fit(index, weight) for view in views]


def _suspicion(fitted: CrossFit, ticks: Ticks) -> dict[Held, torch.Tensor]:
    """For each set of unseen folds, how much each sample's label is trusted: 1 - p_error.

    The noise model's few numbers come from all folds; they carry next to nothing of one sample.
    """
    sample = noise.fitting_rows(len(fitted.codes))
    given = torch.from_numpy(fitted.codes)
    model = noise.fit(candidates(fitted.log_probabilities(sample), given[sample]), ticks.tick)
    trusted = {}
    for held, views in fitted.nodes.items():
        alone = CrossFit(
            fitted.names, fitted.codes, fitted.folds, fitted.classes, {held: views}, fitted.device
        )
        trusted[held] = torch.zeros(len(given))
        rows = np.flatnonzero(np.isin(fitted.folds, list(held)))
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            seen = candidates(alone.log_probabilities(block), given[block])
            trusted[held][block] = 1 - torch.from_numpy(model.posterior(seen).p_error)
            ticks.tick()
    return trusted
