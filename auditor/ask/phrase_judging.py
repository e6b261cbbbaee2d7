"""Whether a caption is wrong, and which phrase: by what each wrong phrase would explain.

Either all fits, or one phrase does not, and with it nothing that is said of it, or nothing fits. Each
of these says what to expect of the answers to every phrase; how much an answer is worth is learnt as
in `reliability`, for each form of question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.ask.reliability import Answers, Reliability, learn, ratios
from auditor.ml.seeded import seeded_hash

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_ROUNDS = 50
_GROUPS, _SEED = 10, 0


@dataclass(frozen=True, slots=True)
class Captions:
    """Phrases by caption, and what is wrong with each of them. Units lie caption by caption."""

    count: int
    sample: Ints
    """(h,) the caption of each way of being wrong."""
    phrase: Ints
    """(h,) the unit that is to blame: the whole caption's, where nothing fits."""
    way: Ints
    unit: Ints
    """(k,) each: in this way of being wrong the answers about that unit are wrong."""
    unit_sample: Ints

    @classmethod
    def of(cls, sample: Ints, phrases: Sequence[str], count: int) -> Captions:
        """`sample` (units,) ascending caption of each phrase; the longest of them is the whole."""
        plain = [f" {phrase.casefold().strip(' .!?')} " for phrase in phrases]
        starts = np.searchsorted(sample, np.arange(count + 1))
        owner: list[int] = []
        blamed: list[int] = []
        ways: list[int] = []
        units: list[int] = []
        for place in range(count):
            mine = range(int(starts[place]), int(starts[place + 1]))
            whole = max(mine, key=lambda u: len(plain[u]), default=-1)
            explained = [[u for u in mine if plain[k] in plain[u] or u == whole] for k in mine]
            for to_blame, part in [*zip(mine, explained, strict=True), (whole, list(mine))]:
                ways += [len(owner)] * len(part)
                units += part
                owner.append(place)
                blamed.append(to_blame)
        return cls(
            count,
            np.array(owner, np.int64),
            np.array(blamed, np.int64),
            np.array(ways, np.int64),
            np.array(units, np.int64),
            sample,
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """Of n captions and their units."""

    p_error: Floats
    low: Floats
    high: Floats
    by_phrase: Floats
    """(units,) probability that this phrase is to blame; a caption's add up to its `p_error`."""
    noise: float
    learnt: Reliability


def judge(answers: Answers, forms: int, captions: Captions) -> Judged:
    """Judge captions by answers about their units; intervals by leaving out a tenth in turn.

    The interval (delete-a-group jackknife, 95 %) is that of what is learnt, not of the answers.
    """
    kinds = np.arange(forms)
    learnt = learn(answers, kinds)
    p_error, by_phrase, noise = _posterior(answers, learnt, captions)
    group = seeded_hash(captions.unit_sample, _SEED) % np.uint64(_GROUPS)
    spread: Floats = np.zeros(captions.count)
    for number in range(_GROUPS):
        others = learn(answers.of(group[answers.sample] != number), kinds)
        spread += np.square(_posterior(answers, others, captions)[0] - p_error)
    half = 1.96 * np.sqrt(spread * (_GROUPS - 1) / _GROUPS)
    low, high = np.maximum(p_error - half, 0.0), np.minimum(p_error + half, 1.0)
    return Judged(p_error, low, high, by_phrase, noise, learnt)


def _posterior(
    answers: Answers, learnt: Reliability, captions: Captions
) -> tuple[Floats, Floats, float]:
    units = len(captions.unit_sample)
    each = ratios(answers, learnt, units)
    ways = len(captions.sample)
    speaks = -np.bincount(captions.way, weights=each[captions.unit], minlength=ways)
    number = np.bincount(captions.sample, minlength=captions.count)
    # Relative to the caption that fits; every way of being wrong is as likely before.
    weight = np.exp(np.clip(speaks, -300, 300)) / number[captions.sample]
    total = np.bincount(captions.sample, weights=weight, minlength=captions.count)
    noise, p_error = 0.1, np.zeros(captions.count)
    for _ in range(_ROUNDS):
        p_error = noise * total / (1 - noise + noise * total)
        noise = float((p_error.sum() + 1) / (len(p_error) + 10))  # Beta(1, 9)
    share = weight * (p_error / np.maximum(total, 1e-300))[captions.sample]
    blame = np.bincount(captions.phrase, weights=share, minlength=units).astype(np.float64)
    return p_error, blame, noise
