"""Numbers in replies, in digits or in words of several languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from auditor.ask.wording import begins, cleaned, tables

_DIGITS = re.compile(r"(?<![\w.,/-])(\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.0+)?(?![\d/]|[.,]\d|%|°)(\w?)")
_RANGE = re.compile(r"\d\s*[-~]\s*\d")
_WORD = re.compile(r"[^\W\d_]+(?:[^\W\d_]|[\u0900-\u097f\u064b-\u065f])*(?:-[^\W\d_]+)?")
_SENTENCE = re.compile(r"(?<!\d)[.!?\n](?=\s|$)|\.\s|\n")
_LATIN = re.compile(r"[a-zà-ɏа-я_]")


def number_in(clause: str) -> int | None:
    """The one number a cleaned reply states; None for none, for several, and for a range."""
    for sentence in _SENTENCE.split(clause):
        if sentence and sentence.strip(" *_`\"'()-:"):
            return _in_sentence(sentence.strip(" *_`\"'():"))
    return None


def _in_sentence(sentence: str) -> int | None:
    lone = _alone().get(sentence)
    if lone is not None:
        return lone
    if _RANGE.search(sentence) or sentence.startswith("-"):
        return None
    padded = f" {' '.join(_WORD.findall(sentence))} "
    if any(f" {word} " in padded for word in tables()["counting"]["vague"]):
        return None
    found = set(_digits(sentence)) | set(_words(sentence))
    if found:
        return found.pop() if len(found) == 1 else None
    return 0 if _says_none(sentence) else None


def _digits(sentence: str) -> Iterator[int]:
    for match in _DIGITS.finditer(sentence):
        after = match.group(2)
        if not (after and _LATIN.match(after)):  # "3d", "2nd"
            yield int(match.group(1).replace(",", ""))


def _words(sentence: str) -> Iterator[int]:
    words = _WORD.findall(sentence)
    excluded = set(tables()["counting"]["not_before_one"])
    for place, word in enumerate(words):
        value = _value(word)
        before, after = words[place - 1 : place], words[place + 1 : place + 2]
        pronoun = word == "one" and (bool(excluded.intersection(before)) or after == ["of"])
        if value is not None and not pronoun:
            yield value


def _value(word: str) -> int | None:
    known = _named()
    if word in known:
        return known[word]
    tens, _, unit = word.partition("-")
    if tens in known and known[tens] >= 20 and 1 <= known.get(unit, 0) <= 9:
        return known[tens] + known[unit]
    counters = tables()["counting"]["classifiers"]
    if word[:1] in known and word[1:2] and word[1] in counters:
        return known[word[0]]
    return None


def _says_none(sentence: str) -> bool:
    counting, no_before = tables()["counting"]["none"], tables()["no_before"]["words"]
    start = re.sub(r"^(?:there (?:are|is)|i (?:can )?see|i count) ", "", sentence)
    for word in counting:
        if begins(start, word):
            rest = start[len(word) :].lstrip(" ,")
            return not any(begins(rest, other) for other in no_before)
    return False


@cache
def _named() -> dict[str, int]:
    counting = tables()["counting"]
    known = {
        cleaned(word): value
        for row in tables()["numbers"].values()
        for value, word in enumerate(row)
        if word
    }
    for word in counting["alone"]:
        known.pop(cleaned(word), None)
    return known | {word: 20 + 10 * i for i, word in enumerate(counting["tens"])}


@cache
def _alone() -> dict[str, int]:
    counting = tables()["counting"]
    return {cleaned(w): v for w, v in zip(counting["alone"], counting["alone_values"], strict=True)}
