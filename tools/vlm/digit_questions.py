"""Questions about scenes of digits, and their true answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from vlm import wordings
from vlm.digit_scenes import Scenes

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

MAIN = (
    "Is the main digit in the image {a_name}?",
    "Is the large digit in the image {a_name}?",
    "Is the large digit in the picture {a_name}?",
    "Is the large digit {a_name}?",
    "Is the main digit {a_name}?",
    "Is the big digit {a_name}?",
    "Is the digit in the middle {a_name}?",
    "Is the largest number in the image {a_name}?",
    "Would most people read the main digit as {a_name}?",
    "Would you read the large digit as {a_name}?",
    "Does the image show {a_name} as its main digit?",
    "Does the image mainly show the digit {name}?",
    "Does the main digit look like {a_name}?",
    "Could the main digit be {a_name}?",
    "Is {name} the main digit in the image?",
)
SMALL = (
    "Is the small digit in the image {a_name}?",
    "Is there a small {name} at the side?",
    "Is the second digit {a_name}?",
    "Is the smaller digit {a_name}?",
)
TWO = (
    "Is there a second digit in the image?",
    "Is there more than one digit in the image?",
    "Are there two digits in the image?",
    "Does the image contain a second, small digit?",
    "Is there a small digit beside the large one?",
)
ALONE = ("Is there only one digit in the image?", "Does the image show a single digit?")
COUNT = (
    "How many digits are there?",
    "How many digits are in the image?",
    "How many digits can you see in the image?",
    "How many numbers does the image show?",
)
COUNT_OF = (
    "How many {name}s are in the image?",
    "How many times does the digit {name} appear in the image?",
    "How many digits {name} are there?",
)
WHICH = (
    "Which digit is it?",
    "Which digit is the large one?",
    "What is the main digit in the image?",
    "Which number is shown in the image?",
    "Which digit does the image show?",
    "What number is this?",
)
WHICH_SMALL = ("Which digit is the small one?", "What is the second digit?")
LIGHTER = (
    "Is the digit lighter than the background?",
    "Is the digit brighter than its background?",
    "Is the background darker than the digit?",
)
DARKER = (
    "Is the digit darker than the background?",
    "Is the background lighter than the digit?",
    "Is a dark digit drawn on a lighter background?",
)
TINTED = (
    "Is the background {tint}ish?",
    "Is the background rather {tint}?",
    "Does the image have a {tint} background?",
)
DARK = ("Is the background dark?", "Is the image dark in the background?")
BRIGHT = ("Is the background bright?", "Is the background light?")

# Question: the digits it is true of, and those it is false of; people write the rest both ways.
STROKES: dict[str, tuple[str, str]] = {
    "Does the digit have a closed loop?": ("0689", "1357"),
    "Does the main digit have a closed loop?": ("0689", "1357"),
    "Is any part of the digit a closed loop?": ("0689", "1357"),
    "Does the digit have two loops?": ("8", "1345679"),
    "Does the digit have two closed loops?": ("8", "13456790"),
    "Is it drawn with straight strokes only?": ("17", "0235689"),
    "Is the digit drawn with straight strokes only?": ("17", "0235689"),
    "Does the digit have curved strokes?": ("0235689", "17"),
    "Does the digit have a horizontal bar on top?": ("57", "014689"),
    "Is there a horizontal bar on top?": ("57", "014689"),
    "Does the digit have a loop at the bottom?": ("68", "1234579"),
    "Does the digit have a loop at the top?": ("89", "123567"),
    "Is the digit even?": ("02468", "13579"),
    "Is the digit an odd number?": ("13579", "02468"),
    "Is the digit greater than five?": ("6789", "012345"),
    "Is the number less than 5?": ("01234", "56789"),
}

Pair = tuple[str, str]
Maker = Callable[[Scenes, int, np.random.Generator], Pair | None]


def texts() -> Iterator[str]:
    """Everything that may be asked or answered, for the vocabulary."""
    yield from (*wordings.SHOWN, *wordings.LABELLED, *wordings.RATHER, *wordings.DESCRIBE)
    yield from (*MAIN, *SMALL, *TWO, *ALONE, *COUNT, *COUNT_OF, *WHICH, *WHICH_SMALL)
    yield from (*LIGHTER, *DARKER, *TINTED, *DARK, *BRIGHT, *STROKES)
    yield from (*wordings.YES_NO, *wordings.NUMBER, *wordings.OPEN, *WORDS)
    yield "digit number handwritten reddish greenish bluish a picture of the digit , and a small ."


def pair(
    scenes: Scenes, row: int, rng: np.random.Generator, weights: npt.NDArray[np.float64]
) -> Pair:
    """A question about scene `row` with its answer."""
    while True:
        made = _MAKERS[int(rng.choice(len(_MAKERS), p=weights))](scenes, row, rng)
        if made is not None:
            return made


def _named(code: int, rng: np.random.Generator) -> tuple[str, str]:
    """A digit's name, without and with its article."""
    plain = str(code) if rng.random() < 0.65 else WORDS[code]
    chance = rng.random()
    if chance < 0.6:
        return plain, wordings.with_article(plain)
    name = f"{('digit', 'digit', 'number', 'handwritten')[int(rng.integers(4))]} {plain}"
    return (name, f"the {name}") if chance < 0.8 else (name, f"a {name}")


