"""What is asked about a picture, what is answered, and who can answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""A picture as shown: (height, width, 3) RGB."""
Form = Literal["yes_no", "number", "open"]
Source = Literal["template", "llm", "human", "imported"]


class Kind(StrEnum):
    """What a question is for."""

    GENERAL = "general"
    """Asks for a description; the label should be in it."""
    SPECIFIC = "specific"
    """About what a picture of the class shows; mostly expected: yes."""
    NEGATIVE = "negative"
    """About what it must not show, expected: no. A model that says yes to all fails it."""
    COUNT = "count"
    """Asks for a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of the bank, asked about every picture that bears, or may bear, the class."""

    about: str
    """The class, or the phrase of a caption."""
    text: str
    expected: str
    """"yes", "no", a number in digits, or for a general question the class's name."""
    kind: Kind
    source: Source = "template"
    enabled: bool = True
    locked: bool = False
    """Generating questions again leaves it as it is."""

    @property
    def form(self) -> Form:
        if self.kind is Kind.GENERAL:
            return "open"
        return "number" if self.kind is Kind.COUNT else "yes_no"

    @property
    def prompt(self) -> Prompt:
        return Prompt(self.text, self.form)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What an answerer sees of a question: never which answer is expected."""

    text: str
    form: Form

    @property
    def key(self) -> str:
        """Names the prompt in the cache of answers."""
        return hashlib.sha256(f"{self.form}\0{self.text}".encode()).hexdigest()[:32]


class AnswerState(StrEnum):
    ANSWERED = "answered"
    UNKNOWN = "unknown"
    """The reply says neither yes nor no, or no number. Never a vote."""
    REFUSED = "refused"
    """The model will not answer. Never a vote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it came; what it says of a label depends on the question it answers."""

    state: AnswerState
    p_yes: float | None = None
    """Probability of yes, in [0, 1], to a yes/no question."""
    number: int | None = None
    text: str | None = None
    """The reply in words, where there are any."""
    seconds: float = 0.0


Keep = Callable[[int, int, Answer], None]
"""Takes the answer to prompt j of picture i, the moment it is there. Raises nothing."""
Report = Callable[[int, int], None]
"""Told (prompts answered, prompts in all); raises Cancelled to stop the work."""


class AnswererError(RuntimeError):
    """Who should answer cannot. Says why, and the way on."""


class Answerer(Protocol):
    """Somebody who looks at pictures and answers questions about them."""

    @property
    def id(self) -> str:
        """The canonical id, as written by the user."""

    @property
    def fingerprint(self) -> str:
        """Hash of all that decides its answers: weights, preprocessing, prompts, number type."""

    @property
    def forms(self) -> frozenset[Form]:
        """The forms of question it can answer."""

    def answer(
        self,
        pictures: Sequence[Pixels],
        prompts: Sequence[Sequence[Prompt]],
        keep: Keep,
        report: Report,
    ) -> None:
        """Answer the prompts of each picture, in any order; `keep` gets each exactly once.

        Both callables are called on the calling thread. Where `report` raises, what is already
        under way is waited for and kept before the exception goes on. A prompt that could not be
        asked at all (a server that is gone) is not kept: AnswererError says why, after all else.
        """
