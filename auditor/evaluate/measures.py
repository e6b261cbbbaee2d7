"""Accuracy by label sets: top-1, any valid label, variable top-k, and by the number of labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.evaluate.accepted import Accepted

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_Z = 1.96


@dataclass(frozen=True, slots=True)
class Share:
    """A mean with its 95 % interval (normal approximation)."""

    value: float
    low: float
    high: float
    samples: int
    error: float
    """Standard error."""


@dataclass(frozen=True, slots=True)
class Group:
    """The samples with so many valid labels."""

    labels: int
    samples: int
    top1: Share | None
    any_valid: Share
    variable_top_k: Share


@dataclass(frozen=True, slots=True)
class Measures:
    """One model's scores; a mean over no samples is None."""

    top1: Share | None
    """Prediction equals the given label, over all samples that have one."""
    any_valid: Share | None
    """Prediction is a valid label, over samples with one (Beyer et al. 2020, ReaL accuracy)."""
    variable_top_k: Share | None
    """Of a sample's k valid labels, the share among the model's first k guesses; where fewer
    guesses are known than labels, the share of these that are valid (Anzaku et al. 2024)."""
    mean_over_k: Share | None
    """Unweighted mean of variable top-k over the groups of equally many labels."""
    groups: tuple[Group, ...]
    reweighted: Share | None = None
    """Any valid label, were the numbers of labels mixed as in another set."""


@dataclass(frozen=True, slots=True)
class Credits:
    """What each of n samples earns a model, from 0 to 1; NaN where it is not measured."""

    top1: Floats
    any_valid: Floats
    variable_top_k: Floats


def credit(guesses: Ints, accepted: Accepted, given: Ints | None) -> Credits:
    """Of guesses (n, w), the likeliest first and -1 where unknown, by sets and given codes (n,)."""
    first, measured = guesses[:, 0], accepted.count > 0
    single = np.full(len(first), np.nan)
    if given is not None:
        single = np.where(given >= 0, first == given, np.nan)
    valid = np.where(measured, accepted.holds(first), np.nan)
    counted = np.arange(guesses.shape[1]) < accepted.count[:, None]
    known = (counted & (guesses >= 0)).sum(axis=1)
    hits = (accepted.holds(guesses) & counted).sum(axis=1)
    variable = np.where(measured, hits / np.maximum(known, 1), np.nan)
    return Credits(single, valid, variable)


def measure(earned: Credits, accepted: Accepted, mix: Floats | None = None) -> Measures:
    """Means and groups; `mix` (k,) is another set's share of samples with 1, 2, … valid labels."""
    groups = tuple(
        Group(
            labels=int(k),
            samples=int(mine.sum()),
            top1=share(earned.top1[mine]),
            any_valid=_known(share(earned.any_valid[mine])),
            variable_top_k=_known(share(earned.variable_top_k[mine])),
        )
        for k in np.unique(accepted.count[accepted.count > 0])
        for mine in [accepted.count == k]
    )
    return Measures(
        top1=share(earned.top1),
        any_valid=share(earned.any_valid),
        variable_top_k=share(earned.variable_top_k),
        mean_over_k=_combined(groups, [g.variable_top_k for g in groups], np.ones(len(groups))),
        groups=groups,
        reweighted=None if mix is None else _mixed(groups, mix),
    )


def mix_of(accepted: Accepted) -> Floats:
    """(k,) share of the samples with 1, 2, … valid labels among those that have any."""
    count = np.bincount(accepted.count)[1:].astype(np.float64)
    found: Floats = count / max(count.sum(), 1)
    return found


def share(earned: Floats) -> Share | None:
    """The mean of what was measured."""
    known = earned[~np.isnan(earned)]
    if not len(known):
        return None
    mean, error = float(known.mean()), float(known.std()) / np.sqrt(len(known))
    return _bounded(mean, float(error), len(known))


def _mixed(groups: tuple[Group, ...], mix: Floats) -> Share | None:
    """Groups that the other set lacks count nothing; what this set lacks is left out of the mix."""
    weight = np.array([mix[g.labels - 1] if g.labels <= len(mix) else 0.0 for g in groups])
    return _combined(groups, [group.any_valid for group in groups], weight)


def _combined(groups: tuple[Group, ...], shares: list[Share], weights: Floats) -> Share | None:
    if not weights.sum():
        return None
    weights = weights / weights.sum()
    mean = float(weights @ np.array([one.value for one in shares]))
    errors = np.array([one.error for one in shares])
    samples = sum(group.samples for group in groups)
    return _bounded(mean, float(np.sqrt(((weights * errors) ** 2).sum())), samples)


def _bounded(mean: float, error: float, samples: int) -> Share:
    return Share(mean, max(0.0, mean - _Z * error), min(1.0, mean + _Z * error), samples, error)


def _known(found: Share | None) -> Share:
    if found is None:
        raise ValueError("a group of samples has none")
    return found
