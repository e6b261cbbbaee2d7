"""Questions about a class, written by the user's language model, once per class."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from auditor.ask.base import AnswererError, Kind, Question

_TOKENS_EACH = 60
_FENCE = re.compile(r"```[a-zA-Z]*\s*(.*?)```", re.DOTALL)
# A list's own mark at the beginning of a line: "1.", "2)", "-", "*", "Q3:".
_ITEM = re.compile(
    r"^\s*(?:[-*•]+|\(?\d{1,2}[.):]|Q(?:uestion)?\s*\d{0,2}\s*[.:])\s*", re.IGNORECASE
)
_EXPECTED = re.compile(
    r"[\s*_(\[|\u2013\u2014:\"'-]*(?:(?:expected|correct)?\s*(?:answer)?\s*(?:is)?\s*[:=]?\s*)"
    r"[\s*_\"']*(yes|no)\b[\s*_\"'.)\]]*$",
    re.IGNORECASE,
)


class Speaker(Protocol):
    """A server that also replies to a text without a picture."""

    def say(self, text: str, tokens: int) -> str: ...


def request(class_name: str, n: int) -> str:
    """What the model is asked for."""
    return (
        f"I check whether pictures really show the class {json.dumps(class_name)}. Write {n} "
        "short questions about a picture, each to be answered by yes or no by somebody who sees "
        "only the picture. Together they must tell this class from others: ask for what is "
        "visible, such as parts, shape, colour, surroundings and use. To all but one the answer "
        f"is yes when the picture shows {class_name}. To exactly one the answer is no: it asks "
        f"for something that a picture of another, similar class would show.\n"
        'Reply with a JSON list only: [{"question": "...", "expected": "yes"}, ...]'
    )


def ask_for_questions(server: Speaker, class_name: str, n: int = 6) -> tuple[Question, ...]:
    """At most n questions about the class, the wanted answer of each known.

    Raises AnswererError where the server gives none, or no reply that holds a question.
    """
    reply = server.say(request(class_name, n), _TOKENS_EACH * n + 100)
    questions = read_questions(reply, class_name)[:n]
    if not questions:
        shown = " ".join(reply.split())[:120] or "nothing"
        raise AnswererError(
            f"The reply about {class_name!r} holds no yes/no question; it said: {shown}. "
            "Try again or another model, or write the questions yourself."
        )
    return questions


def read_questions(reply: str, class_name: str) -> tuple[Question, ...]:
    """The questions in a reply: JSON, or lines with or without numbers, bullets and a preamble.

    A question without a stated answer is expected to be answered by yes. No question twice.
    """
    found: dict[str, Question] = {}
    for text, expected in _from_json(reply) or _from_lines(reply):
        text = " ".join(text.split())
        if len(text) > 2:
            kind = Kind.NEGATIVE if expected == "no" else Kind.SPECIFIC
            found.setdefault(
                text.casefold(),
                Question(about=class_name, text=text, expected=expected, kind=kind, source="llm"),
            )
    return tuple(found.values())


def _from_json(reply: str) -> list[tuple[str, str]]:
    """Pairs of question and answer; empty where the reply holds no JSON of a known shape."""
    fenced = _FENCE.search(reply)
    for text in (fenced.group(1) if fenced else "", reply):
        pairs = [pair for value in _values(text) for pair in _pairs(value)]
        if pairs:
            return pairs
    return []


def _values(text: str) -> Iterator[Any]:
    """Every JSON list or object in the text, one after the other."""
    decoder = json.JSONDecoder()
    place = 0
    while (start := min((i for c in "[{" if (i := text.find(c, place)) >= 0), default=-1)) >= 0:
        try:
            value, place = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            place = start + 1  # a bracket of the prose, or a list that was cut off
            continue
        yield value


def _pairs(value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case {"question": str() as text, **rest}:
            stated = next(
                (rest[k] for k in ("expected", "expected_answer", "answer") if k in rest), ""
            )
            yield text, _verdict(stated)
        case dict():
            for inner in value.values():
                if isinstance(inner, (list, dict)):
                    yield from _pairs(inner)
        case list():
            for inner in value:
                if isinstance(inner, str) and inner.strip().endswith("?"):
                    yield inner, "yes"
                else:
                    yield from _pairs(inner)


def _verdict(stated: Any) -> str:
    if isinstance(stated, bool):
        return "yes" if stated else "no"
    return "no" if re.match(r"\s*(?:no|false)\b", str(stated), re.IGNORECASE) else "yes"


def _from_lines(reply: str) -> list[tuple[str, str]]:
    """Questions at most one a line; an answer follows its question, or stands on the next line."""
    found: list[tuple[str, str]] = []
    for line in reply.splitlines():
        text = _ITEM.sub("", line).strip().strip("*_").strip()
        head, mark, tail = text.rpartition("?")
        if mark and not _is_preamble(head):
            stated = _EXPECTED.fullmatch(tail)
            found.append((head.strip("\"'*_ ") + "?", stated.group(1).lower() if stated else "yes"))
        elif found and (stated := _EXPECTED.fullmatch(re.sub(r"^A\s*[:.]", "", text))):
            found[-1] = (found[-1][0], stated.group(1).lower())
    return found


def _is_preamble(head: str) -> bool:
    """A line such as "Sure! Shall I write more" asks the user, not about a picture."""
    return bool(
        re.match(r"(?:sure|of course|certainly|would you|shall i|do you want|let me)\b", head, re.I)
    )


__all__: Sequence[str] = ("Speaker", "ask_for_questions", "read_questions", "request")
