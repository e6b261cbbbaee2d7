"""What models are asked, in many wordings, and the words of both models' vocabulary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

PLACES = ("image", "picture", "photo", "scene", "photograph")

SHOWN = (
    "Is there {a_name} in the image?",
    "Is there {a_name} in this image?",
    "Does the image contain {a_name}?",
    "Does this image contain {a_name}?",
    "Does the image show {a_name}?",
    "Does the image include {a_name}?",
    "Can you see {a_name} in the image?",
    "Do you see {a_name} in the image?",
    "Is {a_name} visible in the image?",
    "Is {a_name} present in the image?",
    "Is any {name} visible in the image?",
    "Can {a_name} be seen anywhere in the image?",
    "Does {a_name} appear in the image?",
)
"""Of anything in the picture."""

LABELLED = (
    "Is this an image of {a_name}?",
    "Is it an image of {a_name}?",
    "Is this {a_name}?",
    "Is it {a_name}?",
    "Would you label this image as {name}?",
    "Would you label this image as {a_name}?",
    "Would most people label this image as {a_name}?",
    "Would most people label this image as {name}?",
    "Is {name} the right label for this image?",
    "Is the label {name} correct for this image?",
    "Should this image be labelled {name}?",
    "Is the image best described as {a_name}?",
    "Is the main object in the image {a_name}?",
    "Is the main object {a_name}?",
    "Is the main subject of the image {a_name}?",
    "Does the image mainly show {a_name}?",
    "Is the object in the image {a_name}?",
    "Is the object in the image a kind of {name}?",
    "Is what the image shows {a_name}?",
    "Is the class of this image {name}?",
)
"""Of what the picture is of."""

RATHER = (
    "Is the image showing {a_name} rather than {a_other}?",
    "Is this {a_name} rather than {a_other}?",
    "Is this {a_name} and not {a_other}?",
    "Does the image show {a_name} rather than {a_other}?",
    "Is the main object {a_name} instead of {a_other}?",
)

DESCRIBE = (
    "Describe the image.",
    "Describe the image briefly.",
    "Describe the image in detail.",
    "Please describe this image.",
    "What is shown in the image?",
    "What does the image show?",
    "What is in the image?",
    "What can you see in the image?",
    "What is this?",
    "Summarize the image in a few words.",
    "Give a short caption of the image.",
)

YES_NO = (
    "Answer Yes or No only.",
    "Answer yes or no.",
    "Please answer yes or no.",
    "Answer with yes or no only.",
    "Answer with one word.",
    "Reply with yes or no.",
)
NUMBER = (
    "Answer with a number in digits only.",
    "Answer with a number.",
    "Answer with one digit.",
    "Reply with a number only.",
)
OPEN = ("Answer in one short sentence.", "Answer briefly.", "Use one sentence.")

_GENERAL_WORDS = """
a an the this that these those it its is are was be been do does did has have had can could would
should will may might must and or not no yes of in on at to for from with without by as than then
there here what which who whose where when how many much any some all none most more less few
several one two three four five six seven eight nine ten zero large small big little main only
first second single other another same different left right top bottom middle centre center
corner side above below near next front behind background foreground image picture photo
photograph scene object thing subject animal vehicle digit number figure numeral label class kind
type sort color colour red green blue yellow orange purple white black gray grey brown bright dark
light lighter darker round straight curved long short tall thin thick open closed please answer
say tell only sentence word words if true false correct wrong shown show shows showing see seen
look looks like visible appear appears contain contains include includes made usually typically
often commonly mainly instead rather describe caption
"""


def with_article(words: str) -> str:
    an = (words[:1].lower() in "aeiou" and words != "one") or words in {"8", "11", "18"}
    return f"{'an' if an else 'a'} {words}"


def words_of(texts: Iterable[str]) -> list[str]:
    """Every word, lower case, each once in order: as the tokenizer cuts them."""
    every = re.findall(r"\d+|[^\W\d_]+|[^\w\s]", " ".join([*texts, _GENERAL_WORDS]).lower())
    numerals = [str(number) for number in range(21)]
    return sorted({*every, *numerals, *".,?!'\"-:;()"})


def one_of(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def in_other_words(text: str, rng: np.random.Generator) -> str:
    """The question about an image, a picture, a photo ..., with or without its final mark."""
    if rng.random() < 0.4:
        text = re.sub(r"\bimage\b", one_of(PLACES, rng), text)
        text = re.sub(r"\ban (?=picture|photo|scene)", "a ", text)
    return text.rstrip("?") if rng.random() < 0.05 else text


def instructed(text: str, orders: Sequence[str], rng: np.random.Generator) -> str:
    """Mostly with the order the auditor gives, else with another one or none."""
    chance = rng.random()
    if chance < 0.2:
        return text
    return f"{text}\n{orders[0] if chance < 0.7 else one_of(orders, rng)}"
