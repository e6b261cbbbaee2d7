"""Questions about photographs of ten classes, and their true answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from vlm import wordings
from vlm.answering import Pair

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
NAMES: tuple[tuple[str, ...], ...] = (
    ("airplane", "plane", "aircraft"),
    ("automobile", "car"),
    ("bird",),
    ("cat", "kitten"),
    ("deer",),
    ("dog", "puppy"),
    ("frog", "toad"),
    ("horse",),
    ("ship", "boat"),
    ("truck", "lorry"),
)
_FIRST = 0.7
"""Share of questions with a class's usual name."""

_ANIMALS, _VEHICLES = (2, 3, 4, 5, 6, 7), (0, 1, 8, 9)

# Question: the classes it is true of. What is true of some of a class only is left out for it.
ATTRIBUTES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "Is the object in the image an animal?": (_ANIMALS, _VEHICLES),
    "Does the image show an animal?": (_ANIMALS, _VEHICLES),
    "Is there an animal in the image?": (_ANIMALS, _VEHICLES),
    "Is the object in the image a vehicle?": (_VEHICLES, _ANIMALS),
    "Does the image show a vehicle?": (_VEHICLES, _ANIMALS),
    "Is the object in the image made by people?": (_VEHICLES, _ANIMALS),
    "Is the main object alive?": (_ANIMALS, _VEHICLES),
    "Is the object in the image designed for flying in the air?": ((0,), (1, 3, 4, 5, 6, 7, 8, 9)),
    "Does the object in the image have wings?": ((0, 2), (1, 3, 4, 5, 6, 7, 8, 9)),
    "Can the object in the image fly?": ((0, 2), (1, 3, 4, 5, 6, 7, 8, 9)),
    "Is the object in the image designed for transportation on roads?": (
        (1, 9), (0, 2, 3, 4, 5, 6, 7, 8),
    ),
    "Does the object in the image typically have wheels?": ((1, 9), (2, 3, 4, 5, 6, 7, 8)),
    "Does the object in the image have wheels?": ((1, 9), (2, 3, 4, 5, 6, 7, 8)),
    "Does the object in the image have feathers?": ((2,), (0, 1, 3, 4, 5, 6, 7, 8, 9)),
    "Does the object in the image have a beak?": ((2,), (0, 1, 3, 4, 5, 6, 7, 8, 9)),
    "Is the object in the image belong to a type of cat?": ((3,), (0, 1, 2, 4, 5, 6, 7, 8, 9)),
    "Is the object in the image often kept as a pet?": ((3, 5), (0, 1, 4, 8, 9)),
    "Does the animal in the image have antlers?": ((4,), (0, 1, 2, 3, 5, 6, 7, 8, 9)),
    "Are the animals in the image mainly in forests or wooded areas?": (
        (4,), (0, 1, 3, 5, 7, 8, 9),
    ),
    "Does the animal in the image often make a 'barking' sound?": (
        (5,), (0, 1, 2, 3, 4, 6, 7, 8, 9),
    ),
    "Does the animal in the image grow from a tadpole?": ((6,), (0, 1, 2, 3, 4, 5, 7, 8, 9)),
    "Does the animal in the image commonly have hooves and manes?": (
        (7,), (0, 1, 2, 3, 5, 6, 8, 9),
    ),
    "Does the animal in the image have hooves?": ((4, 7), (0, 1, 2, 3, 5, 6, 8, 9)),
    "Is the object in the image typically used for transportation on water?": (
        (8,), (0, 1, 2, 3, 4, 5, 6, 7, 9),
    ),
    "Can the object in the image float on water?": ((8,), (0, 1, 3, 4, 5, 7, 9)),
    "Is the object in the image typically used for transport cargo on the road?": (
        (9,), (0, 2, 3, 4, 5, 6, 7, 8),
    ),
    "Does the animal in the image have fur?": ((3, 4, 5, 7), (0, 1, 2, 6, 8, 9)),
    "Does the animal in the image have four legs?": ((3, 4, 5, 6, 7), (0, 1, 2, 8, 9)),
    "Does the object in the image have an engine?": ((0, 1, 9), _ANIMALS),
}  # fmt: skip

WHICH = (
    "What is the main object in the image?",
    "Which class does this image belong to?",
    "What is the object in the image?",
)


def texts() -> Iterator[str]:
    """Everything that may be asked or answered, for the vocabulary."""
    yield from (*wordings.SHOWN, *wordings.LABELLED, *wordings.RATHER, *wordings.DESCRIBE)
    yield from (*wordings.YES_NO, *wordings.NUMBER, *wordings.OPEN, *ATTRIBUTES, *WHICH)
    for names in NAMES:
        yield " ".join((*names, *(f"{name}s" for name in names)))
    yield "a photo of an ."


def pair(code: int, rng: np.random.Generator) -> Pair:
    """A question about a picture of class `code` with its answer."""
    while True:
        made = _MAKERS[int(rng.choice(len(_MAKERS), p=_WEIGHTS))](code, rng)
        if made is not None:
            return made


def _named(code: int, rng: np.random.Generator) -> str:
    names = NAMES[code]
    return names[0] if rng.random() < _FIRST else wordings.one_of(names, rng)


def _other(code: int, rng: np.random.Generator) -> int:
    """Often one of the same kind: those are what labels are mistaken for."""
    alike = _ANIMALS if code in _ANIMALS else _VEHICLES
    if rng.random() < 0.3:
        return int(rng.choice([one for one in alike if one != code]))
    return int((code + rng.integers(1, 10)) % 10)


def _yes_no(text: str, holds: bool, rng: np.random.Generator) -> Pair:
    asked = wordings.instructed(wordings.in_other_words(text, rng), wordings.YES_NO, rng)
    return asked, "yes" if holds else "no"


def _shown(code: int, rng: np.random.Generator) -> Pair:
    asked = code if rng.random() < 0.4 else _other(code, rng)
    name = _named(asked, rng)
    options = wordings.SHOWN if rng.random() < 0.5 else wordings.LABELLED
    text = wordings.one_of(options, rng).format(name=name, a_name=wordings.with_article(name))
    return _yes_no(text, asked == code, rng)


def _rather(code: int, rng: np.random.Generator) -> Pair:
    asked = code if rng.random() < 0.5 else _other(code, rng)
    against = _other(asked, rng) if asked == code or rng.random() < 0.4 else code
    name, other = _named(asked, rng), _named(against, rng)
    text = wordings.one_of(wordings.RATHER, rng).format(
        a_name=wordings.with_article(name), a_other=wordings.with_article(other)
    )
    return _yes_no(text, asked == code, rng)


def _attribute(code: int, rng: np.random.Generator) -> Pair | None:
    text = wordings.one_of(tuple(ATTRIBUTES), rng)
    true, false = ATTRIBUTES[text]
    if code not in true + false or (code in false and rng.random() < 0.5):
        return None
    return _yes_no(text, code in true, rng)


def _describe(code: int, rng: np.random.Generator) -> Pair:
    options = wordings.DESCRIBE if rng.random() < 0.6 else WHICH
    text = wordings.in_other_words(wordings.one_of(options, rng), rng)
    answer = f"a photo of {wordings.with_article(NAMES[code][0])} ."
    return wordings.instructed(text, wordings.OPEN, rng), answer


_MAKERS: tuple[Callable[[int, np.random.Generator], Pair | None], ...] = (
    _shown, _rather, _attribute, _describe,
)  # fmt: skip
_WEIGHTS = np.array([0.55, 0.08, 0.27, 0.1])
