"""Filters as text: what the pickers read from one, and how they write into it.

The text is the truth. Pickers understand plain conditions joined by `and`; whatever else somebody
typed stays as it is. Reading it in earnest is the engine's work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.session import browsing

Value = str | float | bool

_PIECE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[()]|[^\W\d][\w.]*|\s+|.", re.DOTALL)
_TERM = re.compile(
    r"""(?P<column>[^\W\d][\w.]*|"(?:[^"]|"")*")\s*
    (?P<sign>==|=|>=|<=|in\b|is\s+null|contains\b|)\s*(?P<rest>.*)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_COMPARED = re.compile(
    r"""(?P<column>[^\W\d][\w.]*|"(?:[^"]|"")*")\s*
    (?P<sign>==|=|>=|<=|>|<|in\b|is\s+null)\s*(?P<rest>.*)""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_VALUE = re.compile(
    r"\s*(?:'(?P<text>(?:[^']|'')*)'|(?P<number>-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)"
    r"|(?P<flag>true|false))\s*",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d][\w.]*")
_WORDS = {"and", "or", "not", "in", "is", "null", "true", "false", "contains", "like"}


@dataclass(frozen=True, slots=True)
class Term:
    """One plain condition: a column, a sign and values. A bare column has the sign ""."""

    column: str
    sign: str = ""
    values: tuple[Value, ...] = ()

    def __str__(self) -> str:
        column = quoted_name(self.column)
        if self.sign in {"", "is null"}:
            return f"{column} {self.sign}".strip()
        values = ", ".join(map(quoted, self.values))
        return (
            f"{column} {self.sign} ({values})"
            if self.sign == "in"
            else f"{column} {self.sign} {values}"
        )


def terms(text: str) -> list[str]:
    """The conditions that `and` joins outermost; one, in brackets, where `or` does."""
    parts, depth, has_or = [""], 0, False
    for piece in _PIECE.findall(text):
        depth += (piece == "(") - (piece == ")")
        if depth == 0 and piece.lower() == "and":
            parts.append("")
            continue
        has_or = has_or or (depth == 0 and piece.lower() == "or")
        parts[-1] += piece
    if has_or:
        return [f"({text.strip()})"]
    return [part.strip() for part in parts if part.strip()]


def read(term: str) -> Term | None:
    """A plain condition, or None for any other."""
    found = _TERM.fullmatch(term)
    if found is None or found["column"].lower() in _WORDS:
        return None
    column = found["column"]
    if column.startswith('"'):
        column = column[1:-1].replace('""', '"')
    sign = " ".join(found["sign"].lower().split()).replace("==", "=")
    if sign in {"", "is null"}:
        return None if found["rest"] else Term(column, sign)
    values = _values(found["rest"].strip(), many=sign == "in")
    return Term(column, sign, values) if values else None


def choice(text: str, column: str) -> tuple[Value, ...]:
    """The values that `column = …` or `column in (…)` asks for."""
    return next((t.values for t in _plain(text, column) if t.sign in {"=", "in"}), ())


def bound(text: str, column: str, sign: str) -> float | None:
    """The number that `column >= …` or `column <= …` names."""
    found = next((t.values[0] for t in _plain(text, column) if t.sign == sign), None)
    return found if isinstance(found, float) else None


def written(text: str, column: str, new: Iterable[Term]) -> str:
    """The text with `new` in place of its plain conditions about a column."""
    kept: list[str] = []
    place: int | None = None
    for term in terms(text):
        known = read(term)
        if known is not None and known.column == column and known.sign != "contains":
            place = len(kept) if place is None else place
        else:
            kept.append(term)
    place = len(kept) if place is None else place
    return " and ".join([*kept[:place], *map(str, new), *kept[place:]])


def narrowed(text: str, condition: str) -> str:
    """The text with a condition in place of what it said about the same ends of the same columns."""
    new = terms(condition)
    said = {_subject(term) for term in new}
    return " and ".join([*(one for one in terms(text) if _subject(one) not in said), *new])


def any_of(column: str, values: Sequence[Value | None]) -> list[Term]:
    """The shortest way to ask for these values; none for no values. None alone is `is null`."""
    known = tuple(value for value in values if value is not None)
    if not known:
        return [Term(column, "is null")] if values else []
    return [Term(column, "=" if len(known) == 1 else "in", known)]


def between(column: str, low: float | None, high: float | None) -> list[Term]:
    ends = ((">=", low), ("<=", high))
    return [Term(column, sign, (float(end),)) for sign, end in ends if end is not None]


def quoted(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return browsing.quoted(value)
    return f"{value:.10g}"


def quoted_name(column: str) -> str:
    if _NAME.fullmatch(column) and column.lower() not in _WORDS:
        return column
    return '"' + column.replace('"', '""') + '"'


def _subject(term: str) -> tuple[str, str]:
    """What a condition is about: a column and which end of it; any other, about itself alone."""
    found = _COMPARED.fullmatch(term)
    if found is None or found["column"].lower() in _WORDS:
        return term, ""
    end = next((sign for sign in "<>" if sign in found["sign"]), "=")
    return found["column"].strip('"'), end


def _plain(text: str, column: str) -> list[Term]:
    found = map(read, terms(text))
    return [term for term in found if term is not None and term.column == column]


def _values(text: str, *, many: bool) -> tuple[Value, ...]:
    if many:
        if not (text.startswith("(") and text.endswith(")")):
            return ()
        text = text[1:-1]
    values: list[Value] = []
    start = 0
    while found := _VALUE.match(text, start):
        values.append(_value(found))
        start = found.end()
        if not many or text[start : start + 1] != ",":
            break
        start += 1
    return tuple(values) if values and start == len(text) else ()


def _value(found: re.Match[str]) -> Value:
    if found["text"] is not None:
        return found["text"].replace("''", "'")
    return float(found["number"]) if found["number"] else found["flag"].lower() == "true"
