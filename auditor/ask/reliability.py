"""How far each question can be trusted, learnt without true labels.

Whether a label is right is a hidden state of two values (Dawid and Skene 1979). An answer counts by
the bin that its probability falls into, and what a bin says is learnt: a model that is too sure, or
that leans to yes, does no harm. Soft answers must not enter as fractions of a hard one: they vary
less than coins do, and the states melt into one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass, replace

import numpy as np
import numpy.typing as npt

from auditor.ml.seeded import seeded_hash

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_EDGES = (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)
_USEFUL = 0.1
_SURELY = 2.0
"""So many standard errors the difference must have: among many questions some look useful by chance."""
_SHRINK = 8.0
"""Answers that the kind of a question lends to it."""
_PLAINLY = 3.0
"""The same, to take a question for one that is marked the wrong way."""
_ROUNDS, _STILL = 300, 1e-6
_SURE = 0.9
_FIT = 20_000
"""Samples that the tables are learnt from at the most."""
_FOLDS_SEED, _FIT_SEED = 0, 1


@dataclass(frozen=True, slots=True)
class Answers:
    """k known answers: the sample's row, the question, and how surely the expected one came."""

    sample: Ints
    question: Ints
    agree: Floats
    """In [0, 1]."""
    is_given: Flags
    """About the sample's label; else about another class."""

    def of(self, chosen: Flags) -> Answers:
        return Answers(
            self.sample[chosen], self.question[chosen], self.agree[chosen], self.is_given[chosen]
        )

    def beside(self, other: Answers) -> Answers:
        """Both, of the same samples and questions."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Answers(*(np.concatenate(both) for both in pairs))

    def turned(self, backward: Flags) -> Answers:
        """With the other answer as the expected one to the `backward` (q,) questions."""
        return replace(self, agree=np.where(backward[self.question], 1 - self.agree, self.agree))


@dataclass(frozen=True, slots=True)
class Reliability:
    """What is learnt of q questions, and of the set."""

    if_right: Floats
    """(q,) probability of an answer above `threshold` where the label is right."""
    if_wrong: Floats
    threshold: Floats
    """(q,) probability of the expected answer that parts the states best for this kind."""
    bins: Floats
    """(q, bins) log of P(bin | right) / P(bin | wrong); 0 for questions not used."""
    used: Flags
    backward: Flags
    """(q,) marked the wrong way: its other answer counts as the expected one."""
    noise: float
    """Share of wrong labels."""
    exponent: float
    """What the sum of a sample's log ratios is multiplied by, as its answers repeat one another."""


Weigh = Callable[[Answers, Reliability], Floats]
"""(…, samples) log likelihood ratios of right classes to wrong ones; 0 for samples without answers."""


def binned(agree: Floats) -> Ints:
    """(k,) the bin of each probability in [0, 1]."""
    return np.searchsorted(np.array(_EDGES), agree, side="right").astype(np.int64)


def learn(answers: Answers, kinds: Ints, believed: Floats | None = None) -> Reliability:
    """Fit to the answers by expectation maximisation; `kinds` (q,) groups alike questions.

    `believed` (samples,) is another check's probability of a wrong label, NaN where it has none:
    an anchor that paraphrases cannot pull away, and that rare or weak signs need.

    Answers about another class than the given one (`is_given` False) show what a wrong class gets,
    as far as the sample's own label is believed.
    """
    rows, part = _at_most(answers, _FIT)
    anchored = np.full(len(rows), np.nan) if believed is None else believed[rows]
    place = np.searchsorted(rows, part.sample)
    part = replace(part, sample=place)
    found, wrong = _converged(part, kinds, len(rows), anchored)
    backward = _backward(part, wrong, len(kinds))
    if not backward.any():
        return found
    found, _ = _converged(part.turned(backward), kinds, len(rows), anchored)
    return _turned(found, backward)


def _backward(answers: Answers, wrong: Floats, questions: int) -> Flags:
    """(q,) whose expected answer comes more where the label is wrong: marked the wrong way.

    By the question's own answers alone: others of its kind lend it theirs in a table, and are not
    marked the wrong way with it.
    """
    weight = np.where(answers.is_given, wrong[answers.sample], 1 - wrong[answers.sample])
    shares, errors = [], []
    for part in (np.where(answers.is_given, 1 - weight, 0.0), weight):
        total = np.bincount(answers.question, part, questions) + 2
        agreeing = np.bincount(answers.question, part * (answers.agree >= 0.5), questions) + 1
        shares.append(agreeing / total)
        errors.append(agreeing * (total - agreeing) / total**3)
    gap = shares[1] - shares[0]
    found: Flags = (gap >= _USEFUL) & (gap >= _PLAINLY * np.sqrt(errors[0] + errors[1]))
    return found


