"""Whether class probabilities can be trusted: calibration before and after one temperature.

A temperature stretches all of a model's beliefs alike. Where some classes overlap and others are
clear, no temperature serves both (Chidambaram and Ge 2024, "On the Limitations of Temperature
Scaling for Distributions with Overlaps"); the verdict says which it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from auditor.ml.seeded import seeded_hash

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BINS = 15
_REGIONS = 5
"""Bins of confidence for each predicted class, of equally many samples."""
_TOLERANCE = 0.02
"""A gap between confidence and accuracy that is smaller changes no decision."""
_DRAWS = 200
_FLOOR = 1e-12


class Trust(StrEnum):
    FINE = "fine"
    TEMPERATURE_ENOUGH = "temperature_enough"
    TEMPERATURE_INSUFFICIENT = "temperature_insufficient"


@dataclass(frozen=True, slots=True)
class Scores:
    """How far n probability vectors are from n labels; each is the lower the better."""

    ece: float
    """Expected calibration error of the likeliest class (Guo et al. 2017, equation 3)."""
    nll: float
    brier: float
    """Sum over the classes of squared differences, from 0 to 2 (Brier 1950)."""
    gap: float
    """Mean |confidence - accuracy| over regions, less what chance alone would make of it."""
    chance: float
    """The 99th percentile of that where the probabilities are right."""

    @property
    def is_calibrated(self) -> bool:
        return self.gap <= max(_TOLERANCE, self.chance)


@dataclass(frozen=True, slots=True)
class Curve:
    """Reliability by bins of equal width; empty bins have a count of 0."""

    count: Ints
    confidence: Floats
    accuracy: Floats


@dataclass(frozen=True, slots=True)
class ByClass:
    """(K,) numbers of each class against the rest, before and after the temperature."""

    ece: Floats
    ece_scaled: Floats
    nll: Floats
    """Of the samples with that label; NaN where there are none."""
    nll_scaled: Floats
    brier: Floats
    brier_scaled: Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    samples: int
    before: Scores
    after: Scores
    """Of each half by the temperature that suits the other."""
    temperature: float
    """Of all samples; 1 where none is better."""
    curve: Curve
    curve_scaled: Curve
    classes: ByClass
    overlaps: tuple[tuple[int, int, float], ...]
    """Pairs of classes, and the share of their samples that no one could tell apart by these
    probabilities: the pair's Bayes error as estimated from them. The largest first."""

    @property
    def trust(self) -> Trust:
        if self.before.is_calibrated:
            return Trust.FINE
        enough = self.after.is_calibrated
        return Trust.TEMPERATURE_ENOUGH if enough else Trust.TEMPERATURE_INSUFFICIENT


def examine(
    probabilities: npt.NDArray[Any],
    codes: Ints,
    seed: int,
    *,
    groups: Ints | None = None,
    report: Callable[[], None] = lambda: None,
) -> Calibration:
    """Compare out-of-sample probabilities (n, K) with labels (n,).

    Args: groups: (n,) numbers; those of one group share a half when the temperature is tested.
    Raises ValueError without samples.
    """
    if not len(codes):
        raise ValueError("There are no samples to compare probabilities with.")
    log = np.log(np.clip(np.asarray(probabilities, np.float64), _FLOOR, None))
    log -= np.log(np.exp(log).sum(axis=1, keepdims=True))
    temperature = fit_temperature(log, codes)
    report()
    before, scaled = np.exp(log), softmax(log / temperature)
    halves = _halved(log, codes, np.arange(len(codes)) if groups is None else groups, seed)
    report()
    return Calibration(
        len(codes),
        scores(before, codes, seed),
        scores(halves, codes, seed),
        temperature,
        curve(before, codes),
        curve(scaled, codes),
        _by_class(before, scaled, codes),
        _overlaps(scaled, codes),
    )


def fit_temperature(log: Floats, codes: Ints) -> float:
    """The temperature with the least negative log-likelihood of labels (n,); never worse than 1.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks" (section 4.2). The
    likelihood is concave in the inverse temperature, so the one optimum is found.
    """
    below = (log - log.max(axis=1, keepdims=True)).astype(np.float32)
    picked = float(below[np.arange(len(codes)), codes].mean(dtype=np.float64))

    def loss(inverse: float) -> float:
        total = np.exp(below * np.float32(inverse)).sum(axis=1)
        return float(np.log(total).mean(dtype=np.float64)) - inverse * picked

    found = minimize_scalar(loss, bounds=(0.01, 20), method="bounded")
    better = nll(log, codes, 1 / found.x) < nll(log, codes, 1.0)
    return float(1 / found.x) if better else 1.0


def nll(log: Floats, codes: Ints, temperature: float) -> float:
    """Mean negative log-likelihood of the labels under log-probabilities (n, K)."""
    scaled = log / temperature
    top = scaled.max(axis=1)
    total = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
    return float((total - scaled[np.arange(len(codes)), codes]).mean())


def softmax(log: Floats) -> Floats:
    each = np.exp(log - log.max(axis=1, keepdims=True))
    found: Floats = each / each.sum(axis=1, keepdims=True)
    return found


