"""Sets of labels: cross-fitted one-against-the-rest probabilities, judged by cleanlab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from auditor.ml.heads import RIDGE

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Report = Callable[[int, int], None]

_STEPS = 60


@dataclass(frozen=True, slots=True)
class SetVerdict:
    """Verdicts on n sets of labels among K classes."""

    quality: Floats
    """(n,) cleanlab's multi-label quality score."""
    flagged: Mask
    """(n,)"""
    wrong: Mask
    """(n, K) class wrongly there, or wrongly missing."""
    suggested: Mask
    """(n, K) the given set with the wrong classes turned; never empty."""


def indicator(codes: Sequence[Sequence[int]], classes: int) -> Mask:
    """(n, K) which classes each sample has."""
    table = np.zeros((len(codes), classes), bool)
    for row, own in enumerate(codes):
        table[row, list(own)] = True
    return table


def cross_fit_sets(
    embeddings: npt.NDArray[Any], present: Mask, folds: Ints, *, device: str, report: Report
) -> Floats:
    """Out-of-sample probability (n, K) of each class by itself, from (n, D) embeddings.

    One ridge-regularised logistic head per class (all in one fit), fitted on the other folds.
    """
    x = torch.from_numpy(np.array(embeddings, np.float32)).to(device)
    spread, centre = torch.std_mean(x, dim=0, correction=0)
    x = (x - centre) / torch.where(spread > 1e-6, spread, torch.inf)
    y = torch.from_numpy(present).float().to(device)
    answer = np.empty(present.shape, np.float32)
    count = int(folds.max()) + 1
    for fold in range(count):
        inside = torch.from_numpy(folds == fold).to(device)
        slope, offset = _fit(x[~inside], y[~inside], partial(report, fold, count))
        answer[folds == fold] = torch.sigmoid(x[inside] @ slope + offset).cpu().numpy()
    return answer


def _fit(
    x: torch.Tensor, y: torch.Tensor, tick: Callable[[], object]
) -> tuple[torch.Tensor, torch.Tensor]:
    slope = torch.zeros(x.shape[1], y.shape[1], device=x.device, requires_grad=True)
    share = (y.sum(dim=0) + 0.5) / (len(y) + 1)
    offset = torch.logit(share).clone().requires_grad_()
    optimiser = torch.optim.LBFGS(
        [slope, offset], max_iter=_STEPS, line_search_fn="strong_wolfe", tolerance_change=1e-7
    )

    def loss() -> torch.Tensor:
        tick()
        optimiser.zero_grad()
        each = functional.binary_cross_entropy_with_logits(x @ slope + offset, y)
        # The loss is a mean over classes too: so is the penalty.
        value = each + RIDGE / 2 * slope.square().sum() / y.shape[1]
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return slope.detach(), offset.detach()


def judge_sets(probabilities: Floats, codes: Sequence[Sequence[int]], rule: str) -> SetVerdict:
    """cleanlab's flags by `rule`, its quality score, and the set that would be right.

    Args: probabilities (n, K), each class by itself; codes: given classes of each of n samples.
    """
    from cleanlab.multilabel_classification.filter import (
        find_label_issues,
        find_multilabel_issues_per_class,
    )
    from cleanlab.multilabel_classification.rank import get_label_quality_scores

    given = [list(own) for own in codes]
    flagged = find_label_issues(given, probabilities, filter_by=rule, n_jobs=1)
    wrong = find_multilabel_issues_per_class(given, probabilities, filter_by=rule, n_jobs=1)
    table = np.asarray(wrong[0] if isinstance(wrong, tuple) else wrong, bool)
    present = indicator(codes, probabilities.shape[1])
    suggested = present ^ table
    # A set that would become empty keeps its likeliest class.
    bare = ~suggested.any(axis=1)
    suggested[bare, probabilities[bare].argmax(axis=1)] = True
    quality = get_label_quality_scores(given, probabilities)
    return SetVerdict(quality.astype(np.float32), np.asarray(flagged, bool), table, suggested)
