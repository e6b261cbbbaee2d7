"""Confident learning in blocks: cleanlab's numbers for probabilities larger than the memory.

Source: Northcutt, Jiang, Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset
Labels". Thresholds, counts, scores and flags are those of cleanlab 2.9, to the last sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from auditor.ml.candidates import KEPT, Ranked, blocks, read

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Report = Callable[[int, int], None]

_SLACK = 1e-6  # cleanlab's FLOATING_POINT_COMPARISON
_LEAST_THRESHOLD = 2e-6  # cleanlab's CONFIDENT_THRESHOLDS_LOWER_BOUND
_NEVER = 2.0  # threshold of a class without a sample


@dataclass(frozen=True, slots=True)
class ConfidentCounts:
    """What confident learning knows of n samples and K classes."""

    self_confidence: Floats
    """(n,) probability of the given class."""
    best_other: Ints
    """(n,) likeliest class other than the given one; -1 if there is only one class."""
    other_confidence: Floats
    """(n,) its probability."""
    thresholds: npt.NDArray[np.float64]
    """(K,) mean probability of a class over the samples labelled so."""
    confident_joint: Ints
    """(K, K) counts of given class (row) and confidently guessed class (column)."""
    off_diagonal: Mask
    """(n,) confidently guessed to be of another class, and that class is the likeliest."""

    @property
    def normalized_margin(self) -> Floats:
        """(n,) in [0, 1]: half of 1 + p(given) - p(best other); low where the label is doubtful."""
        return (self.self_confidence - self.other_confidence + 1) / 2

    @property
    def issues(self) -> int:
        """Estimated number of label errors: cleanlab's num_label_issues."""
        return int(self.off_diagonal.sum())

    def calibrated_joint(self, labels: Ints) -> Ints:
        """(K, K) the confident joint scaled so that its rows sum to the given labels' counts."""
        from cleanlab.count import calibrate_confident_joint

        joint: Ints = calibrate_confident_joint(self.confident_joint, labels)
        return joint

    def lowest_margins(self) -> Mask:
        """Flags of filter_by="low_normalized_margin": the `issues` smallest margins."""
        flags = np.zeros(len(self.best_other), dtype=bool)
        flags[np.argsort(self.normalized_margin)[: self.issues]] = True
        return flags


def count(
    pred_probs: npt.NDArray[Any],
    labels: Ints,
    rows: Ints | None,
    report: Report,
    ranked: Ranked | None = None,
) -> ConfidentCounts:
    """Stream for what the likeliest classes (`ranked`) leave open, or for everything.

    Args: pred_probs (N, K): rows sum to one; float16 is computed in float32, others as they
    are; may be a memory map. labels (n,): given codes in 0..K-1 of its `rows` (None: of all).
    Memory: O(n + K^2) and blocks of 4 MiB.
    """
    places = np.arange(len(labels)) if rows is None else rows
    own = _own(pred_probs, labels, places) if ranked is None else ranked.own
    dtype = own.dtype.type
    thresholds = _thresholds(own, labels, pred_probs.shape[1])
    least = torch.from_numpy(_at_least(thresholds - _SLACK, dtype))
    confidence: Floats = np.empty(len(labels), dtype)
    other, guess = np.empty(len(labels), np.int64), np.empty(len(labels), np.int64)
    unsettled = np.ones(len(labels), bool)
    if ranked is not None:
        for block in blocks(len(labels), 10 * KEPT):
            found, settled = _judge_ranked(ranked, block, labels[block], least)
            other[block], confidence[block], guess[block] = found
            unsettled[block] = ~settled
    left = np.flatnonzero(unsettled)
    for block in blocks(len(left), pred_probs.shape[1]):
        part = left[block]
        table = read(pred_probs, places[part])
        found = _judge(table, torch.from_numpy(labels[part]), least)
        other[part], confidence[part], guess[part] = found
        report(block.stop, len(left))
    return _counted(labels, own, other, confidence, guess, thresholds)


