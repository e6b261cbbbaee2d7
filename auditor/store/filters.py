"""Filters as people type them: `label = 'cat' and p_error > 0.8`.

The text becomes a small expression tree and then SQL in which every value is bound
and every name is one of the known columns: what a user types is never run as SQL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


class FilterError(ValueError):
    """The filter cannot be read. Says what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL with its bound values."""

    sql: str
    values: tuple[Any, ...] = ()
    names: frozenset[str] = field(default=frozenset(), compare=False)
    """The columns it asks about."""


_TOKEN = re.compile(
    r"""\s*(?:(?P<number>-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(?![\w])
    |(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<sign><=|>=|!=|<>|==|=|<|>|\(|\)|,)
    |(?P<word>[^\W\d][\w.]*))""",
    re.VERBOSE,
)
_SIGNS = {"=": "=", "==": "=", "!=": "<>", "<>": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_KEYWORDS = {"and", "or", "not", "in", "is", "null", "true", "false", "contains", "like"}


def parse(text: str, columns: Mapping[str, str]) -> Condition:
    """The condition that `text` states; `columns` maps the names a user may use to SQL.

    Grammar: comparisons (= != < <= > >=), `in (…)`, `is [not] null`, `contains 'text'`, a bare
    true/false column, joined by and, or, not and brackets. Raises FilterError.
    """
    reader = _Reader(text, columns)
    condition = reader.either()
    if reader.look() is not None:
        raise reader.error("expected the end")
    return replace(condition, names=frozenset(reader.used))


class _Reader:
    def __init__(self, text: str, columns: Mapping[str, str]) -> None:
        self._text, self._columns = text, columns
        self._tokens = list(self._split(text))
        self._next = 0
        self.used: set[str] = set()

    def _split(self, text: str) -> list[tuple[str, str, int]]:
        tokens, start = [], 0
        end = len(text.rstrip())
        while start < end:
            found = _TOKEN.match(text, start)
            if not found or found.lastgroup is None:
                raise FilterError(f"cannot read the filter at {text[start:].strip()!r}")
            kind, token = found.lastgroup, found[found.lastgroup]
            if kind == "word" and token.lower() in _KEYWORDS:
                kind, token = "keyword", token.lower()
            tokens.append((kind, token, found.start(found.lastgroup)))
            start = found.end()
        return tokens

    def look(self) -> str | None:
        """The next token where it is a sign or a keyword; "…" for any other; None at the end."""
        if self._next >= len(self._tokens):
            return None
        kind, token, _ = self._tokens[self._next]
        return token if kind in {"sign", "keyword"} else "…"

    def error(self, what: str) -> FilterError:
        if self._next < len(self._tokens):
            return FilterError(f"{what} at {self._text[self._tokens[self._next][2] :]!r}")
        return FilterError(f"{what} after {self._text.strip()!r}")

    def _take(self, *wanted: str) -> str | None:
        if (token := self.look()) in wanted:
            self._next += 1
            return token
        return None

    def either(self) -> Condition:
        left = self._both()
        while self._take("or"):
            left = _join(left, "or", self._both())
        return left

    def _both(self) -> Condition:
        left = self._single()
        while self._take("and"):
            left = _join(left, "and", self._single())
        return left

    def _single(self) -> Condition:
        if self._take("not"):
            inner = self._single()
            return Condition(f"(not coalesce({inner.sql}, false))", inner.values)
        if self._take("("):
            inner = self.either()
            if not self._take(")"):
                raise self.error("expected ')'")
            return inner
        return self._comparison(self._column())

    def _column(self) -> str:
        if self._next >= len(self._tokens):
            raise self.error("expected a column")
        kind, token, _ = self._tokens[self._next]
        name = token[1:-1].replace('""', '"') if token.startswith('"') else token
        if kind not in {"word", "text"} or token.startswith("'"):
            raise self.error("expected a column")
        if name not in self._columns:
            raise FilterError(f"there is no column {name!r}; there are: {', '.join(self._columns)}")
        self._next += 1
        self.used.add(name)
        return self._columns[name]

    def _comparison(self, column: str) -> Condition:
        if sign := self._take(*_SIGNS):
            return Condition(f"({column} {_SIGNS[sign]} ?)", (self._value(),))
        if self._take("is"):
            negated = "not " if self._take("not") else ""
            if not self._take("null"):
                raise self.error("expected null")
            return Condition(f"({column} is {negated}null)")
        if self._take("contains"):
            return Condition(f"contains(lower({column}::text), lower(?))", (str(self._value()),))
        if self._take("in"):
            return self._in(column)
        return Condition(f"({column} = true)")

    def _in(self, column: str) -> Condition:
        if not self._take("("):
            raise self.error("expected '('")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        if not self._take(")"):
            raise self.error("expected ')'")
        marks = ", ".join("?" for _ in values)
        return Condition(f"({column} in ({marks}))", tuple(values))

    def _value(self) -> Any:
        if word := self._take("true", "false"):
            return word == "true"
        if self._next >= len(self._tokens):
            raise self.error("expected a value")
        kind, token, _ = self._tokens[self._next]
        if kind not in {"number", "text"}:
            raise self.error("expected a number or a 'text' in quotes")
        self._next += 1
        if kind == "number":
            return float(token)
        quote = token[0]
        return token[1:-1].replace(quote * 2, quote)


def _join(left: Condition, word: str, right: Condition) -> Condition:
    return Condition(f"({left.sql} {word} {right.sql})", left.values + right.values)
