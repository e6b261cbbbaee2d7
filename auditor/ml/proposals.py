"""Further labels of pictures that carry one: what their parts show beside the given class.

A picture holds another class k beside its given class g, if one place shows k and another place
shows g. How likely a place shows a class, given that the picture is labelled g, comes from the
noise model of the label check, fitted to the crops as if each carried the picture's label: how
often a crop does not show the given class is learnt, class by class, and so is the temperature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from auditor.ml import candidates, label_maps, noise
from auditor.ml.crops import HALVES, WINDOWS, apart, within
from auditor.ml.noise import NoiseModel

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Report = Callable[[int, int], None]
Crops = Callable[[Ints], torch.Tensor]
"""Log-probabilities (M, n, C, K) of the layout's crops of rows, by heads that did not see them."""

KEPT = 5
"""Further labels kept of each picture."""
PLACES = (*HALVES, *WINDOWS)
"""Where a class is looked for, in the layout's order, which has the whole picture before them."""
_SCALES = (slice(0, len(HALVES)), slice(len(HALVES), len(PLACES)))
_FIT = 4_000_000  # probabilities to fit a noise model on
_BLOCK = 1 << 22  # probabilities of places in one block
BLOCK_ROWS = 1024
"""At most so many pictures are read at once: the features of their crops are many."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """The likeliest further labels of n pictures, best first."""

    codes: Ints
    """(n, w) classes, w = KEPT or all others where there are fewer."""
    scores: Floats
    """(n, w) probability that the picture shows both the given class and that one."""
    places: Ints
    """(n, w) index into PLACES where it is seen; -1: not known."""
    support: Floats
    """(n,) share of the picture whose likeliest class is the given one; NaN: not known."""


@dataclass(frozen=True, slots=True)
class Judge:
    """How crops are read: a noise model for each scale of places."""

    models: tuple[NoiseModel, ...]

    def maps(self, crops: torch.Tensor) -> Floats:
        """Label maps (n, h, w, K) from (M, n, C, K) log-probabilities of the layout's crops."""
        seen = torch.cat(
            [
                model.averaged(crops[:, :, 1:][:, :, scale].flatten(1, 2)).reshape(
                    crops.shape[1], -1, crops.shape[3]
                )
                for model, scale in zip(self.models, _SCALES, strict=True)
            ],
            dim=1,
        )
        return label_maps.label_map(seen.numpy(), PLACES)


