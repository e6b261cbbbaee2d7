"""Further labels of pictures that carry one: what their parts show beside the given class.

Heads learn 2 K classes: whole pictures of each class, and parts (crops) of pictures of each class.
A picture of one thing has parts that look like parts of its class. A picture that shows another
class k beside the given class g has a place that looks like a whole picture of k, and apart from
it one that looks like a whole picture of g. The ratio of the two likelihoods, averaged over places
and classes, and the share of pictures that show more (by expectation maximisation, as in any
mixture of two known components) give each picture's probability.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from auditor.ml import candidates, label_maps, noise
from auditor.ml.crops import HALVES, LAYOUT, WINDOWS, apart, within
from auditor.ml.noise import NoiseModel

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Report = Callable[[int, int], None]
Crops = Callable[[Ints], torch.Tensor]
"""Log-probabilities (M, n, C, 2 K) of the layout's crops of rows, by heads that did not see them."""

KEPT = 5
"""Further labels kept of each picture."""
PLACES = (*HALVES, *WINDOWS)
"""Where a class is looked for, in the layout's order, which has the whole picture before them."""
_FIT = 4_000_000  # probabilities to fit a noise model on
_LEAST = 1e-9
_LIKELY = 0.5
_INDEPENDENT = 2  # so many quarters of the picture, side by side, fill a half
_LOG_PLACES = torch.log(
    torch.tensor([0.5 / len(scale) for scale in (HALVES, WINDOWS) for _ in scale])
)
"""(P,) how likely a further class is there beforehand: in a half as likely as in a quarter."""
_ROUNDS = 200
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
    shown: Floats
    """(n,) probability that the picture shows any further class."""
    support: Floats
    """(n,) share of the picture whose likeliest class is the given one; NaN: not known."""

    @classmethod
    def none(cls, count: int, classes: int) -> Proposals:
        """None yet, of so many pictures; to be filled in."""
        wide = min(KEPT, classes - 1)
        return cls(
            np.zeros((count, wide), np.int64),
            np.zeros((count, wide), np.float32),
            np.full((count, wide), -1),
            np.zeros(count, np.float32),
            np.zeros(count, np.float32),
        )


def lessons(given: Ints, classes: int) -> Ints:
    """(n, C) which of the 2 K classes each crop of the layout teaches: the first is the whole."""
    codes = np.repeat(given[:, None] + classes, len(LAYOUT), axis=1)
    codes[:, 0] = given
    return codes


@dataclass(frozen=True, slots=True)
class Judge:
    """How crops are read."""

    model: NoiseModel
    """Of the 2 K classes: it has the weight and the temperature of each view."""
    log_prior: torch.Tensor
    """(2 K,) log share of each class among what the heads learnt from."""
    drawn: NoiseModel
    """The same of the views that draw maps."""

    @property
    def classes(self) -> int:
        return len(self.log_prior) // 2

    def read(self, crops: torch.Tensor) -> torch.Tensor:
        """Probabilities (n, C, 2 K) from the views' log-probabilities (M, n, C, 2 K)."""
        return self.model.averaged(crops.flatten(1, 2)).reshape(crops.shape[1:])

    def maps(self, crops: torch.Tensor) -> Floats:
        """Label maps (n, h, w, K) from log-probabilities of the layout's crops."""
        drawing = crops[: len(self.drawn.weights)]
        seen = self.drawn.averaged(drawing.flatten(1, 2)).reshape(crops.shape[1:])[:, 1:]
        whole_or_part = seen[..., : self.classes] + seen[..., self.classes :]
        return label_maps.label_map(whole_or_part.numpy(), PLACES)