def _asked(code: int, share: float, rng: np.random.Generator) -> int:
    """The true digit in that share of the questions, else another one."""
    return code if rng.random() < share else int((code + rng.integers(1, 10)) % 10)


def _yes_no(text: str, holds: bool, rng: np.random.Generator) -> Pair:
    asked = wordings.instructed(wordings.in_other_words(text, rng), wordings.YES_NO, rng)
    return asked, "yes" if holds else "no"


def _main(scenes: Scenes, row: int, rng: np.random.Generator) -> Pair:
    main = int(scenes.main[row])
    code = _asked(main, 0.4, rng)
    if scenes.second[row] >= 0 and rng.random() < 0.2:
        code = int(scenes.second[row])
    name, a_name = _named(code, rng)
    options = MAIN if rng.random() < 0.65 else wordings.LABELLED
    text = wordings.one_of(options, rng).format(name=name, a_name=a_name)
    return _yes_no(text, code == main, rng)


def _rather(scenes: Scenes, row: int, rng: np.random.Generator) -> Pair:
    main = int(scenes.main[row])
    code = _asked(main, 0.5, rng)
    against = (
        main if code != main and rng.random() < 0.6 else int((code + rng.integers(1, 10)) % 10)
    )
    name, a_name = _named(code, rng)
    other, a_other = _named(against, rng)
    text = wordings.one_of(wordings.RATHER, rng).format(
        name=name, a_name=a_name, other=other, a_other=a_other
    )
    return _yes_no(text, code == main, rng)


def _shown(scenes: Scenes, row: int, rng: np.random.Generator) -> Pair:
    there = {int(scenes.main[row]), int(scenes.second[row])} - {-1}
    code = _asked(int(rng.choice(sorted(there))), 0.45, rng)
    name, a_name = _named(code, rng)
    text = wordings.one_of(wordings.SHOWN, rng).format(name=name, a_name=a_name)
    return _yes_no(text, code in there, rng)


def _small(scenes: Scenes, row: int, rng: np.random.Generator) -> Pair:
    second = int(scenes.second[row])
    code = _asked(second if second >= 0 else int(scenes.main[row]), 0.5, rng)
    name, a_name = _named(code, rng)
    text = wordings.one_of(SMALL, rng).format(name=name, a_name=a_name)
    return _yes_no(text, code == second, rng)


