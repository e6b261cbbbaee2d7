"""What answers say of a label: the vote, and a likelihood ratio that weighs each question by its worth.

The vote is that of VDC (Zhu et al., "VDC: Versatile Data Cleanser based on Visual-Linguistic
Inconsistency by Multimodal Large Language Models", ICLR 2024). The ratio treats "the label is right"
as a hidden state of two values, and learns by expectation maximisation how often each question's
expected answer comes in either state (Dawid and Skene 1979, with soft answers), without true labels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

HALF = 0.5
_SHRINK = 2.0
"""Pseudo-answers of each kind that a question's shares begin with: a Beta(2, 2) about its kind's."""
_USEFUL = 0.1
"""A question whose expected answer is hardly rarer where the label is wrong is not used."""
_ROUNDS, _STILL = 200, 1e-6
_SURE = 0.9
"""How far the vote is believed at first."""
_FLOOR = 1e-3
_FIT = 20_000
"""The shares are learnt from so many samples at the most."""
_RESAMPLES = 20


@dataclass(frozen=True, slots=True)
class Answers:
    """k known answers: the sample's row, the question, and how surely the expected one came."""

    sample: Ints
    question: Ints
    agree: Floats
    """In [0, 1]."""
    is_given: Flags
    """About the sample's label; else about another class."""

    @property
    def hard(self) -> Answers:
        """Each answer as agreeing or not. Shares vary less than coins do, and a fit of two hidden
        states to them melts into one; a model's probabilities are seldom calibrated, besides."""
        return replace(self, agree=(self.agree >= HALF).astype(np.float64))

    def of(self, chosen: Flags) -> Answers:
        return Answers(
            self.sample[chosen], self.question[chosen], self.agree[chosen], self.is_given[chosen]
        )


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
class Worth:
    """What is learnt of q questions, and of the set."""

    if_right: Floats
    """(q,) share of expected answers where the label is right."""
    if_wrong: Floats
    answers: Ints
    used: Flags
    noise: float
    """Share of wrong labels."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Of n samples."""

    ratio: Floats
    """Log likelihood ratio of a right label to a wrong one; 0 where nothing is known."""
    p_error: Floats
    low: Floats
    high: Floats
    worth: Worth
    noise_low: float
    noise_high: float


def judge(answers: Answers, kinds: Ints, samples: int, seed: int) -> Judged:
    """Learn the questions' worth and judge every sample; `kinds` (q,) groups alike questions.

    The intervals are the 2.5 and 97.5 % points over resampled sets.
    """
    rng = np.random.default_rng(seed)
    answers = answers.hard
    part = _at_most(answers, samples, rng)
    worth = learn(part, kinds, samples)
    ratio = ratios(answers.of(answers.is_given), worth, samples)
    p_error = posterior(ratio, worth.noise)
    spread, noises = [], []
    for _ in range(_RESAMPLES):
        other = learn(_resampled(part, rng), kinds, samples)
        spread.append(posterior(ratios(answers.of(answers.is_given), other, samples), other.noise))
        noises.append(other.noise)
    low, high = np.percentile([*spread, p_error], [2.5, 97.5], axis=0)
    noise_low, noise_high = np.percentile([*noises, worth.noise], [2.5, 97.5])
    return Judged(ratio, p_error, low, high, worth, float(noise_low), float(noise_high))


def learn(answers: Answers, kinds: Ints, samples: int) -> Worth:
    """Shares of each question in either state, and the noise, without true labels.

    Answers that repeat one another within a state cannot be told from the state itself: many
    paraphrases of one question make the probabilities too sure.
    """
    own, cross = answers.of(answers.is_given), answers.of(~answers.is_given)
    questions = len(kinds)
    counts = np.bincount(own.question, minlength=questions)
    present = np.unique(own.sample)
    if not len(present):
        half = np.full(questions, HALF)
        return Worth(half, half, counts, np.zeros(questions, bool), 0.0)
    score = vote(own, samples).score
    wrong: Floats = np.where(np.isnan(score), 0.0, np.where(score < HALF, _SURE, 1 - _SURE))
    for _ in range(_ROUNDS):
        worth = _worth(own, cross, wrong, kinds, present, counts)
        fresh = posterior(ratios(own, worth, samples), worth.noise)
        moved = float(np.abs(fresh - wrong)[present].max())
        wrong = np.where(np.isnan(score), 0.0, fresh)
        if moved < _STILL:
            break
    return replace(worth, used=worth.if_right - worth.if_wrong >= _USEFUL)


