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

_ROUNDS = 100
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
    all_asked = asked >= int(subjects.max(initial=0))
    among = np.where(all_asked, 1.0, 0.5)
    for _ in range(_ROUNDS):
        against = among * mean + (1 - among)
        ratio: Floats = np.where(has, own - np.log(np.maximum(against, 1e-30)), own)
        wrong = posterior(ratio, learnt.noise) * (has & ~all_asked)
        if not wrong.any():
            break
        share = float((wrong * among * mean / against).sum() / wrong.sum())
        if abs(share - among[~all_asked].max(initial=share)) < 1e-4:
            break
        among = np.where(all_asked, 1.0, share)
    return ratio
