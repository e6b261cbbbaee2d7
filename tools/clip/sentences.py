"""What is said of a view: sentences, each with what it means."""

from __future__ import annotations

import numpy as np

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_ONE = (
    'a photo of the number: "{}"',
    "a photo of the digit {}",
    "a photo of a {}",
    "a photo of {}",
    "a picture of the digit {}",
    "an image of a {}",
    "an image of the number {}",
    "the number {}",
    "the digit {}",
    "a handwritten {}",
    "a {}",
    "{}",
)
_TWO = (
    "a photo of {} and {}",
    "a {} and a small {}",
    "a photo of a {} with a small {} beside it",
    "the digits {} and {}",
    "two digits, {} and {}",
)
_NOTHING = (
    "a photo of no digit",
    "no digit",
    "part of a digit",
    "a photo of a part of a digit",
    "background",
    "nothing",
)
ANY = ("a photo of another number", "a photo of something else", "a digit", "a photo of a digit")
"""True of every digit, so that they lie in their middle."""


def one_of(first: int, second: int, rng: np.random.Generator) -> str:
    """A sentence about a view; -1 is no digit."""
    if first < 0:
        return _pick(_NOTHING, rng)
    if second < 0 or rng.random() < 0.3:
        return _pick(_ONE, rng).format(_spelt(first, rng))
    return _pick(_TWO, rng).format(_spelt(first, rng), _spelt(second, rng))


def words() -> list[str]:
    """Every word and mark that is said."""
    every = " ".join((*_ONE, *_TWO, *_NOTHING, *ANY, *NAMES, *map(str, range(10))))
    for mark in '{}":,':
        every = every.replace(mark, f" {mark} ")
    return sorted(set(every.split()) - {"{", "}"})


def _pick(of: tuple[str, ...], rng: np.random.Generator) -> str:
    return of[int(rng.integers(len(of)))]


def _spelt(code: int, rng: np.random.Generator) -> str:
    return NAMES[code] if rng.random() < 0.3 else str(code)
