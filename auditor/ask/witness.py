"""What the label check and the answers are worth beside each other, as the given labels show it.

Two views alone cannot tell whether they err independently or repeat one another. A third can: which
class a picture seems to show is chosen without its label, and given the true class the label errs
whatever else the picture looks like. So whether the label names that class is a noisy sign of whether
it is the true one, and the weights of both views are those by which they foretell the sign best: a
logistic regression with a label that errs at two rates, which are fitted with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.ask.fusion import Weights, log_odds
from auditor.ask.reliability import probability

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_ENOUGH = 30
"""Pictures whose label names the class, and whose label does not."""
_FIT = 20_000
"""Pictures that are fitted to at the most."""
_PRIOR = 1.0
"""Precision of the weights about 1, and of the level about 0."""
_RATES_PRIOR = 0.02
_FEW, _MANY = -8.0, 8.0  # log-odds within which the rates are sought
_SLIGHT = 0.1
"""A weight of the answers below which chance may explain it ..."""
_CHANCE = 3.84
"""... where twice the gain in log likelihood is below this: the 95 % point of chi squared."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Of n pictures, the class that the label check's features show; chosen without the label."""

    subject: Ints
    """Its place among the classes that questions are about; -1 for none of these."""
    p: Floats
    """Its probability from the image alone; NaN where the picture is not to count."""
    is_given: Flags
    """The label names it."""


def weights(shown: Shown, ratio: Floats, noise: float) -> Weights | None:
    """The views' weights at a share of wrong labels of `noise`; None where too few labels tell.

    `ratio` (n,) is the answers' log likelihood ratio of the class shown to another one; NaN where
    they are not about it.
    """
    known = np.flatnonzero(np.isfinite(shown.p) & np.isfinite(ratio))
    known = known[:: max(1, -(-len(known) // _FIT))]
    named = shown.is_given[known]
    if min(named.sum(), (~named).sum()) < _ENOUGH:
        return None
    odds = log_odds(shown.p[known])
    alone, _, without = _fitted(odds, np.zeros_like(odds), named)
    label, answers, both = _fitted(odds, ratio[known], named)
    # A slight weight that the labels do not bear out would only add the answers' noise.
    if answers < _SLIGHT and 2 * (without - both) < _CHANCE:
        label, answers = alone, 0.0
    # How sure the sign is of anything is its own affair: only how the views compare is taken, and
    # without answers the label check is left as it is.
    scale = max(alone, label, answers)
    if scale <= 0:
        return None
    label, answers = label / scale, answers / scale
    # What the first view loses in weight, it loses about the mean: the share of wrong labels.
    return Weights((1 - label) * float(log_odds(np.array(noise))), label, answers)


def _fitted(odds: Floats, ratio: Floats, named: Flags) -> tuple[float, float, float]:
    """Weights of the log-odds and of the ratio for the class to be true, if labels name it so.

    And minus the log likelihood there.
    """
    from scipy.optimize import minimize

    def misfit(at: Floats) -> float:
        level, label, answers, *rates = at
        often, seldom = probability(rates[0]), probability(rates[0]) * probability(rates[1])
        true = probability(level + label * odds + answers * ratio)
        p = np.clip(true * often + (1 - true) * seldom, 1e-9, 1 - 1e-9)
        return float(-np.log(np.where(named, p, 1 - p)).sum())

    def loss(at: Floats) -> float:
        level, label, answers, *rates = at
        prior = level**2 + (label - 1) ** 2 + (answers - 1) ** 2
        return float(
            misfit(at) + _PRIOR / 2 * prior + _RATES_PRIOR / 2 * (rates[0] ** 2 + rates[1] ** 2)
        )

    rates = (_FEW, _MANY)
    found = minimize(
        loss,
        np.array([0.0, 1.0, 0.5, 1.5, -2.5]),
        method="L-BFGS-B",
        bounds=[rates, (0.0, 2.0), (0.0, 1.0), rates, rates],
    )
    return float(found.x[1]), float(found.x[2]), misfit(found.x)