def _turned(found: Reliability, backward: Flags) -> Reliability:
    """What is learnt of answers as they came, from answers of which the `backward` were turned."""

    def back(turned: Floats) -> Floats:
        return np.where(backward, 1 - turned, turned)

    bins = np.where(backward[:, None], found.bins[:, ::-1], found.bins)
    return replace(
        found,
        if_right=back(found.if_right),
        if_wrong=back(found.if_wrong),
        threshold=back(found.threshold),
        bins=bins,
        backward=backward,
    )


def _at_most(answers: Answers, most: int) -> tuple[Ints, Answers]:
    """The samples to learn from, ascending, and their answers."""
    rows = np.unique(answers.sample)
    if len(rows) > most:
        order = np.argsort(seeded_hash(rows, _FIT_SEED), kind="stable")
        rows = np.sort(rows[order[:most]])
        answers = answers.of(np.isin(answers.sample, rows))
    return rows, answers


def _converged(
    answers: Answers, kinds: Ints, samples: int, anchored: Floats
) -> tuple[Reliability, Floats]:
    """What fits, and each sample's (n,) probability of a wrong label."""
    own = answers.of(answers.is_given)
    wrong = _start(own.sample, own.agree, samples)
    present = np.bincount(own.sample, minlength=samples) > 0
    if not present.any():
        return _nothing(len(kinds)), wrong
    counts = _Counts(
        answers.sample, answers.question, binned(answers.agree), answers.is_given, kinds, samples
    )
    has_anchor = np.isfinite(anchored)
    votes = np.log(wrong / (1 - wrong))
    wrong = np.where(has_anchor, posterior(-votes, anchored), wrong)
    # Which questions count is settled once all have had their say: a question that was dropped at
    # first sight, because few labels are wrong, could never show its worth.
    found, wrong = _fixed_point(counts, wrong, present, anchored, chosen=None)
    found, wrong = _fixed_point(counts, wrong, present, anchored, found.used)
    return replace(found, exponent=counts.exponent(found.bins, wrong)), wrong


def _fixed_point(
    counts: _Counts, wrong: Floats, present: Flags, anchored: Floats, chosen: Flags | None
) -> tuple[Reliability, Floats]:
    """What fits, and each sample's probability of a wrong label, by the `chosen` questions."""
    has_anchor = np.isfinite(anchored)
    found = _nothing(len(counts.kinds))
    for _ in range(_ROUNDS):
        found = counts.fitted(wrong, present, chosen)
        # Without an anchor nothing but the answers' agreement shows the states: discounted for it
        # while they are sought, they would melt into one.
        if has_anchor.any():
            found = replace(found, exponent=counts.exponent(found.bins, wrong))
        fresh = posterior(counts.ratios(found), np.where(has_anchor, anchored, found.noise))
        moved = float(np.abs(fresh - wrong)[present].max())
        wrong = fresh
        if moved < _STILL:
            break
    return found, wrong


def ratios(answers: Answers, learnt: Reliability, samples: int) -> Floats:
    """(samples,) log likelihood ratio of a right label to a wrong one; 0 without answers."""
    each = learnt.bins[answers.question, binned(answers.agree)]
    total = np.bincount(answers.sample, weights=each, minlength=samples).astype(np.float64)
    return learnt.exponent * total


def unseen_ratios(
    answers: Answers, kinds: Ints, believed: Floats, weigh: Weigh, folds: int = 5
) -> Floats:
    """What `weigh` says, each sample by what is learnt from the others; for fusion with `believed`.

    What was learnt from a sample's own `believed` would repeat that, errors and all.
    """
    # Not by the row alone: samples often lie class by class, or in turn.
    part = seeded_hash(answers.sample, _FOLDS_SEED) % np.uint64(folds)
    parts = []
    for fold in range(folds):
        out = part == fold
        learnt = learn(answers.of(~out), kinds, believed)
        parts.append(weigh(answers.of(out), learnt))
    total: Floats = np.sum(parts, axis=0)
    return total


def posterior(ratio: Floats, noise: float | Floats) -> Floats:
    """Probability of a wrong label."""
    before = np.clip(noise, 1e-4, 1 - 1e-4)
    return probability(np.log(before / (1 - before)) - ratio)


def probability(odds: Floats | float) -> Floats:
    """Of log-odds."""
    p: Floats = 1 / (1 + np.exp(-np.clip(odds, -500, 500)))
    return p


