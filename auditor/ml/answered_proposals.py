"""Further labels, and what a multimodal model answered about them: one probability from both.

"Is this a cat?" may be denied of a picture that shows a cat and a dog, and a model may speak of one
of the two, of both or of neither. How often it does what is learnt from the set (expectation
maximisation), for pictures that show both classes and for those that do not, as the scores have it:
a model that says the same of either moves no score.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.ml.proposals import Proposals

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_LEAST, _MOST = 1e-4, 0.99
"""No class is ruled out before it was asked about, and none is so sure that a no cannot count."""
_ROUNDS = 100
_ALONE = np.array([0.85, 0.05, 0.05, 0.05])
"""Beforehand, how often answers about a picture of one class speak of that one alone, of the other
one alone, of both, of neither."""
_FIRM = 50.0
"""So many pictures' worth that is."""
_SOFT = 10.0
"""So many pictures' worth what is usual for one class counts for two: alone, it moves no score."""
_HIGHEST = 50.0
"""Log ratios beyond which nothing is surer."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered about m pairs of a picture and a further class."""

    row: Ints
    """(m,) the picture, as a row of the proposals."""
    code: Ints
    """(m,) the class."""
    ratio: Floats
    """(m,) log likelihood ratio of the class being shown to its not being shown."""
    own: Floats
    """(m,) the same of the picture's given class."""


def answered(found: Proposals, said: Answered, surest: float = _MOST) -> Proposals:
    """Proposals (n, w) whose scores count the answers; a class that was asked about may take the
    place of a less likely one. No pair comes twice.

    `surest`: the most that a score counts while it is learnt what the answers are worth; for
    scores that are no probabilities.
    """
    same = found.codes[said.row] == said.code[:, None]
    before = _before(found.scores[said.row], same)
    odds = before / (1 - before) * _ratios(before.clip(max=surest), said)
    after = (odds / (1 + odds)).clip(_LEAST, 1 - _LEAST)
    rows, of = np.unique(said.row, return_inverse=True)
    scores, codes, places = (
        np.concatenate([kept, _beside(of, values, empty)], axis=1)
        for kept, values, empty in (
            (_without(found.scores[rows], of, same), after, -1.0),
            (found.codes[rows], said.code, 0),
            (found.places[rows], _places(found.places[said.row], same), -1),
        )
    )
    best = np.argsort(-scores, axis=1, kind="stable")[:, : found.codes.shape[1]]
    answer = replace(
        found, **{f: getattr(found, f).copy() for f in ("codes", "scores", "places", "shown")}
    )
    for kept, values in ((answer.codes, codes), (answer.scores, scores), (answer.places, places)):
        kept[rows] = np.take_along_axis(values, best, axis=1)
    # That none is there: none of those asked about, and none of the others.
    none = np.ones(len(rows))
    np.multiply.at(none, of, (1 - after) / (1 - before))
    shown = 1 - (1 - found.shown[rows].clip(max=_MOST)) * none
    answer.shown[rows] = np.maximum(shown, answer.scores[rows, 0]).clip(0, 1)
    return answer


def _before(kept: npt.NDArray[Any], same: Flags) -> Floats:
    """(m,) scores before the answers; a class that was not kept has at most the least that was."""
    score = np.where(same.any(axis=1), (same * kept).max(axis=1), kept.min(axis=1))
    return np.asarray(score, np.float64).clip(_LEAST, _MOST)


def _without(scores: npt.NDArray[Any], of: Ints, same: Flags) -> npt.NDArray[Any]:
    """Scores (r, w) with -1 for the classes that were asked about: those come anew."""
    left = scores.copy()
    pair, column = np.nonzero(same)
    left[of[pair], column] = -1
    return left


def _places(kept: Ints, same: Flags) -> Ints:
    """(m,) where each class was seen; -1 for those not kept."""
    return np.where(same.any(axis=1), np.where(same, kept, -1).max(axis=1), -1)


def _beside(of: Ints, values: npt.NDArray[Any], empty: float) -> npt.NDArray[Any]:
    """Values (m,) of rows `of` (m,), each row's side by side, and `empty` where a row has fewer."""
    order = np.argsort(of, kind="stable")
    count = np.bincount(of)
    column = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    table = np.full((len(count), int(count.max(initial=0))), empty, values.dtype)
    table[of[order], column] = values[order]
    return table


def _ratios(before: Floats, said: Answered) -> Floats:
    """(m,) likelihood ratio of the answers where both classes are shown to where they are not.

    The answers look like those about a picture of the given class alone, of the further one alone,
    of both or of neither: four likelihoods, as ratios to the first.
    """
    own, further = (one.clip(-_HIGHEST, _HIGHEST) for one in (said.own, said.ratio))
    like = np.exp(np.stack([np.zeros(len(own)), further - own, further, -own], axis=1))
    usual, both = _ALONE, np.full(len(_ALONE), 1 / len(_ALONE))
    ratio, chance = np.ones(len(own)), before
    for _ in range(_ROUNDS):
        usual = _shares(like, usual, 1 - chance, _ALONE, _FIRM)
        both = _shares(like, both, chance, usual, _SOFT)
        ratio = (like @ both) / (like @ usual)
        chance = before * ratio / (before * ratio + 1 - before)
    return ratio


def _shares(like: Floats, shares: Floats, weight: Floats, prior: Floats, worth: float) -> Floats:
    """(4,) a step towards the likeliest shares of a mixture of known components, `like` (m, 4), in
    rows that count `weight` (m,); `prior` is `worth` so many rows more."""
    of = like * shares
    of *= (weight / of.sum(axis=1))[:, None]
    found: Floats = (of.sum(axis=0) + worth * prior) / (weight.sum() + worth)
    return found
