"""What answers say of a label: the vote, and a probability that weighs each question by its worth.

The vote is that of VDC (Zhu et al., "VDC: Versatile Data Cleanser based on Visual-Linguistic
Inconsistency by Multimodal Large Language Models", ICLR 2024). The probability is that of
`reliability`, and of `fusion` where another check has one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.ask import fusion, witness
from auditor.ask.reliability import (
    Answers,
    Reliability,
    learn,
    posterior,
    ratios,
    unseen_ratios,
)
from auditor.ask.rivals import contrasted
from auditor.ask.witness import Shown

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

HALF = 0.5
_RESAMPLES = 20


@dataclass(frozen=True, slots=True)
class Vote:
    """The plain share of agreeing answers, of n samples."""

    score: Floats
    """NaN where nothing is known: that is no vote."""
    known: Ints
    tie: Flags


def vote(answers: Answers, samples: int) -> Vote:
    """Count the answers about the given label; an answer of 0.5 or more agrees."""
    own = answers.of(answers.is_given)
    known = np.bincount(own.sample, minlength=samples)
    agreeing = np.bincount(own.sample, weights=own.agree >= HALF, minlength=samples)
    score: Floats = np.full(samples, np.nan)
    np.divide(agreeing, known, out=score, where=known > 0)
    return Vote(score, known, score == HALF)


@dataclass(frozen=True, slots=True)
class Judged:
    """Of n samples."""

    ratio: Floats
    """Log likelihood ratio of a right label to a wrong one by the answers about it alone."""
    by_answers: Floats
    """Probability of a wrong label by the answers alone."""
    p_error: Floats
    """By the answers and what was believed before."""
    low: Floats
    high: Floats
    learnt: Reliability
    noise_low: float
    noise_high: float
    weights: fusion.Weights | None
    """Of what was believed before and of the answers; None where one of them is all there is."""


def judge(
    answers: Answers,
    kinds: Ints,
    subjects: Ints,
    samples: int,
    seed: int,
    believed: Floats | None = None,
    shown: Shown | None = None,
) -> Judged:
    """Learn the questions' worth and judge every sample; `kinds` (q,) groups alike questions.

    `subjects` (q,) are the classes they are about: where other classes were asked about than the
    given one, the answers about these count, too.

    `believed` (samples,) is another check's probability of a wrong label, NaN where it has none;
    `shown` are the classes that it sees in the pictures, by which it is weighed against the answers.
    The intervals are the 2.5 and 97.5 % points over resampled sets.
    """
    before = np.full(samples, np.nan) if believed is None else believed
    own = answers.of(answers.is_given)
    learnt = learn(answers, kinds, before)

    def weigh(some: Answers, by: Reliability) -> Floats:
        """(2, samples): ratios of the given labels, and of the classes shown."""
        of_given = contrasted(some, subjects, by, samples)
        return np.stack([of_given, ratios(_about_shown(some, subjects, shown), by, samples)])

    views = _Views(
        before,
        _asked(own, samples),
        shown,
        _asked(_about_shown(answers, subjects, shown), samples),
    )
    ratio = weigh(answers, learnt)
    by_answers = posterior(ratio[0], learnt.noise)
    unseen = unseen_ratios(answers, kinds, before, weigh) if views.are_two else ratio
    weights = views.weights(unseen)
    p_error = views.fused(unseen, by_answers, weights)
    spread, noises = [p_error], [learnt.noise]
    for other in _relearnt(answers, kinds, before, seed):
        again = weigh(answers, other)
        by_these = posterior(again[0], other.noise)
        spread.append(views.fused(again, by_these, views.weights(again)))
        noises.append(other.noise)
    low, high = np.percentile(spread, [2.5, 97.5], axis=0)
    noise_low, noise_high = np.percentile(noises, [2.5, 97.5])
    low, high = np.minimum(low, p_error), np.maximum(high, p_error)
    about_it = ratios(own, learnt, samples)
    return Judged(
        about_it,
        by_answers,
        p_error,
        low,
        high,
        learnt,
        float(noise_low),
        float(noise_high),
        weights,
    )


def _relearnt(answers: Answers, kinds: Ints, before: Floats, seed: int) -> Iterator[Reliability]:
    """What is learnt from resampled sets."""
    rng = np.random.default_rng(seed)
    for _ in range(_RESAMPLES):
        rows, part = _resampled(answers, rng)
        yield learn(part, kinds, before[rows])


@dataclass(frozen=True, slots=True)
class _Views:
    """Another check's view of n samples, and which of them the answers have one of."""

    believed: Floats
    heard: Flags
    shown: Shown | None
    asked_shown: Flags
    """There are answers about the class shown."""

    @property
    def are_two(self) -> bool:
        """Some samples have both views."""
        return bool((np.isfinite(self.believed) & self.heard).any())

    def fused(self, ratio: Floats, by_answers: Floats, weights: fusion.Weights | None) -> Floats:
        """`ratio` (2, n) as of `weigh`; `weights` as `weights` finds them.

        A sample that nothing was said of keeps what was believed; without that, the set's noise.
        """
        if weights is None:
            return np.where(np.isfinite(self.believed), self.believed, by_answers)
        said = np.where(self.heard, by_answers, np.nan)
        fused = fusion.fuse(self.believed, ratio[0], said, weights)
        return np.where(np.isnan(fused), by_answers, fused)

    def weights(self, ratio: Floats) -> fusion.Weights | None:
        """How much each view counts; None where there are no two. `ratio` as in `fused`."""
        if not self.are_two:
            return None
        both = np.isfinite(self.believed) & self.heard
        believed, of_given = self.believed[both], ratio[0][both]
        found = None
        if self.shown is not None:
            of_shown = np.where(self.asked_shown, ratio[1], np.nan)
            found = witness.weights(self.shown, of_shown, float(believed.mean()))
        return found or fusion.by_the_views(believed, of_given)


def _asked(answers: Answers, samples: int) -> Flags:
    asked: Flags = np.bincount(answers.sample, minlength=samples) > 0
    return asked


def _about_shown(answers: Answers, subjects: Ints, shown: Shown | None) -> Answers:
    """The answers about the class that the picture shows."""
    if shown is None:
        return answers.of(np.zeros(len(answers.sample), bool))
    return answers.of(subjects[answers.question] == shown.subject[answers.sample])


def _resampled(answers: Answers, rng: np.random.Generator) -> tuple[Ints, Answers]:
    """Samples drawn with replacement (one drawn twice is two), and their answers."""
    present = np.unique(answers.sample)
    order = np.argsort(answers.sample, kind="stable")
    starts = np.searchsorted(answers.sample[order], present)
    sizes = np.diff([*starts, len(order)])
    drawn = rng.integers(0, len(present), len(present)) if len(present) else np.empty(0, np.int64)
    picked = order[np.repeat(starts[drawn], sizes[drawn]) + _ramps(sizes[drawn])]
    places: Any = np.repeat(np.arange(len(drawn)), sizes[drawn])
    return present[drawn], Answers(
        places, answers.question[picked], answers.agree[picked], answers.is_given[picked]
    )


def _ramps(sizes: Ints) -> Ints:
    """0, 1, … up to each size, one after the other."""
    ends = np.cumsum(sizes)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - sizes, sizes)