def _counted(
    labels: Ints,
    own: Floats,
    other: Ints,
    confidence: Floats,
    guess: Ints,
    thresholds: npt.NDArray[np.float64],
) -> ConfidentCounts:
    classes, sure = len(thresholds), guess >= 0
    pairs = labels[sure] * classes + guess[sure]
    joint = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    np.fill_diagonal(joint, joint.diagonal().clip(min=1))
    # A guess does not count where the given class is as likely as the best one.
    raised = own + own.dtype.type(_SLACK)
    best = (raised > confidence) | ((raised == confidence) & (labels < other))
    return ConfidentCounts(
        own, other, confidence, thresholds, joint, sure & (guess != labels) & ~best
    )


def flags(pred_probs: npt.NDArray[Any], labels: Ints, rule: str) -> Mask:
    """Flags (n,) by one of cleanlab's FILTERS, by cleanlab itself, with the whole table in memory."""
    from cleanlab.filter import find_label_issues

    table = pred_probs.astype(np.float32) if pred_probs.dtype == np.float16 else pred_probs
    found: Mask = find_label_issues(labels, table, filter_by=rule, n_jobs=1)
    return found


def _own(pred_probs: npt.NDArray[Any], labels: Ints, places: Ints) -> Floats:
    """(n,) probability of the given class."""
    own: Floats = np.empty(
        len(labels), np.float64 if pred_probs.dtype == np.float64 else np.float32
    )
    for block in blocks(len(labels), pred_probs.shape[1]):
        own[block] = pred_probs[places[block], labels[block]]
    return own


_Judged = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]
"""(n,) best other class, its probability, and the confident guess (-1: none)."""


def _judge(table: torch.Tensor, given: torch.Tensor, least: torch.Tensor) -> _Judged:
    index = torch.arange(len(table))
    own = table[index, given]
    over = table >= least
    only = over.byte().argmax(dim=1)
    sure = over.sum(dim=1)
    table[index, given] = -1
    confidence, other = table.max(dim=1)
    return _guessed(own, given, confidence, other, sure, only)


def _judge_ranked(
    ranked: Ranked, block: slice, labels: Ints, least: torch.Tensor
) -> tuple[_Judged, Mask]:
    """The same from the likeliest classes; and where no other class can matter."""
    own, values = torch.from_numpy(ranked.own[block]), torch.from_numpy(ranked.values[block])
    given, values = torch.from_numpy(labels), values.to(own.dtype)
    codes = torch.from_numpy(ranked.codes[block]).long()
    over = values >= least[codes]
    only = codes.gather(1, over.byte().argmax(dim=1, keepdim=True))[:, 0]
    # Descending: the best other class is the first that is not given, the next one is after it.
    first = (codes[:, 0] == given).long()[:, None]
    second = first + 1 + (codes[:, 1:2] == given[:, None]).long() * (1 - first)
    confidence, next_best = values.gather(1, first)[:, 0], values.gather(1, second)[:, 0]
    nothing = confidence == 0
    other = torch.where(nothing, (given == 0).long(), codes.gather(1, first)[:, 0])
    found = _guessed(own, given, confidence, other, over.sum(dim=1), only)
    untied = (next_best < confidence) | nothing
    return found, (untied & (values[:, -1] < least.min())).numpy()


def _guessed(
    own: torch.Tensor,
    given: torch.Tensor,
    confidence: torch.Tensor,
    other: torch.Tensor,
    sure: torch.Tensor,
    only: torch.Tensor,
) -> _Judged:
    tied = torch.where(own == confidence, torch.minimum(given, other), other)
    likeliest = torch.where(own > confidence, given, tied)
    guess = torch.where(sure > 1, likeliest, torch.where(sure == 1, only, -1))
    return other.numpy(), confidence.numpy(), guess.numpy()


def _thresholds(own: Floats, labels: Ints, classes: int) -> npt.NDArray[np.float64]:
    # Sorted by class, each mean is taken over the same numbers in the same order as cleanlab's.
    order = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=classes))[:-1]
    means = [part.mean() if len(part) else _NEVER for part in np.split(own[order], ends)]
    return np.clip(np.array(means, np.float64), _LEAST_THRESHOLD, None)


def _at_least(bounds: npt.NDArray[np.float64], dtype: type[Any]) -> npt.NDArray[Any]:
    """The smallest numbers of `dtype` that are not below `bounds`: comparing stays exact."""
    near = bounds.astype(dtype)
    return np.where(near < bounds, np.nextafter(near, dtype(np.inf)), near).astype(dtype)