def _halved(log: Floats, codes: Ints, groups: Ints, seed: int) -> Floats:
    """Probabilities of each half by the temperature of the other, so that none is tested on itself."""
    first = seeded_hash(groups, seed) % np.uint64(2) == 0
    found = np.exp(log)
    for mine in (first, ~first):
        if mine.any() and not mine.all():
            found[mine] = softmax(log[mine] / fit_temperature(log[~mine], codes[~mine]))
    return found


def scores(probabilities: Floats, codes: Ints, seed: int) -> Scores:
    """Of probabilities (n, K) whose rows sum to one."""
    picked = probabilities[np.arange(len(codes)), codes]
    confidence, guess = probabilities.max(axis=1), probabilities.argmax(axis=1)
    right = (guess == codes).astype(np.float64)
    region = _regions(guess, confidence)
    rng = np.random.default_rng(seed)
    drawn = rng.random((_DRAWS, len(codes))) < confidence
    chance = np.array([_gap(region, confidence, one) for one in drawn])
    squares = (probabilities**2).sum(axis=1) - 2 * picked + 1
    return Scores(
        ece=_error(curve(probabilities, codes)),
        nll=float(-np.log(np.clip(picked, _FLOOR, None)).mean()),
        brier=float(squares.mean()),
        gap=_gap(region, confidence, right) - float(chance.mean()),
        chance=float(np.quantile(chance, 0.99) - chance.mean()),
    )


def curve(probabilities: Floats, codes: Ints) -> Curve:
    """Accuracy of the likeliest class by confidence."""
    confidence = probabilities.max(axis=1)
    return _curve(confidence, probabilities.argmax(axis=1) == codes)


def _curve(belief: Floats, held: npt.NDArray[Any]) -> Curve:
    place = np.minimum((belief * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(place, minlength=BINS)
    each = np.maximum(count, 1)
    return Curve(
        count.astype(np.int64),
        np.bincount(place, belief, BINS) / each,
        np.bincount(place, held.astype(np.float64), BINS) / each,
    )


def _error(found: Curve) -> float:
    gaps = np.abs(found.confidence - found.accuracy)
    return float((found.count * gaps).sum() / max(found.count.sum(), 1))


def _regions(guess: Ints, confidence: Floats) -> Ints:
    """(n,) predicted class and fifth of confidence within it, as one number."""
    order = np.lexsort((confidence, guess))
    count = np.bincount(guess)
    starts = np.concatenate([[0], np.cumsum(count)[:-1]])
    place = np.empty(len(guess), np.int64)
    place[order] = np.arange(len(guess))
    part = _REGIONS * (place - starts[guess]) // np.maximum(count[guess], 1)
    region: Ints = guess.astype(np.int64) * _REGIONS + part
    return region


def _gap(region: Ints, confidence: Floats, right: npt.NDArray[Any]) -> float:
    sums = np.bincount(region, confidence - right)
    return float(np.abs(sums).sum() / len(region))


def _by_class(before: Floats, scaled: Floats, codes: Ints) -> ByClass:
    found = [_each_class(probabilities, codes) for probabilities in (before, scaled)]
    (ece, loss, brier), (ece_scaled, loss_scaled, brier_scaled) = found
    return ByClass(ece, ece_scaled, loss, loss_scaled, brier, brier_scaled)


def _each_class(probabilities: Floats, codes: Ints) -> tuple[Floats, Floats, Floats]:
    width = probabilities.shape[1]
    ece, brier = np.zeros(width), np.zeros(width)
    for code in range(width):
        belief, held = probabilities[:, code], codes == code
        ece[code] = _error(_curve(belief, held))
        brier[code] = float(((belief - held) ** 2).mean())
    loss = -np.log(np.clip(probabilities[np.arange(len(codes)), codes], _FLOOR, None))
    count = np.bincount(codes, minlength=width)
    mean = np.bincount(codes, loss, width) / np.where(count, count, np.nan)
    return ece, mean, brier


def _overlaps(probabilities: Floats, codes: Ints) -> tuple[tuple[int, int, float], ...]:
    """Of the two likeliest classes of each sample; the rest is far from either.

    A sample that is a with probability p and b with q is told wrong with min(p, q) / (p + q) by
    who knows the probabilities; the mean over the pair's samples is the Bayes error.
    """
    width = probabilities.shape[1]
    if width < 2:
        return ()
    two = np.argpartition(-probabilities, 1, axis=1)[:, :2]
    each = np.take_along_axis(probabilities, two, axis=1)
    lost = each.min(axis=1) / np.maximum(each.sum(axis=1), _FLOOR)
    two.sort(axis=1)
    pairs, place = np.unique(two[:, 0] * width + two[:, 1], return_inverse=True)
    sums, count = np.bincount(place, lost), np.bincount(codes, minlength=width)
    low, high = pairs // width, pairs % width
    share = sums / np.maximum(count[low] + count[high], 1)
    order = np.argsort(-share, kind="stable")
    return tuple((int(low[i]), int(high[i]), float(share[i])) for i in order)
