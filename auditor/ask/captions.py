"""Questions about a caption: about the whole, and about each phrase, with what must not be so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from auditor.ask.base import Kind, Question
from auditor.ask.phrases import Phrase, Thing, phrases, tables

_PHRASES = 12
"""Phrases of a caption that are asked about."""
_HIGHEST = 12


def questions_of(caption: str) -> tuple[Question, ...]:
    """Questions by which a picture is held against its caption; `about` is the phrase asked about.

    The first ones are about the caption as a whole. The same caption gives the same questions. None
    for a caption without words.
    """
    said = " ".join(caption.split())
    if not any(letter.isalnum() for letter in said):
        return ()
    quoted = said.replace('"', "'").rstrip(".")
    whole = tables()["questions"]["whole"]
    found = [_question(said, text.format(caption=quoted)) for text in whole]
    for phrase in phrases(said)[:_PHRASES]:
        found += _of_phrase(phrase)
    each: dict[str, Question] = {}
    for one in found:
        each.setdefault(one.text, one)
    return tuple(each.values())


def _of_phrase(phrase: Phrase) -> Iterator[Question]:
    yield from _of_relation(phrase) if phrase.said else _of_thing(phrase.thing)


def _of_thing(thing: Thing) -> Iterator[Question]:
    asked: dict[str, Any] = tables()["questions"]
    about = thing.text
    for text in asked["several" if thing.is_plural else "one"]:
        yield _question(about, text.format(thing=shown(thing)))
    named = {"be": _be(thing), "bare": thing.bare}
    if thing.colour:
        yield _question(about, asked["colour"].format(**named, colour=thing.colour))
        other = tables()["other_colour"][thing.colour]
        yield _question(about, asked["colour"].format(**named, colour=other), "no")
    if thing.number is not None and 1 < thing.number <= _HIGHEST:
        counted = f"{thing.colour} {thing.bare}".strip()
        yield Question(
            about=about,
            text=asked["count"].format(bare=counted),
            expected=str(thing.number),
            kind=Kind.COUNT,
        )
        other = str(thing.number + 2)
        yield _question(about, asked["another_count"].format(number=other, bare=counted), "no")


def _of_relation(phrase: Phrase) -> Iterator[Question]:
    template = tables()["questions"]["place" if phrase.place else "relation"]
    named = {"be": _be(phrase.thing), "thing": shown(phrase.thing)}
    yield _question(phrase.text, template.format(**named, said=phrase.said))
    if phrase.place:
        other = re.sub(rf"\b{phrase.place}\b", tables()["places"][phrase.place], phrase.said)
        yield _question(phrase.text, template.format(**named, said=other), "no")


def shown(thing: Thing) -> str:
    """The phrase as it stands in "Is there … in the image?": with a for the, and no article twice."""
    lists = tables()
    words = thing.text.split()
    while words and words[0] in lists["definite"]:
        words.pop(0)
    rest = " ".join(words)
    had = len(words) < len(thing.text.split())
    if had and not thing.is_plural and thing.number is None:
        return f"{'an' if rest[:1] in 'aeiou' else 'a'} {rest}"
    return rest


def _be(thing: Thing) -> str:
    return "Are" if thing.is_plural else "Is"


def _question(about: str, text: str, expected: str = "yes") -> Question:
    kind = Kind.NEGATIVE if expected == "no" else Kind.SPECIFIC
    return Question(about=about, text=text, expected=expected, kind=kind)
