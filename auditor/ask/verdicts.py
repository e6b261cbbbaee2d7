"""Yes or no in words: the first word that counts, labelled answers, hedges and refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from auditor.ask.wording import MARKUP, cleaned, first_of, flat, tables

ITEM = re.compile(r"^(?:\(?\d{1,3}[.)]|\[\d{1,3}\]|\(?[b-z]\))\s+")
_CLAUSE = re.compile(r"[,;:.!?\n()]|\s-\s|\bbut\b|\baber\b")
_ENDING_NUMBER = re.compile(r"[\s\d]+$")
_NESTED = 8
"""Labels in a row, and labelled answers in a reply, that are looked at."""
_STEM = 400
"""Characters in which a refusal is looked for."""

Verdict = bool | None


def yes_no(text: str) -> Verdict:
    marked = {_leading(unmarked(part)) for part in after_labels(text)} - {None}
    leading = _first_line(text)
    said = marked if leading is None else marked | {leading}
    return said.pop() if len(said) == 1 else None


def _first_line(text: str) -> Verdict:
    for line in lines_of(text):
        bare = unmarked(line)
        verdict = _leading(bare)
        if verdict is not None:
            return verdict
        asked, _, rest = bare.rpartition("?")
        if asked:
            if rest.strip(MARKUP):
                return _leading(unmarked(rest))
            continue
        if not is_preamble(line):
            return None
    return None


def _leading(text: str) -> Verdict:
    """What the text's first word says, after words of no weight."""
    while True:
        text = text.lstrip(MARKUP + ",:.!")
        if first_of(text, unsure()):
            return None
        verdict, rest = _word(text)
        if verdict is not None:
            return None if _taken_back(verdict, rest) else verdict
        before = first_of(text, _before())
        if before is None:
            return None
        text = text[len(before) :]


def _word(text: str) -> tuple[Verdict, str]:
    clause = _CLAUSE.split(text, maxsplit=1)[0].strip(MARKUP + "]})")
    if text.replace(".", "").strip(MARKUP) in _alone(True) or clause in _alone(True):
        return True, text[len(clause) :]
    if clause in _alone(False):
        return False, text[len(clause) :]
    for verdict, words in ((True, _yes()), (False, _no())):
        word = first_of(text, words)
        if word is not None:
            return verdict, text[len(word) :]
    return None, text


def _taken_back(verdict: bool, rest: str) -> bool:
    """Whether what follows the word makes it no answer: "yes and no", "no idea", "no. 5"."""
    follows = rest.lstrip(MARKUP + ",.!;:/\\")
    if re.match(r"\.?\s*#?\d", rest) and not verdict:
        return True
    joined = rest.lstrip("*_`\"' ")
    if re.match(r"(?:/|\\|or\b|and\b|und\b|oder\b|et\b|ou\b|y\b|o\b|e\b)", joined) and (
        first_of(re.sub(r"^(?:/|\\|\w+\s)\s*", "", joined), _no() if verdict else _yes())
    ):
        return True
    if first_of(follows, unsure()):
        return True
    same_clause = rest.startswith(" ") and not verdict
    if same_clause and first_of(rest.lstrip(), tables()["no_before"]["words"]):
        return True
    opposite = _no() if verdict else _yes()
    return any(part.strip(MARKUP) in opposite for part in _CLAUSE.split(rest))


def lines_of(text: str) -> Iterator[str]:
    """Lines that may answer: no blank ones, and no questions said again."""
    asked = tables()["around"]["questions"]
    for line in text.splitlines():
        bare = line.strip(MARKUP + ".!,:")
        head, colon, _ = line.partition(":")
        if bare and not (colon and head.strip(MARKUP + "0123456789.) ") in asked):
            yield line


def unmarked(line: str, *, item: bool = True) -> str:
    """The line without bullets, emphasis, its number, and labels such as "a:"."""
    bare = re.sub(r"\s+:", ":", line.strip()).lstrip(MARKUP)
    for _ in range(_NESTED):
        if item:
            bare = ITEM.sub("", bare).lstrip(MARKUP)
        head, colon, rest = bare.partition(":")
        if not colon or _ENDING_NUMBER.sub("", head.strip(MARKUP)) not in ("a", *_labels()):
            break
        bare = rest.lstrip(MARKUP)
    return bare


def after_labels(text: str) -> list[str]:
    """What follows each "answer:", "final answer is", "question? a:" of the text."""
    ends = [match.end() for match in _labelled().finditer(text)][-_NESTED:]
    return [text[end : end + _STEM].split("\n\n")[0].strip() for end in ends]


def is_preamble(line: str) -> bool:
    bare = line.strip(MARKUP)
    if first_of(bare, tables()["around"]["preamble"]):
        return True
    return bare.endswith(":")


def refuses(text: str) -> bool:
    return _refusal().search(text[:_STEM]) is not None


@cache
def _yes() -> tuple[str, ...]:
    return flat(tables()["yes"])


@cache
def _no() -> tuple[str, ...]:
    return flat(tables()["no"])


@cache
def _alone(verdict: bool) -> frozenset[str]:
    return frozenset(tables()["alone"]["yes" if verdict else "no"])


@cache
def unsure() -> tuple[str, ...]:
    return tuple(cleaned(phrase) for phrase in tables()["unsure"]["phrases"])


@cache
def _before() -> tuple[str, ...]:
    return tuple(cleaned(phrase) for phrase in tables()["around"]["before"])


@cache
def _labels() -> tuple[str, ...]:
    return tuple(cleaned(label) for label in tables()["around"]["labels"])


@cache
def _labelled() -> re.Pattern[str]:
    labels = "|".join(re.escape(label) for label in sorted(_labels(), key=len, reverse=True))
    return re.compile(
        rf"(?<![^\W\d_])(?:{labels})[*_`\s]*(?::|=|\bis\b:?)[*_`\s\"']*|\\boxed\{{|\?\s*a:\s*"
    )


@cache
def _refusal() -> re.Pattern[str]:
    return re.compile("|".join(cleaned(one) for one in tables()["refusal"]["patterns"]))