def _worth(
    own: Answers, cross: Answers, wrong: Floats, kinds: Ints, present: Ints, counts: Ints
) -> Worth:
    """One step: the shares that fit the probabilities of a wrong label, (n,) `wrong`."""
    right = _shares(own, cross, 1 - wrong, 0 * wrong, kinds)
    # Where the label is right, every other class is a wrong one.
    if_wrong = _shares(own, cross, wrong, 1 - wrong, kinds)
    noise = (wrong[present].sum() + 1) / (len(present) + 10)  # a Beta(1, 9): most are right
    return Worth(right, if_wrong, counts, right > if_wrong, float(noise))


def ratios(answers: Answers, worth: Worth, samples: int) -> Floats:
    """(samples,) log likelihood ratio of the answers given; 0 where there are none."""
    right = np.clip(worth.if_right, _FLOOR, 1 - _FLOOR)
    wrong = np.clip(worth.if_wrong, _FLOOR, 1 - _FLOOR)
    yes, no = np.log(right / wrong) * worth.used, np.log((1 - right) / (1 - wrong)) * worth.used
    each = answers.agree * yes[answers.question] + (1 - answers.agree) * no[answers.question]
    return np.bincount(answers.sample, weights=each, minlength=samples).astype(np.float64)


def posterior(ratio: Floats, noise: float | Floats) -> Floats:
    """Probability of a wrong label, from the ratio and the probability before."""
    before = np.clip(noise, 1e-4, 1 - 1e-4)
    odds = np.log(before / (1 - before)) - ratio
    p_wrong: Floats = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    return p_wrong


def fuse(p_label: Floats, ratio: Floats, p_answers: Floats) -> Floats:
    """One probability: another check's, moved by what the answers say; NaN there leaves the answers'."""
    both = posterior(ratio, np.clip(p_label, 1e-4, 1 - 1e-4))
    return np.where(np.isnan(p_label), p_answers, both)


def _shares(own: Answers, cross: Answers, weight: Floats, crossed: Floats, kinds: Ints) -> Floats:
    """(q,) weighted share of expected answers, drawn towards that of the question's kind."""
    questions, groups = len(kinds), int(kinds.max(initial=0)) + 1
    question = np.concatenate([own.question, cross.question])
    agree = np.concatenate([own.agree, cross.agree])
    each = np.concatenate([weight[own.sample], crossed[cross.sample]])
    count = np.bincount(question, weights=each, minlength=questions)
    expected = np.bincount(question, weights=each * agree, minlength=questions)
    of_kind = np.bincount(kinds, weights=expected, minlength=groups) + _SHRINK
    of_kind /= np.bincount(kinds, weights=count, minlength=groups) + 2 * _SHRINK
    drawn: Floats = (expected + 2 * _SHRINK * of_kind[kinds]) / (count + 2 * _SHRINK)
    return drawn


def _at_most(answers: Answers, samples: int, rng: np.random.Generator) -> Answers:
    if samples <= _FIT:
        return answers
    chosen = np.zeros(samples, bool)
    chosen[rng.choice(samples, _FIT, replace=False)] = True
    return answers.of(chosen[answers.sample])


def _resampled(answers: Answers, rng: np.random.Generator) -> Answers:
    """The answers of samples drawn with replacement; a sample drawn twice is two samples."""
    present = np.unique(answers.sample)
    order = np.argsort(answers.sample, kind="stable")
    starts = np.searchsorted(answers.sample[order], present)
    sizes = np.diff([*starts, len(order)])
    drawn = rng.integers(0, len(present), len(present)) if len(present) else np.empty(0, np.int64)
    rows = np.repeat(starts[drawn], sizes[drawn]) + _ramps(sizes[drawn])
    places: Any = np.repeat(np.arange(len(drawn)), sizes[drawn])
    picked = order[rows]
    return Answers(
        places, answers.question[picked], answers.agree[picked], answers.is_given[picked]
    )


def _ramps(sizes: Ints) -> Ints:
    """0, 1, … up to each size, one after the other."""
    ends = np.cumsum(sizes)
    return np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - sizes, sizes)
