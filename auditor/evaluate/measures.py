"""Accuracy by label sets: top-1, any valid label, variable top-k, and by the number of labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.evaluate.accepted import Accepted
from auditor.evaluate.bootstrap import Share, share, weighted

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Group:
    """The samples with so many valid labels."""

    labels: int
    samples: int
    top1: Share | None
    any_valid: Share | None
    variable_top_k: Share | None


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
    holds = accepted.holds(guesses)
    counted = np.arange(guesses.shape[1]) < accepted.count[:, None]
    known = (counted & (guesses >= 0)).sum(axis=1)
    hits = (counted & holds).sum(axis=1)
    return Credits(
        top1=single,
        any_valid=np.where(measured, holds[:, 0], np.nan),
        variable_top_k=np.where(measured, hits / np.maximum(known, 1), np.nan),
    )


def measure(earned: Credits, accepted: Accepted, seed: int, mix: Floats | None = None) -> Measures:
    """Means and groups; `mix` (k,) is another set's share of samples with 1, 2, … valid labels."""
    sizes = np.unique(accepted.count[accepted.count > 0])
    places = [np.flatnonzero(accepted.count == k) for k in sizes]
    variable = [earned.variable_top_k[mine] for mine in places]
    return Measures(
        top1=share(earned.top1, seed),
        any_valid=share(earned.any_valid, seed),
        variable_top_k=share(earned.variable_top_k, seed),
        mean_over_k=weighted(variable, np.ones(len(sizes)), seed),
        groups=tuple(
            Group(
                labels=int(k),
                samples=len(mine),
                top1=share(earned.top1[mine], seed),
                any_valid=share(earned.any_valid[mine], seed),
                variable_top_k=share(earned.variable_top_k[mine], seed),
            )
            for k, mine in zip(sizes, places, strict=True)
        ),
        reweighted=None
        if mix is None
        else weighted([earned.any_valid[mine] for mine in places], _weights(sizes, mix), seed),
    )


def mix_of(accepted: Accepted) -> Floats:
    """(k,) share of the samples with 1, 2, … valid labels among those that have any."""
    count = np.bincount(accepted.count)[1:].astype(np.float64)
    found: Floats = count / max(count.sum(), 1)
    return found


def _weights(sizes: Ints, mix: Floats) -> Floats:
    """Groups that the other set lacks count nothing; what this set lacks is left out of the mix."""
    found: Floats = np.where(sizes <= len(mix), mix[np.minimum(sizes, len(mix)) - 1], 0.0)
    return found
