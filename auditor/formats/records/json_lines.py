"""JSON lines: one object a line, of which only the label's own characters are ever replaced."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.formats.base import FormatError
from auditor.formats.output import whole_file
from auditor.formats.records.base import Cell, Records, path_array, text_array
from auditor.model import LABELS

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class _Number(str):
    """A number as it is written: 1.0 is another label than 1."""


class JsonLines(Records):
    """A file of JSON objects. A null is no label; the text "null" is one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.declared = {}
        self._objects = [_object(path, number, line) for number, line in _lines(path) if number]
        if not self._objects:
            raise FormatError(f"{path} is empty.")
        self.names = tuple(dict.fromkeys(name for record in self._objects for name in record))
        self.count = len(self._objects)

    def text(self, column: str) -> pa.Array:
        values = self._values(column)
        if any(isinstance(value, list) for value in values):
            return pa.array([_as_list(value) for value in values], LABELS)
        return text_array([_as_text(value) for value in values])

    def paths(self, column: str) -> pa.Array:
        return path_array([_as_text(value) for value in self._values(column)])

    def typed(self, column: str) -> pa.Array | None:
        values = self._values(column)
        kinds = {type(value) for value in values} - {type(None)}
        if kinds & {list, dict}:
            return None
        text = text_array([_as_text(value) for value in values])
        if kinds == {bool}:
            return text.cast(pa.bool_())
        if kinds == {_Number}:
            return _numbers(text)
        return text

    def rewrite(
        self, target: Path, column: str | None, cells: Mapping[int, Cell], drop: AbstractSet[int]
    ) -> None:
        with whole_file(target) as partial, partial.open("w", encoding="utf-8", newline="") as out:
            out.write(self._mark)
            record = 0
            for number, line in _lines(self._path):
                if number and record in cells and column is not None:
                    out.write(_with_value(line, column, cells[record], self._numeric(column)))
                elif not number or record not in drop:
                    out.write(line)
                record += bool(number)

    @cached_property
    def _mark(self) -> str:
        with self._path.open("rb") as file:
            return "\ufeff" if file.read(3) == b"\xef\xbb\xbf" else ""

    def _values(self, column: str) -> list[Any]:
        return [record.get(column) for record in self._objects]

    def _numeric(self, column: str) -> bool:
        """Whether labels in this column are numbers, going by the first there is."""
        for value in self._values(column):
            first = value[0] if isinstance(value, list) and value else value
            if first is not None and first != []:
                return isinstance(first, _Number)
        return False


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Each line after its number from 1; blank lines have 0."""
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                yield (number if line.strip() else 0), line
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not UTF-8 ({error.reason}); JSON must be.") from error


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line, parse_int=_Number, parse_float=_Number, parse_constant=_Number)
    except (json.JSONDecodeError, RecursionError) as error:
        raise FormatError(f"{path}, line {number} is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise FormatError(f"{path}, line {number} is no JSON object.")
    return found


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _as_list(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for text in map(_as_text, values) if text]


def _numbers(text: pa.Array) -> pa.Array:
    try:
        return text.cast(pa.int64())
    except pa.ArrowInvalid:
        return text.cast(pa.float64())


def _with_value(line: str, key: str, cell: Cell, numeric: bool) -> str:
    """The line with one value of its object replaced, or added at the end."""
    span = _value_span(line, key)
    if span is None:
        close = line.rindex("}")
        comma = "" if line[:close].rstrip().endswith("{") else ", "
        name = json.dumps(key, ensure_ascii=line.isascii())
        return f"{line[:close]}{comma}{name}: {_dumped(cell, line, numeric)}{line[close:]}"
    start, end = span
    return line[:start] + _dumped(cell, line, numeric) + line[end:]


def _dumped(cell: Cell, line: str, numeric: bool) -> str:
    if isinstance(cell, list):
        return "[" + ", ".join(_dumped(label, line, numeric) for label in cell) + "]"
    if numeric and cell is not None and re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", cell):
        return cell
    return json.dumps(cell, ensure_ascii=line.isascii())


def _value_span(line: str, key: str) -> tuple[int, int] | None:
    """Where the value of a key of the line's object stands; the last one where it repeats."""
    found = None
    at = _skip(line, line.index("{") + 1)
    while line[at] == '"':
        name, at = _DECODER.raw_decode(line, at)
        start = _skip(line, _skip(line, at) + 1)
        _, end = _DECODER.raw_decode(line, start)
        if name == key:
            found = (start, end)
        at = _skip(line, end)
        if line[at] == ",":
            at = _skip(line, at + 1)
    return found


def _skip(line: str, at: int) -> int:
    match = _BLANK.match(line, at)
    return at if match is None else match.end()
