"""Cheap guesses why a prediction is wrong, for a person to confirm or override.

No rule tells that an object lies outside the vocabulary: that takes a person, or a model that names it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.evaluate.mistakes import Category, Severity

Floats = npt.NDArray[np.float32]

_OFTEN = 3
"""Two classes are mixed up where the model takes one for the other so many times, to and fro."""
_NEAR = 3
"""Two classes are alike where one is among so many nearest of the other."""
_ENOUGH = 10
"""Nearness tells something among so many classes at least."""
_ODD = 0.05
"""A picture is odd where so small a share of its class lies farther from the class's middle."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Guess:
    category: Category
    severity: Severity
    rule: str
    """Which rule spoke, in words."""


@dataclass(frozen=True, slots=True)
class Space:
    """Where classes and mistaken samples lie in the features' space."""

    classes: Mapping[str, int]
    """Row of each class in `alike`."""
    alike: Floats
    """(C, C) cosine of the classes' middles."""
    nearest: Mapping[int, str]
    """Class whose middle is nearest to each sample."""
    odd: frozenset[int]
    """Samples farther from the middle of their class than almost all of it."""


def guess(
    sample_id: int,
    accepted: Sequence[str],
    predicted: str,
    mixed: Mapping[Pair, int],
    space: Space | None,
) -> Guess | None:
    """The first rule that speaks; None where none does.

    Args: mixed: times that the model takes the first class for the second.
    """
    for label in accepted:
        times = mixed.get((label, predicted), 0) + mixed.get((predicted, label), 0)
        if times >= _OFTEN:
            rule = f"the model mixes up {label} and {predicted} {times:,} times"
            return Guess(Category.FINE_GRAINED, Severity.MINOR, rule)
        if (kind := _kind(label)) and kind == _kind(predicted):
            rule = f"both names end in {kind}"
            return Guess(Category.FINE_GRAINED, Severity.MINOR, rule)
    return None if space is None else _by_place(sample_id, accepted, predicted, space)


def _by_place(
    sample_id: int, accepted: Sequence[str], predicted: str, space: Space
) -> Guess | None:
    for label in accepted:
        if _are_near(label, predicted, space):
            rule = f"pictures of {predicted} are among the {_NEAR} classes most like {label}"
            return Guess(Category.FINE_GRAINED, Severity.MINOR, rule)
    if sample_id in space.odd:
        rule = f"less like its class than {1 - _ODD:.0%} of it"
        return Guess(Category.NON_PROTOTYPICAL, Severity.MINOR, rule)
    if space.nearest.get(sample_id) in accepted:
        rule = "most like its accepted class, and the predicted one is another matter"
        return Guess(Category.SPURIOUS, Severity.MAJOR, rule)
    return None


def _kind(name: str) -> str:
    """The last of several words: the kind of thing, in English names."""
    words = re.split(r"[\s_]+", name.strip().lower())
    return words[-1] if len(words) > 1 and words[-1].isalpha() else ""


def _are_near(label: str, predicted: str, space: Space) -> bool:
    a, b = space.classes.get(label), space.classes.get(predicted)
    if a is None or b is None or len(space.classes) < _ENOUGH:
        return False
    # Each class is nearest to itself.
    nearer_to_a = int((space.alike[a] > space.alike[a, b]).sum()) - 1
    nearer_to_b = int((space.alike[b] > space.alike[a, b]).sum()) - 1
    return min(nearer_to_a, nearer_to_b) < _NEAR


def locate(
    middles: Floats,
    names: Sequence[str],
    own: Mapping[str, Floats],
    mistaken: Floats,
    sample_ids: Sequence[int],
    accepted: Sequence[Sequence[str]],
) -> Space:
    """Where mistaken samples (n, d), of unit length as all features here, lie among the classes.

    Args: middles: (C, d) means of unit length, of the classes `names`. own: each class's members'
    cosines to its middle, ascending.
    """
    row = {name: place for place, name in enumerate(names)}
    to_classes = mistaken @ middles.T
    nearest = {i: names[k] for i, k in zip(sample_ids, to_classes.argmax(axis=1), strict=True)}
    odd = {
        sample_id
        for sample_id, labels, cosines in zip(sample_ids, accepted, to_classes, strict=True)
        if (known := [label for label in labels if label in row])
        and all(cosines[row[label]] < np.quantile(own[label], _ODD) for label in known)
    }
    alike: Floats = middles @ middles.T
    return Space(row, alike, nearest, frozenset(odd))