def learn(
    crops: Crops,
    given: Ints,
    classes: int,
    report: Callable[[], None],
    drawing: int | None = None,
) -> Judge:
    """Fit how surely the views are to be believed; rows in an order that means nothing.

    So many of the first views are `drawing` label maps; None: all.
    """
    taught = lessons(given, classes)
    rows = noise.fitting_rows(len(given), max(100, _FIT // (2 * classes * len(LAYOUT))))
    parts = np.split(rows, range(BLOCK_ROWS, len(rows), BLOCK_ROWS))
    seen = torch.cat([crops(part).flatten(1, 2) for part in parts], dim=1)
    known = torch.from_numpy(taught[rows].ravel())
    model = noise.fit(candidates.candidates(seen, known), report)
    count = np.bincount(taught.ravel(), minlength=2 * classes) + 0.5
    some = model.weights[:drawing]
    drawn = replace(model, weights=some * model.weights.sum() / some.sum())
    return Judge(model, torch.from_numpy(np.log(count / count.sum())).float(), drawn)


def propose(judge: Judge, crops: Crops, given: Ints, report: Report) -> Proposals:
    """Further labels of n pictures labelled `given` (n,), in blocks."""
    classes, count = judge.classes, len(given)
    answer = Proposals.none(count, classes)
    wide = answer.codes.shape[1]
    ratios = np.zeros(count)
    size = max(1, min(BLOCK_ROWS, _BLOCK // (classes * len(PLACES))))
    for start in range(0, count, size):
        rows = np.arange(start, min(start + size, count))
        seen = crops(rows)
        beside = _beside(judge, seen, torch.from_numpy(given[rows]))
        each = beside.logsumexp(dim=1)
        ratios[rows] = each.logsumexp(dim=1) - np.log(classes - 1)
        best, codes = each.softmax(dim=1).topk(wide, dim=1)
        answer.codes[rows], answer.scores[rows] = codes.numpy(), best.numpy()
        answer.places[rows] = beside.argmax(dim=1).gather(1, codes).numpy()
        answer.support[rows] = label_maps.support(judge.maps(seen), given[rows])
        report(start + len(rows), count)
    answer.shown[:] = posterior(ratios)
    answer.scores[:] *= answer.shown[:, None]
    return answer


def _beside(judge: Judge, crops: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """(n, P, K) log likelihood ratio: a place shows each class, and one apart from it the given.

    Against: both are parts of one picture of the given class. In a place that shows a class, the
    smaller places are parts of a picture of it; as they overlap, they count as two independent
    ones. Minus infinity for the given class, and for a place that has no other apart from it.
    """
    classes, rows = judge.classes, torch.arange(len(given))
    likely = (judge.read(crops)[:, 1:].clamp_min(_LEAST).log() - judge.log_prior).float()
    against = likely[rows, :, classes + given][..., None]
    whole, part = likely[..., :classes] - against, likely[..., classes:] - against
    outside = torch.tensor([[apart(one, other) for other in PLACES] for one in PLACES])
    own = torch.where(outside, whole[rows, :, given][:, None, :], -torch.inf).logsumexp(dim=2)
    inside = torch.tensor([[within(a, b) and a != b for a in PLACES] for b in PLACES]).float()
    inside *= _INDEPENDENT / inside.sum(dim=1, keepdim=True).clamp_min(1)
    found = whole + torch.einsum("pc,nck->npk", inside, part)
    found += (own - outside.sum(dim=1).clamp_min(1).log() + _LOG_PLACES)[..., None]
    found[rows, :, given] = -torch.inf
    return found


def posterior(ratios: npt.NDArray[np.float64]) -> Floats:
    """(n,) probability of the second of two components from their log likelihood ratios (n,).

    The share of the second is the likeliest one.
    """
    share = 0.05
    for _ in range(_ROUNDS):
        odds = ratios + np.log(share) - np.log1p(-share)
        chance = 1 / (1 + np.exp(-odds.clip(-500, 500)))
        share = float(chance.mean().clip(1e-6, 1 - 1e-6))
    return np.asarray(chance, np.float32)


def thresholds(found: Proposals, classes: int, false_share: float) -> Floats:
    """(K,) least score of each class at which at most `false_share` of its proposals are wrong.

    As the scores are probabilities, that share is the mean of 1 - score over what is proposed
    (Mueller et al. 2004, Bayesian false discovery rate). Sure proposals do not pay for ones that
    are likelier wrong than right: no least score is below a half. Above 1 where none reaches it.
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
            least[codes[start]] = max(own[allowed - 1], _LIKELY)
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
    kept = np.take_along_axis(scores, order, axis=1).clip(0).astype(np.float32)
    return Proposals(
        np.take_along_axis(ranked.codes, order, axis=1).astype(np.int64),
        kept,
        np.full(order.shape, -1),
        kept[:, 0],
        np.full(len(given), np.nan, np.float32),
    )
