"""A caption taken apart into phrases that can each be asked about: by rules and tables of words.

No grammar is known here. What the rules do not see stays unasked; the caption is asked about as a
whole beside its phrases.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_LONGEST = 2000
"""Characters of a caption that are read."""
_WORD = re.compile(r"[^\W_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}-][^\W_]+)*|[,.;:!?()\"]")
_CLOSE_UP = re.compile(r"\bclose[ -]up\b")
_PARTICIPLE = re.compile(r"\w{3,}ing")


@dataclass(frozen=True, slots=True)
class Thing:
    """A noun phrase: "three small brown dogs"."""

    text: str
    """As it stands, in lower case."""
    determiner: str
    """"", or its article or the like."""
    number: int | None
    colour: str
    words: tuple[str, ...]
    """The rest: "small", "dogs"."""

    @property
    def bare(self) -> str:
        """Without determiner, number and colour: "small dogs"."""
        return " ".join(self.words)

    @property
    def head(self) -> str:
        """The noun that the verb follows: of a group of people it is the group."""
        place = self.words.index("of") if "of" in self.words[1:] else len(self.words)
        return self.words[place - 1]

    @property
    def place(self) -> str:
        """The place in the picture that it is: "left", of "the left side"; "" for a thing."""
        lists = tables()
        named = next((word for word in self.words if word in lists["places"]), "")
        return named if self.words[-1] in (*lists["places"], *lists["place_ends"]) else ""

    @property
    def is_shown(self) -> bool:
        """Whether it is a thing in the picture, not the picture, a place of it, or a colour."""
        last, lists = self.words[-1], tables()
        return not self.place and last not in lists["pictures"] and last not in lists["colours"]

    @property
    def is_plural(self) -> bool:
        if self.number is not None:
            return self.number != 1
        last, lists = self.head, tables()
        if last in lists["plurals"]:
            return True
        return last.endswith("s") and not last.endswith("ss") and last not in lists["singulars"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A thing, and what is said of it, if anything: a dog · sitting on a sofa."""

    thing: Thing
    said: str = ""
    place: str = ""
    """The place in the picture that `said` names: left, top, background …"""

    @property
    def text(self) -> str:
        return f"{self.thing.text} {self.said}".strip()


@cache
def tables() -> Mapping[str, Any]:
    """The tables of words and questions, as in the file of resources."""
    text = files("resources").joinpath("questions/captions.toml").read_text("utf-8")
    found: Mapping[str, Any] = tomllib.loads(text)["en"]
    return found


def phrases(caption: str) -> tuple[Phrase, ...]:
    """Every thing of the caption, then what is said of things, each once."""
    things: list[Phrase] = []
    said: list[Phrase] = []
    for clause in _clauses(caption):
        parts = list(_parts(clause))
        things += [Phrase(part) for part in parts if isinstance(part, Thing) and part.is_shown]
        said += _predicates(parts)
    return tuple(dict.fromkeys([*things, *said]))


def _clauses(caption: str) -> Iterator[list[str]]:
    """Words between marks."""
    clause: list[str] = []
    text = _CLOSE_UP.sub("closeup", caption[:_LONGEST].casefold())
    for word in _WORD.findall(text):
        if word[0].isalnum():
            clause.append(word)
        elif clause:
            yield clause
            clause = []
    if clause:
        yield clause


def _parts(words: Sequence[str]) -> Iterator[Thing | str]:
    """Things, and between them relations, participles, and "" for all that ends what was said."""
    run: list[str] = []
    at = 0
    while at < len(words):
        taken, mark = _mark(words, at, run)
        if mark is None:
            run.append(words[at])
        else:
            if thing := _thing(run):
                yield thing
            run = [words[at]] if mark == "start" else []
            if mark != "start":
                yield mark
        at += taken
    if thing := _thing(run):
        yield thing


def _mark(words: Sequence[str], at: int, run: Sequence[str]) -> tuple[int, str | None]:
    """How many words the mark has, and the mark; None for a word of a thing, "start" for a new one."""
    lists = tables()
    for phrase in lists["relations"]:
        parts = phrase.split()
        if list(words[at : at + len(parts)]) == parts:
            return len(parts), phrase
    word = words[at]
    if word == "of":
        return (1, "") if not run or _is_picture(run) else (1, None)
    if word in lists["breaks"]:
        return 1, ""
    if _PARTICIPLE.fullmatch(word) and word not in lists["things_in_ing"]:
        return 1, word
    begins = word in lists["indefinite"] or word in lists["definite"]
    if begins and run and run[-1] != "of" and run[-1] not in lists["indefinite"]:
        return 1, "start"
    return 1, None


def _thing(run: Sequence[str]) -> Thing | None:
    lists, words = tables(), list(run)
    determiner = ""
    while words and words[0] in (*lists["indefinite"], *lists["definite"]):
        determiner = f"{determiner} {words.pop(0)}".strip()
    number = _number(words[0]) if len(words) > 1 else None
    if number is not None:
        words.pop(0)
    colour = next((w for w in words[:-1] if w in lists["colours"]), "")
    rest = tuple(w for w in words if w != colour) if colour else tuple(words)
    if not rest or rest[-1] == "of":
        return None
    return Thing(" ".join(run), determiner, number, colour, rest)


def _number(word: str) -> int | None:
    if word.isdecimal() and len(word) < 4:
        return int(word)
    numbers: list[str] = tables()["numbers"]
    return numbers.index(word) if word in numbers else None


def _is_picture(run: Sequence[str]) -> bool:
    return run[-1] in tables()["pictures"]


def _predicates(parts: Sequence[Thing | str]) -> Iterator[Phrase]:
    """Thing, participle and relation, thing: "a dog", "sitting", "on", "a sofa"."""
    subject: Thing | None = None
    owner: Thing | None = None
    between: list[str] = []
    for part in [*parts, ""]:
        if isinstance(part, str) and part:
            between.append(part)
            continue
        if between and owner is not None and _PARTICIPLE.fullmatch(between[0]):
            subject = owner
        if subject is not None and between and _may_be_said(part, between):
            yield _said(subject, between, part)
        owner = subject if between and between[0] in tables()["belongings"] else None
        between = []
        if isinstance(part, Thing) and part.is_shown:
            subject = part


def _said(subject: Thing, between: Sequence[str], part: Thing | str) -> Phrase:
    words = list(between)
    if isinstance(part, str):
        return Phrase(subject, " ".join(words))
    return Phrase(subject, " ".join([*words, part.text]), part.place)


def _may_be_said(part: Thing | str, between: Sequence[str]) -> bool:
    """A relation needs a thing after it; a participle may stand alone."""
    if isinstance(part, Thing):
        return part.is_shown or bool(part.place) or part.words[-1] in tables()["colours"]
    last = between[-1]
    return bool(_PARTICIPLE.fullmatch(last)) and last not in tables()["relations"]
