"""The given label against the other classes that were asked about.

"Is this a cat?" answered by a doubtful yes says little of a picture that is blurred, and much of one
of which the model is sure that it is a dog. Which classes a picture shows are hypotheses, one right,
and each is judged by the answers about all classes (a naive Bayes of the classes).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from auditor.ask.reliability import Answers, Reliability, posterior, ratios

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_ROUNDS, _STILL = 100, 1e-4
_AMONG = 0.9
"""One wrong label in ten, or more, is that of a picture that shows none of the classes asked about."""
_HIGHEST = 50.0
"""Log ratios beyond which nothing is surer."""


@dataclass(frozen=True, slots=True)
class Rivals:
    """Of c pairs of a sample and another class that was asked about, by sample and class."""

    sample: Ints
    subject: Ints
    ratio: Floats
    """Log likelihood ratio of this label being right to its being wrong."""


def rivals(answers: Answers, subjects: Ints, learnt: Reliability) -> Rivals:
    """What the answers say of other classes; `subjects` (q,) are the classes of the questions."""
    cross = answers.of(~answers.is_given)
    count = int(subjects.max(initial=0)) + 1
    cell = cross.sample * count + subjects[cross.question]
    cells, place = np.unique(cell, return_inverse=True)
    sample, subject = np.divmod(cells, count)
    return Rivals(sample, subject, ratios(replace(cross, sample=place), learnt, len(cells)))


def contrasted(answers: Answers, subjects: Ints, learnt: Reliability, samples: int) -> Floats:
    """(samples,) log likelihood ratio of a right label to a wrong one, by the answers about all classes.

    A wrong label's true class is as likely any of those asked about, or none of these; how often it
    is among them is learnt by expectation maximisation. Where no other class was asked about, the
    ratio is that of the answers about the label alone.
    """
    own = ratios(answers.of(answers.is_given), learnt, samples)
    found = rivals(answers, subjects, learnt)
    asked = np.bincount(found.sample, minlength=samples)
    has = asked > 0
    weights = np.exp(np.clip(found.ratio, -_HIGHEST, _HIGHEST))
    mean = np.bincount(found.sample, weights=weights, minlength=samples) / np.maximum(asked, 1)
    ratio, among = own, 0.5
    for _ in range(_ROUNDS if has.any() else 0):
        against = among * mean + (1 - among)
        ratio = np.where(has, own - np.log(against), own)
        wrong = posterior(ratio, learnt.noise) * has
        share = min(float((wrong * among * mean / against).sum() / wrong.sum()), _AMONG)
        if abs(share - among) < _STILL:
            break
        among = share
    return ratio