def _two(scenes: Scenes, row: int, rng: np.random.Generator) -> Pair:
    has_two = bool(scenes.second[row] >= 0)
    alone = rng.random() < 0.25
    return _yes_no(wordings.one_of(ALONE if alone else TWO, rng), has_two != alone, rng)


def _count(scenes: Scenes, row: int, rng: np.random.Generator) -> Pair:
    there = [int(code) for code in (scenes.main[row], scenes.second[row]) if code >= 0]
    if rng.random() < 0.6:
        text, count = wordings.one_of(COUNT, rng), len(there)
    else:
        code = _asked(int(rng.choice(there)), 0.6, rng)
        text, count = wordings.one_of(COUNT_OF, rng).format(name=code), there.count(code)
    return _number(text, count, rng)


def _which(scenes: Scenes, row: int, rng: np.random.Generator) -> Pair:
    if scenes.second[row] >= 0 and rng.random() < 0.15:
        return _number(wordings.one_of(WHICH_SMALL, rng), int(scenes.second[row]), rng)
    return _number(wordings.one_of(WHICH, rng), int(scenes.main[row]), rng)


def _number(text: str, number: int, rng: np.random.Generator) -> Pair:
    asked = wordings.instructed(wordings.in_other_words(text, rng), wordings.NUMBER, rng)
    return asked, str(number)


def _describe(scenes: Scenes, row: int, rng: np.random.Generator) -> Pair:
    text = wordings.in_other_words(wordings.one_of(wordings.DESCRIBE, rng), rng)
    said = f"a picture of the digit {scenes.main[row]}"
    if scenes.second[row] >= 0:
        said += f" and a small {scenes.second[row]}"
    return wordings.instructed(text, wordings.OPEN, rng), f"{said} ."


def _lighter(scenes: Scenes, row: int, rng: np.random.Generator) -> Pair:
    darker = rng.random() < 0.5
    text = wordings.one_of(DARKER if darker else LIGHTER, rng)
    return _yes_no(text, bool(scenes.lighter[row]) != darker, rng)


def _tinted(scenes: Scenes, row: int, rng: np.random.Generator) -> Pair | None:
    colour = scenes.background[row]
    if rng.random() < 0.3:
        luma = float(colour.mean())
        if 100 < luma < 155:
            return None
        bright = rng.random() < 0.5
        text = wordings.one_of(BRIGHT if bright else DARK, rng)
        return _yes_no(text, (luma >= 155) == bright, rng)
    channel = int(colour.argmax()) if rng.random() < 0.45 else int(rng.integers(3))
    ahead = float(colour[channel] - np.delete(colour, channel).max())
    if -15 < ahead < 25:
        return None
    tint = ("red", "green", "blue")[channel]
    text = wordings.one_of(TINTED, rng).format(tint=tint).replace("redish", "reddish")
    return _yes_no(text, ahead > 0, rng)


def _strokes(scenes: Scenes, row: int, rng: np.random.Generator) -> Pair | None:
    text = wordings.one_of(tuple(STROKES), rng)
    true, false = STROKES[text]
    main = str(scenes.main[row])
    if main not in true + false:
        return None
    return _yes_no(text, main in true, rng)


_MAKERS: tuple[Maker, ...] = (
    _main, _rather, _shown, _small, _two, _count, _which, _describe, _lighter, _tinted, _strokes,
)  # fmt: skip
MOSTLY_MAIN = np.array([0.38, 0.05, 0.12, 0.05, 0.04, 0.05, 0.08, 0.06, 0.04, 0.05, 0.08])
"""Shares of the kinds of question: what a label is, before all else."""

BROADLY = np.array([0.18, 0.03, 0.20, 0.08, 0.04, 0.04, 0.05, 0.04, 0.12, 0.10, 0.12])

FINELY = np.array([0.14, 0.02, 0.26, 0.12, 0.03, 0.03, 0.04, 0.04, 0.16, 0.08, 0.08])
"""What is hard to see: the small digit, and which of two is the lighter."""
