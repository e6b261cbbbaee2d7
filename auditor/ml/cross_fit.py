"""Out-of-sample class probabilities: every view is fitted without the fold that it judges.

Suspicious labels count less in a second and a third fit. How suspicious a label is must not
depend on the sample that is judged later, so the fits are nested: the model that judges fold a
learns from fold b with weights from a model that saw neither a nor b. With 5 folds and 2 rounds
these are 10 + 10 + 5 fits of each view.

Classes that overlap and labels that are often wrong in one same way look alike to a first fit. Where
it makes a difference, the later fits are made on both assumptions, and those are kept that foretell
the given labels of unseen samples better: where labels are wrong, weighing them down parts the
classes, and a sharp class with a flat rate of errors says more than a view that is torn.
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
from auditor.ml.candidates import Candidates, candidates
from auditor.ml.heads import Affine, Data, Fitted, Gaussian, Linear, Neighbours, View
from auditor.ml.noise import NoiseModel

Ints = npt.NDArray[np.int64]
Report = Callable[[int, int], None]
Held = frozenset[int]
"""The folds that a model has not seen."""
Nodes = dict[Held, list[Fitted]]

_ROUNDS = 2
_DIFFERENCE = 0.1
"""Mean difference of p_error by the two assumptions, below which one is as good as the other."""
_SURELY = 3.0
"""Standard errors by which the bolder assumption must be the better one."""
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
    first, later = comb(count, rounds + 1), sum(comb(count, depth + 1) for depth in range(rounds))
    ticks = Ticks(report, total=60 * (first + 2 * (later + rounds)))
    data = Data.of(embeddings, codes, classes, device)
    views: list[View] = [Linear(data, ticks.tick), Gaussian(data)]
    if with_neighbours:
        views.append(Neighbours.of(data, embeddings, groups, device, ticks.tick))

    def fitted(depth: int, weights: dict[Held, torch.Tensor]) -> CrossFit:
        every = map(frozenset, combinations(range(count), depth + 1))
        nodes = {held: _fit(views, folds, held, weights) for held in every}
        return CrossFit(tuple(v.name for v in views), codes, folds, classes, nodes, device)

    plain = fitted(rounds, {})
    if not rounds:
        return plain
    ways = []
    models = _assumptions(plain, ticks)
    ticks.total = 60 * (first + len(models) * (later + rounds))
    for model in models:
        way = plain
        for depth in range(rounds - 1, -1, -1):
            way = fitted(depth, _trust(way, model, ticks))
            if depth:
                model = noise.fit(_seen(way), ticks.tick)
        ways.append(way)
    return _likelier(ways, ticks)


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


def _seen(fitted: CrossFit) -> Candidates:
    """The samples that a noise model is fitted to."""
    rows = noise.fitting_rows(len(fitted.codes))
    return candidates(fitted.log_probabilities(rows), torch.from_numpy(fitted.codes)[rows])


def _assumptions(fitted: CrossFit, ticks: Ticks) -> list[NoiseModel]:
    """That classes overlap as they seem to; and that they are clear, if that tells other errors."""
    seen = _seen(fitted)
    models = [noise.fit(seen, ticks.tick, clear=clear) for clear in (False, True)]
    overlapping, clear = (model.posterior(seen).p_error for model in models)
    return models if np.abs(overlapping - clear).mean() >= _DIFFERENCE else models[:1]


def _likelier(ways: list[CrossFit], ticks: Ticks) -> CrossFit:
    """The first, unless the given labels of unseen samples are surely likelier by the second.

    Source: Vuong 1989, "Likelihood Ratio Tests for Model Selection and Non-Nested Hypotheses".
    """
    if len(ways) == 1:
        return ways[0]
    evidence = []
    for way in ways:
        seen = _seen(way)
        model = noise.fit(seen, ticks.tick)
        evidence.append(model.evidence(seen, model.difficulty(seen)))
    gain = evidence[1] - evidence[0]
    surely = gain.mean() > _SURELY * gain.std() / len(gain) ** 0.5
    return ways[1] if surely else ways[0]


def _trust(fitted: CrossFit, model: NoiseModel, ticks: Ticks) -> dict[Held, torch.Tensor]:
    """For each set of unseen folds, how much each sample's label is trusted: 1 - p_error.

    The noise model's few numbers come from all folds; they carry next to nothing of one sample.
    """
    given = torch.from_numpy(fitted.codes)
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