def learn(crops: Crops, given: Ints, classes: int, report: Callable[[], None]) -> Judge:
    """Fit how crops of pictures labelled `given` (n,) show other classes; rows in any order."""
    each = max(100, _FIT // (classes * len(PLACES)))
    rows = noise.fitting_rows(len(given), each)
    parts = np.split(rows, range(BLOCK_ROWS, len(rows), BLOCK_ROWS))
    pooled = torch.cat([_pooled(crops(part)) for part in parts], dim=1)
    known = torch.from_numpy(given[rows])
    return Judge(tuple(noise.fit(_seen(pooled[:, :, scale], known), report) for scale in _SCALES))


def _seen(pooled: torch.Tensor, given: torch.Tensor) -> candidates.Candidates:
    """Candidates of (M, n, P, K) places, one after the other; given (n,) of the pictures."""
    return candidates.candidates(
        pooled.flatten(1, 2).contiguous(), given.repeat_interleave(pooled.shape[2])
    )


def _pooled(crops: torch.Tensor) -> torch.Tensor:
    """(M, n, P, K): each place by the mean log-probability of all crops that lie in it."""
    inside = torch.tensor([[within(one, place) for one in PLACES] for place in PLACES]).float()
    inside /= inside.sum(dim=1, keepdim=True)
    return torch.einsum("pc,mnck->mnpk", inside, crops[:, :, 1:])


def propose(judge: Judge, crops: Crops, given: Ints, classes: int, report: Report) -> Proposals:
    """Further labels of n pictures labelled `given` (n,), in blocks."""
    wide = min(KEPT, classes - 1)
    count = len(given)
    answer = Proposals(
        np.zeros((count, wide), np.int64),
        np.zeros((count, wide), np.float32),
        np.full((count, wide), -1),
        np.zeros(count, np.float32),
    )
    size = max(1, min(BLOCK_ROWS, _BLOCK // (classes * len(PLACES))))
    for start in range(0, count, size):
        rows = np.arange(start, min(start + size, count))
        seen = crops(rows)
        scores, places = _scored(judge, _pooled(seen), torch.from_numpy(given[rows]))
        best, codes = scores.topk(wide, dim=1)
        answer.codes[rows], answer.scores[rows] = codes.numpy(), best.numpy()
        answer.places[rows] = places.gather(1, codes).numpy()
        answer.support[rows] = label_maps.support(judge.maps(seen), given[rows])
        report(start + len(rows), count)
    return answer


def _scored(
    judge: Judge, pooled: torch.Tensor, given: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, K) chance of each class beside the given one, -1 for that; and the place that says so."""
    count, classes = len(given), pooled.shape[3]
    shown: list[tuple[torch.Tensor, torch.Tensor]] = []  # of each place: codes, chances
    own: list[torch.Tensor] = []
    for model, scale in zip(judge.models, _SCALES, strict=True):
        seen = _seen(pooled[:, :, scale], given)
        true = torch.from_numpy(model.posterior(seen).true)
        codes = seen.codes.expand(len(true), -1)
        own.append(true.gather(1, seen.place[:, None]).reshape(count, -1))
        kept = slice(None, -1 if seen.lumped else None)
        width = codes[:, kept].shape[1]
        shown += zip(
            codes[:, kept].reshape(count, -1, width).unbind(1),
            true[:, kept].reshape(count, -1, width).unbind(1),
            strict=True,
        )
    partner = _elsewhere(torch.cat(own, dim=1))
    best = torch.zeros(count, classes)
    places = torch.zeros(count, classes, dtype=torch.int64)
    for number, (codes, chances) in enumerate(shown):
        here = torch.zeros(count, classes).scatter(1, codes, chances) * partner[:, number, None]
        better = here > best
        best = torch.where(better, here, best)
        places[better] = number
    return best.scatter(1, given[:, None], -1.0), places


def _elsewhere(own: torch.Tensor) -> torch.Tensor:
    """(n, P) how surely the given class is seen outside of each place, from (n, P) in each.

    The window in the middle has nothing outside that is a place: there, all other windows count.
    """
    outside = torch.tensor([[apart(one, other) for other in PLACES] for one in PLACES])
    alone = ~outside.any(dim=1)
    outside[alone] = ~torch.eye(len(PLACES), dtype=torch.bool)[alone]
    return torch.where(outside[None], own[:, None, :], 0).amax(dim=2)


def thresholds(found: Proposals, classes: int, false_share: float) -> Floats:
    """(K,) least score of each class at which at most `false_share` of its proposals are wrong.

    As the scores are probabilities, that share is the mean of 1 - score over what is proposed
    (Mueller et al. 2004, Bayesian false discovery rate). Above 1 where none reaches it.
    """
    least = np.full(classes, np.float32(1.1))
    codes, scores = found.codes.ravel(), found.scores.ravel()
    order = np.lexsort((-scores, codes))
    codes, scores = codes[order], scores[order]
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    for start, end in zip(starts, np.r_[starts[1:], len(codes)], strict=True):
        own = scores[start:end]
        wrong = np.cumsum(1 - own.astype(np.float64)) / np.arange(1, len(own) + 1)
        if (allowed := int((wrong <= false_share).sum())) > 0:
            least[codes[start]] = own[allowed - 1]
    return least


def from_probabilities(
    table: npt.NDArray[Any], rows: Ints | None, given: Ints, report: Report
) -> Proposals:
    """Further labels from class probabilities (N, K) of whole pictures alone; `rows` are judged.

    Where two classes are there, they share the probability. Each is measured by what pictures
    labelled with it have on average (self-confidence, Northcutt et al. 2021): the score is twice
    the smaller of the two shares, at most 1. The table is read once, block by block.
    """
    classes = table.shape[1]
    ranked = candidates.rank(table, given, rows, report)
    own = ranked.own.astype(np.float64)
    count = np.bincount(given, minlength=classes)
    usual = np.bincount(given, own, classes) / np.maximum(count, 1)
    # A class without pictures is measured by the mean of all.
    usual = np.where(count > 0, usual, own.mean() if len(own) else 1.0).clip(1e-6)
    half = ranked.values.astype(np.float64) / usual[ranked.codes]
    scores = 2 * np.minimum(half, (own / usual[given])[:, None])
    scores = np.where(ranked.codes == given[:, None], -1, scores.clip(0, 1))
    wide = min(KEPT, classes - 1)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :wide]
    return Proposals(
        np.take_along_axis(ranked.codes, order, axis=1).astype(np.int64),
        np.take_along_axis(scores, order, axis=1).clip(0).astype(np.float32),
        np.full(order.shape, -1),
        np.full(len(given), np.nan, np.float32),
    )
