"""How a model's mistake is judged: verdict, category and severity, and counts of these.

Source: Vasudevan et al. 2022, "When does dough become a bagel? Analyzing the remaining mistakes on
ImageNet" (section 3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Judged(StrEnum):
    """Whether the predicted label holds, though it is not among the accepted ones."""

    RIGHT = "right"
    UNCLEAR = "unclear"
    WRONG = "wrong"


class Category(StrEnum):
    """Why a prediction is wrong."""

    FINE_GRAINED = "fine_grained"
    FINE_GRAINED_OOV = "fine_grained_oov"
    """The object is of a like class that is outside the vocabulary."""
    OOV = "oov"
    SPURIOUS = "spurious"
    """The prediction follows from something that goes with the class, not from the object."""
    NON_PROTOTYPICAL = "non_prototypical"
    MULTI_LABEL = "fine_grained_multi_label"
    """Like classes, several of which hold."""


class Severity(StrEnum):
    MAJOR = "major"
    MINOR = "minor"
    BORDERLINE = "borderline"


@dataclass(frozen=True, slots=True)
class Word:
    """One judgement. A right or unclear prediction has neither category nor severity."""

    verdict: Judged
    category: Category | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class MistakeCounts:
    mistakes: int
    """Predictions outside the accepted labels, and those that a judgement put among them."""
    open: int
    """Not judged yet."""
    verdicts: dict[str, int]
    categories: dict[str, int]
    severities: dict[str, int]


def count(words: Iterable[Word | None]) -> MistakeCounts:
    """Counts of every mistake's judgement; None where it has none yet."""
    every = list(words)
    said = [word for word in every if word is not None]
    return MistakeCounts(
        mistakes=len(every),
        open=len(every) - len(said),
        verdicts=_counts(Judged, (word.verdict for word in said)),
        categories=_counts(Category, (word.category for word in said)),
        severities=_counts(Severity, (word.severity for word in said)),
    )


def _counts(kind: type[StrEnum], said: Iterable[StrEnum | None]) -> dict[str, int]:
    found = Counter(said)
    return {one.value: found[one] for one in kind}
