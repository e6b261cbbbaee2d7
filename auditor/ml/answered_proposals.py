"""Further labels, and what a multimodal model answered about them: one probability from both.

Three hypotheses for each further class that was asked about: the picture shows the given class
alone, both, or, the label being wrong, the further class alone. What the answers say of a class
counts the same whichever other class is there.
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

_EDGE = 1e-4
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
    noise: float
    """Share of wrong labels."""


def answered(found: Proposals, said: Answered) -> Proposals:
    """Proposals (n, w) whose scores count the answers; a class that was asked about may take the
    place of a less likely one. No pair comes twice.
    """
    same = found.codes[said.row] == said.code[:, None]
    before = _before(found.scores[said.row], same)
    after = _posterior(before, said)
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
    shown = 1 - (1 - found.shown[rows]) * none
    answer.shown[rows] = np.maximum(shown, answer.scores[rows, 0]).clip(0, 1)
    return answer


def _before(kept: npt.NDArray[Any], same: Flags) -> Floats:
    """(m,) scores before the answers; a class that was not kept has at most the least that was."""
    score = np.where(same.any(axis=1), (same * kept).max(axis=1), kept.min(axis=1))
    return np.asarray(score, np.float64).clip(_EDGE, 1 - _EDGE)


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


def _posterior(before: Floats, said: Answered) -> Floats:
    """(m,) probability that both classes are shown."""
    further = np.exp(said.ratio.clip(-_HIGHEST, _HIGHEST))
    instead = np.exp((said.ratio - said.own).clip(-_HIGHEST, _HIGHEST))
    both = before * further
    other = (1 - before) * (1 - said.noise + said.noise * instead)
    chance: Floats = (both / (both + other)).clip(_EDGE, 1 - _EDGE)
    return chance
