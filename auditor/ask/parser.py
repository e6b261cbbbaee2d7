"""What a reply in words says: yes, no, a number, or nothing. Unknown is never a vote."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from auditor.ask.base import Answer, AnswerState, Form
from auditor.ask.numerals import number_in
from auditor.ask.verdicts import (
    ITEM,
    after_labels,
    is_preamble,
    lines_of,
    refuses,
    unmarked,
    unsure,
    yes_no,
)
from auditor.ask.wording import MARKUP, cleaned, first_of

_FENCE = re.compile(r"```[a-zA-Z]*\s*(.*?)```", re.DOTALL)
_KEYS = ("answer", "response", "reply", "result", "verdict", "value", "antwort", "label")
_NUMBER_KEYS = ("question", "number", "index", "id", "q", "question_id", "no")
_ENUMERATED = re.compile(
    r"^[\s*_`#>•-]*(?:(?:q|a|question|answer|frage|antwort)[ .#]*(\d{1,3})|\(?(\d{1,3}))"
    r"(?:[.):\]]|\s*-\s)[\s*_`]*(?=\D|\d{1,9}\b|$)"
)
_NEGATIVE = re.compile(r"\s*-\d")
_INLINE = re.compile(r"(?:(?<=\s)|^)(\d{1,3})[.):]\s+")
_ONE_ANSWER = re.compile(r"(?:^|(?<=[\s?.]))a(?:nswer)?\s*[:.]\s*")


def parse(reply: str, form: Form) -> Answer:
    """The answer in a reply to one question."""
    text = cleaned(reply)
    value = _json_of(_json_text(reply.strip()))
    if value is not None:
        value = _only(value)
        text = cleaned(value) if isinstance(value, str) else text
    shown = reply.strip()
    if form == "open":
        return _open(text, value, shown)
    if form == "number":
        return _number(text, value, shown)
    if isinstance(value, bool):
        return Answer(state=AnswerState.ANSWERED, p_yes=float(value), text=shown)
    if refuses(text):
        return Answer(state=AnswerState.REFUSED, text=shown)
    verdict = None if isinstance(value, (dict, list, int, float)) else yes_no(text)
    if verdict is None:
        return Answer(state=AnswerState.UNKNOWN, text=shown)
    return Answer(state=AnswerState.ANSWERED, p_yes=float(verdict), text=shown)


def parse_many(reply: str, n: int, form: Form) -> list[Answer]:
    """The answers in one reply to n questions, each at its own question's place.

    An answer that is missing is unknown. Where answers bear no numbers and are not n, nothing says
    which one is missing, so all are unknown.
    """
    if n == 1:
        return [parse(reply, form)]
    text = cleaned(reply)
    value = _json_of(_json_text(reply.strip()))
    if value is not None:
        parts = _from_json(value, n)
    else:
        parts = _numbered(text, n) or _pairs(text, n)
        if parts is None and not refuses(text):
            parts = _lines(text, n, form)
    found = [parse((parts or {}).get(place, ""), form) for place in range(n)]
    if any(one.state is AnswerState.ANSWERED for one in found):
        return found
    state = AnswerState.REFUSED if refuses(text) else AnswerState.UNKNOWN
    return [Answer(state=state, text=reply.strip())] * n


def _open(text: str, value: Any, shown: str) -> Answer:
    said = value if isinstance(value, str) else text
    if refuses(text):
        return Answer(state=AnswerState.REFUSED, text=shown)
    if not said.strip(MARKUP + ".!?") or first_of(said.strip(MARKUP), unsure()):
        return Answer(state=AnswerState.UNKNOWN, text=shown)
    return Answer(state=AnswerState.ANSWERED, text=said if isinstance(value, str) else shown)


def _number(text: str, value: Any, shown: str) -> Answer:
    number = None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = int(value) if value == int(value) and 0 <= value < 10**9 else None
    elif refuses(text):
        return Answer(state=AnswerState.REFUSED, text=shown)
    elif not isinstance(value, (dict, list, bool)):
        number = _stated_number(text)
    state = AnswerState.UNKNOWN if number is None else AnswerState.ANSWERED
    return Answer(state=state, number=number, text=shown)


def _stated_number(text: str) -> int | None:
    marked = [unmarked(part) for part in after_labels(text)]
    if marked:
        return number_in(marked[-1])
    for line in lines_of(text):
        if _NEGATIVE.match(line):  # below zero, and no bullet, which has a space behind it
            return None
        bare = unmarked(line, item=False)
        item = ITEM.match(bare)
        inner = number_in(bare[item.end() :]) if item else None
        found = number_in(bare) if inner is None else inner
        if found is not None or not is_preamble(line):
            return found
    return None


def _from_json(value: Any, n: int) -> dict[int, str] | None:
    while isinstance(value, dict) and len(value) == 1 and n > 1:
        inner = next(iter(value.values()))
        if not isinstance(inner, (dict, list)):
            break
        value = inner
    if isinstance(value, dict):
        pairs = [(_place(key), entry) for key, entry in value.items()]
    elif isinstance(value, list) and value and all(_named_place(one) is not None for one in value):
        pairs = [(_named_place(one), one) for one in value]
    elif isinstance(value, list) and len(value) == n:
        pairs = list(enumerate(value, 1))
    else:
        return None
    if any(place is None for place, _ in pairs):
        return None
    return _placed([(place or 0, json.dumps(_only(entry))) for place, entry in pairs], n)


def _named_place(entry: Any) -> int | None:
    if not isinstance(entry, Mapping):
        return None
    places = (_place(entry[key]) for key in _NUMBER_KEYS if key in entry)
    return next((place for place in places if place is not None), None)


def _place(key: Any) -> int | None:
    match = re.fullmatch(r"(?:q|a|question|answer)?[\s_.#-]*(\d{1,3})", str(key).strip().casefold())
    return int(match.group(1)) if match and not isinstance(key, bool) else None


def _numbered(text: str, n: int) -> dict[int, str] | None:
    parts: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = _ENUMERATED.match(line)
        if match:
            parts.append((int(match.group(1) or match.group(2)), line[match.end() :]))
        elif parts:
            place, said = parts[-1]
            parts[-1] = (place, f"{said}\n{line}")
    if len(parts) == 1 and "\n" not in text.strip():
        places = list(_INLINE.finditer(text))
        ends = [match.start() for match in places[1:]] + [len(text)]
        parts = [
            (int(m.group(1)), text[m.end() : end].rstrip(" ,;"))
            for m, end in zip(places, ends, strict=True)
        ]
    return _placed(parts, n) if parts else None


def _placed(parts: Sequence[tuple[int, str]], n: int) -> dict[int, str] | None:
    """Texts by place, counted from 0. A place named twice with different words has none."""
    places = {place for place, _ in parts}
    first = 0 if places == set(range(n)) else 1
    if 0 in places and first:  # counted from 0, and not complete: no place is sure
        return {}
    found: dict[int, str] = {}
    for place, said in parts:
        index = place - first
        # "Q1: ...", "A1: ...": the question is no answer.
        if said.rstrip().endswith("?") and "\n" not in said.strip():
            continue
        found[index] = said if found.get(index, said).strip() == said.strip() else ""
    return found


def _pairs(text: str, n: int) -> dict[int, str] | None:
    """Answers that each follow an "A:"."""
    marks = list(_ONE_ANSWER.finditer(text))
    if not marks:
        return None
    ends = [match.start() for match in marks[1:]] + [len(text)]
    said = [text[m.end() : end] for m, end in zip(marks, ends, strict=True)]
    said = [re.split(r"(?:^|\s)(?:q|question)\s*\d*\s*:", one)[0] for one in said]
    return dict(enumerate(said)) if len(said) == n else {}


def _lines(text: str, n: int, form: Form) -> dict[int, str] | None:
    lines = list(lines_of(text))
    if len(lines) > n and is_preamble(lines[0]):
        lines = lines[1:]
    if len(lines) == n:
        return dict(enumerate(lines))
    if len(lines) == 1 and form != "open":
        parts = [part for part in re.split(r"[,;]\s*", lines[0].strip(" .[]")) if part]
        if len(parts) == n:
            return dict(enumerate(parts))
    return None


def _json_text(text: str) -> str:
    fenced = _FENCE.search(text)
    if fenced:
        return fenced.group(1).strip()
    starts = [place for place in (text.find("{"), text.find("[")) if place >= 0]
    return text[min(starts) :] if starts else text


def _json_of(text: str) -> Any | None:
    if text[:1] not in ("{", "[", '"'):
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return value


def _only(value: Any) -> Any:
    """The one answer in a structured reply; the structure itself where there is not one."""
    if isinstance(value, list) and len(value) == 1:
        return _only(value[0])
    if isinstance(value, dict):
        lower = {str(key).casefold(): one for key, one in value.items()}
        named = [lower[key] for key in _KEYS if key in lower]
        if not named and len(value) == 1:
            named = list(value.values())
        return _only(named[0]) if named else value
    return value