@dataclass(frozen=True, slots=True)
class _Counts:
    sample: Ints
    question: Ints
    bin: Ints
    is_given: Flags
    kinds: Ints
    samples: int

    def fitted(self, wrong: Floats, present: Flags, chosen: Flags | None) -> Reliability:
        """The tables that fit the samples' (n,) probabilities of a wrong label.

        Only `chosen` questions count; None: all whose expected answer is rarer where it is wrong.
        """
        own = self.is_given
        weight_wrong = np.where(own, wrong[self.sample], 1 - wrong[self.sample])
        right = self._table(np.where(own, 1 - wrong[self.sample], 0.0))
        off = self._table(weight_wrong)
        threshold = self._thresholds(right, off)
        above = np.arange(right.shape[1])[None] >= threshold[:, None]
        a, b = (right * above).sum(axis=1), (off * above).sum(axis=1)
        used = (a - b >= _USEFUL) & (a - b >= _SURELY * self._error(a, b, wrong))
        counted = a > b if chosen is None else chosen
        bins = np.where(counted[:, None], np.log(right / off), 0.0)
        noise = float((wrong[present].sum() + 1) / (present.sum() + 10))  # Beta(1, 9)
        edges, off_way = np.array((0.0, *_EDGES)), np.zeros(len(a), bool)
        return Reliability(
            a, b, edges[threshold], bins, used if chosen is None else chosen, off_way, noise, 1.0
        )

    def ratios(self, learnt: Reliability) -> Floats:
        each = np.where(self.is_given, learnt.bins[self.question, self.bin], 0.0)
        total = np.bincount(self.sample, weights=each, minlength=self.samples)
        return learnt.exponent * total.astype(np.float64)

    def _table(self, weight: Floats) -> Floats:
        """(q, bins) distribution over bins, drawn towards that of the question's kind."""
        shape = (len(self.kinds), len(_EDGES) + 1)
        place = self.question * shape[1] + self.bin
        flat = np.bincount(place, weights=weight, minlength=shape[0] * shape[1])
        own = flat.reshape(shape).astype(np.float64)
        pooled = self._pooled(own) + 0.5
        pooled /= pooled.sum(axis=1, keepdims=True)
        drawn: Floats = own + _SHRINK * pooled[self.kinds]
        drawn /= drawn.sum(axis=1, keepdims=True)
        return drawn

    def _error(self, a: Floats, b: Floats, wrong: Floats) -> Floats:
        """(q,) standard error of the difference of shares, with what the kind lends."""
        own, size = self.is_given, len(a)
        weight = wrong[self.sample]
        right = np.bincount(self.question, np.where(own, 1 - weight, 0.0), size) + _SHRINK
        off = np.bincount(self.question, np.where(own, weight, 1 - weight), size) + _SHRINK
        error: Floats = np.sqrt(np.maximum(a * (1 - a) / right + b * (1 - b) / off, 0.0))
        return error

    def _pooled(self, table: Floats) -> Floats:
        total = np.zeros((int(self.kinds.max(initial=0)) + 1, table.shape[1]))
        np.add.at(total, self.kinds, table)
        return total

    def _thresholds(self, right: Floats, off: Floats) -> Ints:
        """(q,) first bin above the edge that parts the states best, one for a kind."""
        gap = self._pooled(right - off)
        above = np.cumsum(gap[:, ::-1], axis=1)[:, ::-1]
        first: Ints = above.argmax(axis=1).astype(np.int64)
        return first[self.kinds]

    def exponent(self, bins: Floats, wrong: Floats) -> float:
        """Variance within a state if answers were independent, over that which there is.

        For sums that are about normal, this is what makes the log ratio right.
        """
        own = self.is_given
        sample, each = self.sample[own], bins[self.question[own], self.bin[own]]
        apart = together = 0.0
        for weight in (wrong, 1 - wrong):
            share = weight[sample]
            count = np.bincount(self.question[own], weights=share, minlength=len(bins))
            mean = np.bincount(self.question[own], weights=share * each, minlength=len(bins))
            rest = each - (mean / np.maximum(count, 1e-9))[self.question[own]]
            apart += float((share * rest**2).sum())
            total = np.bincount(sample, weights=rest, minlength=self.samples)
            together += float((weight * total**2).sum())
        return min(1.0, apart / together) if together > 0 else 1.0


def _start(sample: Ints, agree: Floats, samples: int) -> Floats:
    """By the vote; a sample without answers, or of which half agree, by nothing."""
    known = np.bincount(sample, minlength=samples)
    share = np.bincount(sample, weights=agree >= 0.5, minlength=samples) / np.maximum(known, 1)
    return np.where(known == 0, 0.1, np.where(share < 0.5, _SURE, 1 - _SURE))


def _nothing(questions: int) -> Reliability:
    half = np.full(questions, 0.5)
    flat, none = np.zeros((questions, len(_EDGES) + 1)), np.zeros(questions, bool)
    return Reliability(half, half, half, flat, none, none, 0.0, 1.0)
