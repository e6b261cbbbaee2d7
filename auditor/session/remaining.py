"""How many errors are left: the check's own probabilities, corrected by what people judged.

People judge the most suspicious findings first, so those left are not like those judged, and the
share confirmed must not be carried over as it is. Instead the check's p_error is believed up to a
shift of its log odds: one common to all bands (normal, sd COMMON) and one of each band's own
(normal, sd OWN), which the judged findings tell by Bayes' rule. Before any is judged the check is
taken at its word; in one band, judged findings outweigh it from about
1 / ((COMMON^2 + OWN^2) p (1 - p)) on, which is 7 at p = 1/2. Assumed is that within a band, once
shifted, whether a person judged a finding says nothing more about its being wrong. The expected
number takes the median shift; its 95 % interval has the shifts' posterior and the binomial chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.store.bands import Counted

Floats = npt.NDArray[np.float64]

COMMON = 0.7
OWN = 0.35
_SHIFTS = np.linspace(-6, 6, 121)
_DRAWS = 2_000
_SURE = (1e-6, 0.99)
"""Probabilities are kept within: log odds of 0 or 1 could not be corrected by any judgement."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A number of samples with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Remaining:
    """Errors expected among undecided findings."""

    bands: tuple[Expected, ...]
    total: Expected
    flagged: Expected
    """Of the total, those among flags."""


def estimate(counted: Sequence[Counted], *, calibrated: bool) -> Remaining:
    """Without calibrated scores a finding is as likely wrong as right before any is judged."""
    rng = np.random.default_rng(0)  # the same judgements say the same
    odds = _log_odds(counted, "mean_judged", calibrated)
    shifts = _posterior(odds, _column(counted, "judged"), _column(counted, "confirmed"), rng)
    middle = np.median(shifts, axis=1)
    values, draws = [], []
    for name in ("left_flagged", "left_other"):
        odds, left = _log_odds(counted, f"mean_{name}", calibrated), _column(counted, name)
        values.append(left * _chance(odds + middle))
        draws.append(rng.binomial(left.astype(np.int64), _chance(odds + shifts.T)))
    each, drawn = values[0] + values[1], draws[0] + draws[1]
    return Remaining(
        tuple(_expected(value, column) for value, column in zip(each, drawn.T, strict=True)),
        _expected(each.sum(), drawn.sum(axis=1)),
        _expected(values[0].sum(), draws[0].sum(axis=1)),
    )


def _posterior(odds: Floats, judged: Floats, confirmed: Floats, rng: np.random.Generator) -> Floats:
    """Draws (bands, _DRAWS) of each band's shift of the log odds, given what was judged."""
    seen = odds[:, None] + _SHIFTS
    log = -confirmed[:, None] * np.logaddexp(0, -seen)
    log -= (judged - confirmed)[:, None] * np.logaddexp(0, seen)
    likelihood = np.exp(log - log.max(axis=1, keepdims=True))
    own = np.exp(-0.5 * ((_SHIFTS - _SHIFTS[:, None]) / OWN) ** 2)
    own /= own.sum(axis=1, keepdims=True)
    evidence = np.log((likelihood @ own.T).clip(np.finfo(np.float64).tiny))
    common = evidence.sum(axis=0) - 0.5 * (_SHIFTS / COMMON) ** 2
    weights = np.exp(common - common.max())
    middles = rng.choice(len(_SHIFTS), _DRAWS, p=weights / weights.sum())
    drawn = [_draw(own * band, middles, rng) for band in likelihood]
    return np.array(drawn).reshape(len(drawn), _DRAWS)


def _draw(weights: Floats, rows: npt.NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """A shift for each of `rows` by that row of weights, anywhere within its step of the grid."""
    below = np.cumsum(weights, axis=1)
    below /= below[:, -1:].clip(np.finfo(np.float64).tiny)
    # Row i lies in (i, i + 1], so that one search serves all rows.
    ends = (below + np.arange(len(below))[:, None]).ravel()
    at = np.searchsorted(ends, rows + rng.random(len(rows))) - rows * len(_SHIFTS)
    step = _SHIFTS[1] - _SHIFTS[0]
    drawn: Floats = _SHIFTS[at.clip(0, len(_SHIFTS) - 1)] + rng.uniform(
        -step / 2, step / 2, len(at)
    )
    return drawn


def _column(counted: Sequence[Counted], name: str) -> Floats:
    return np.array([getattr(one, name) for one in counted], np.float64)


def _log_odds(counted: Sequence[Counted], name: str, calibrated: bool) -> Floats:
    means = [getattr(one, name) if calibrated else None for one in counted]
    p = np.array([0.5 if mean is None else mean for mean in means], np.float64).clip(*_SURE)
    odds: Floats = np.log(p / (1 - p))
    return odds


def _chance(odds: Floats) -> Floats:
    chance: Floats = np.exp(-np.logaddexp(0, -odds))
    return chance


def _expected(value: float, drawn: npt.NDArray[np.int64]) -> Expected:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Expected(float(value), min(float(low), float(value)), max(float(high), float(value)))
