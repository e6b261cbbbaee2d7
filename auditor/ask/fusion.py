"""One probability of a wrong label from two views: another check's, and what the answers say.

The log-odds of both are added with weights: those of `witness` where the given labels can tell them,
else those of this module, from the two views alone. The other check's probability is a noisy label of
its own. Where the two err independently given the truth, its mean over samples of equal ratio is a
mixture of two known means, and so shows how much the ratio is worth (its slope) without a true label:
0 for answers that say nothing, below 1 for answers that repeat one another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.ask.reliability import probability

Floats = npt.NDArray[np.float64]

_EDGE = 1e-4
_ENOUGH = 30
"""Samples with both views, below which the ratio counts as it is."""
_PRIOR = 4.0
"""How many samples' worth of evidence the slope of 1 has."""
_STEPS = 60
_WIDE = 6.0
"""Log-odds beyond which a view is as sure as can be."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The log-odds of a wrong label are level + label x (the other check's) - answers x ratio."""

    level: float
    label: float
    answers: float


def fuse(p_label: Floats, ratio: Floats, p_answers: Floats, weights: Weights) -> Floats:
    """(n,) probability of a wrong label; NaN in a view leaves the other, NaN in both NaN.

    `ratio` is the answers' log likelihood ratio of a right label to a wrong one.
    """
    both = np.isfinite(p_label) & np.isfinite(p_answers)
    fused: Floats = np.where(np.isfinite(p_label), p_label, p_answers)
    odds = weights.label * log_odds(p_label[both]) - weights.answers * ratio[both]
    fused[both] = probability(weights.level + odds)
    return fused


def log_odds(p: Floats) -> Floats:
    """Of probabilities; nothing is surer than one in ten thousand."""
    clipped = np.clip(p, _EDGE, 1 - _EDGE)
    odds: Floats = np.log(clipped / (1 - clipped))
    return odds


def by_the_views(p_label: Floats, ratio: Floats) -> Weights:
    """What the two views (n,), without NaN, tell of their weights."""
    level, slope = worth(np.clip(p_label, _EDGE, 1 - _EDGE), ratio)
    before = log_odds(p_label)
    apart = 1 - abs(correlation(before, ratio, probability(before + level - slope * ratio)))
    return Weights(apart**2 * level, 1.0, apart**2 * slope)


def correlation(odds: Floats, ratio: Floats, wrong: Floats) -> float:
    """Of two views (n,) within right and within wrong labels; `wrong` (n,) tells these apart.

    Both views are unsure of the same pictures, the hard ones: what the ratio says there, the odds
    say already. That it then counts (1 - |correlation|) squared is a rule of thumb: it leaves
    independent views as they are, and was seen to make no set much worse (docs/visual-language.md).
    """
    x = np.clip(odds, -_WIDE, _WIDE)
    sums = np.zeros(3)
    for weight in (wrong, 1 - wrong):
        total = max(float(weight.sum()), 1e-9)
        a, b = x - (weight * x).sum() / total, ratio - (weight * ratio).sum() / total
        sums += [(weight * a * b).sum(), (weight * a**2).sum(), (weight * b**2).sum()]
    return float(sums[0] / np.sqrt(max(sums[1] * sums[2], 1e-12)))


def worth(p_label: Floats, ratio: Floats) -> tuple[float, float]:
    """Level and slope, from 0 to 1: the answers' log-odds of a wrong label are level - slope x ratio.

    Fitted by Gauss-Newton to E[p_label | ratio] = m_R + (m_W - m_R) P(wrong | ratio).
    """
    noise = float(p_label.mean())
    before = np.log(noise / (1 - noise))
    in_wrong = float((p_label**2).sum() / p_label.sum())
    in_right = float((p_label * (1 - p_label)).sum() / (1 - p_label).sum())
    gap = in_wrong - in_right
    spread = max(float((p_label).var()), 1e-9)
    if len(p_label) < _ENOUGH or gap < 0.02:
        return 0.0, 1.0
    point = np.array([0.0, 1.0])
    prior = np.diag([_PRIOR, _PRIOR]) * 0.25
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(before + point[0] - point[1] * ratio, -50, 50)))
        rest = p_label - in_right - gap * p
        slopes = gap * (p * (1 - p))[:, None] * np.stack([np.ones_like(ratio), -ratio], axis=1)
        hess = slopes.T @ slopes / spread + prior + 1e-6 * np.eye(2)
        step = np.linalg.solve(hess, slopes.T @ rest / spread - prior @ (point - [0.0, 1.0]))
        point += step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-9))
        point[1] = min(max(point[1], 0.0), 1.0)
        if np.abs(step).max() < 1e-8:
            break
    return float(point[0]), float(point[1])
