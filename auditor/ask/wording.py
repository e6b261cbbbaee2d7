"""Replies made comparable: one spelling, words of every script, and the tables of known words."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

_LONGEST = 20_000
"""Characters of a reply that are read."""
MARKUP = " \t*_`\"'#>~•·‣-+|([{«»「」『』¿¡"
"""What may stand around words without being said."""
_SPELLINGS = str.maketrans(
    {
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MINUS SIGN}": "-",
        "\N{FRACTION SLASH}": "/",
        "\N{ARABIC COMMA}": ",",
        "\N{IDEOGRAPHIC COMMA}": ",",
        "\N{IDEOGRAPHIC FULL STOP}": ".",
        "\N{DEVANAGARI DANDA}": ".",
    }
)
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[|a-z_][^<>\n]{0,40}>")


@cache
def tables() -> dict[str, Any]:
    """The tables of words in replies, as they are in the file of resources."""
    return tomllib.loads(files("resources").joinpath("questions/replies.toml").read_text("utf-8"))


def cleaned(reply: str) -> str:
    """The reply casefolded, in compatibility form, without tags and thoughts spoken aloud."""
    text = unicodedata.normalize("NFKC", reply[:_LONGEST]).translate(_SPELLINGS).casefold()
    return _TAG.sub("\n", _THOUGHT.sub("", text)).strip()


def is_letter(character: str) -> bool:
    """Whether it is part of a word; in Indic scripts and in Arabic words are not letters alone."""
    return unicodedata.category(character)[0] in "LM"


def begins(text: str, word: str) -> bool:
    """Whether the text's first word, or words, are these: never a part of a longer word."""
    if not text.startswith(word):
        return False
    rest = text[len(word) : len(word) + 2]
    if not rest:
        return True
    joined = rest[0] in "-'_" and len(rest) > 1 and is_letter(rest[1])
    return not (is_letter(rest[0]) or rest[0].isdigit() or joined)


def first_of(text: str, words: Iterable[str]) -> str | None:
    """The longest of the words that the text begins with."""
    return max((word for word in words if begins(text, word)), key=len, default=None)


def flat(table: dict[str, list[str]]) -> tuple[str, ...]:
    """Every word of every language, spelled as `cleaned` spells."""
    return tuple(dict.fromkeys(cleaned(word) for row in table.values() for word in row if word))
