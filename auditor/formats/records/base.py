"""What a manifest needs of a file of records, and what text cells become."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from auditor import address

Cell = str | list[str] | None
"""A label cell as written: text, a list where the column holds lists, None for no label."""


_FIRST = 64
_NO_ADDRESS = rf"^(\./|{address.MARK})|\\"
"""Paths that are not their own address as they stand."""


class Records(Protocol):
    """One file of records. Raises FormatError, naming the place, where it cannot be read.

    To subclass: most kinds of file take any text and have no troubles of their own.
    """

    names: tuple[str, ...]
    """Its columns, each name once."""
    count: int
    declared: Mapping[str, tuple[str, ...]]
    """Column -> the class names that the file declares for it."""
    troubles: Sequence[tuple[str, int]] = ()
    """What is wrong with the file as such, and how many records it touches."""

    def text(self, column: str) -> pa.Array:
        """The column as string, or as list<string> if its cells are lists; empty is null.

        Numbers and truth values are given as they are written: `1.0` stays `1.0`.
        """

    def paths(self, column: str) -> pa.Array:
        """The column as addresses."""

    def typed(self, column: str) -> pa.Array | None:
        """The column as numbers, times or text; None if one cannot filter by it (bytes, structs)."""

    def require_fit(self, column: str, cells: Mapping[int, Cell]) -> None:
        """Raise FormatError if one of these cells cannot be written into the column."""
        del column, cells  # any text fits unless a kind of file says otherwise

    def rewrite(
        self, target: Path, column: str | None, cells: Mapping[int, Cell], drop: AbstractSet[int]
    ) -> None:
        """Write the file with these cells of one column replaced and these records left out."""


def text_array(values: Sequence[str | None]) -> pa.Array:
    """Text, with any bytes that are no UTF-8 read as Latin-1; empty cells are null."""
    text = _utf8_array(values)
    if text is None:
        return pa.array([_latin1(value) if value else None for value in values], pa.string())
    return text


def path_array(values: Sequence[str | None]) -> pa.Array:
    """Addresses of paths as a manifest gives them, without a leading `./`; empty cells are null."""
    text = _utf8_array(values)
    if text is None or pc.any(pc.match_substring_regex(text, _NO_ADDRESS)).as_py():
        return pa.array([_path_address(value) if value else None for value in values], pa.string())
    return text


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """A column without a name gets its number, a repeated name its count."""
    unique: list[str] = []
    for position, name in enumerate(names, start=1):
        base = name or f"column_{position}"
        new, number = base, 2
        while new in unique:
            new, number = f"{base}_{number}", number + 1
        unique.append(new)
    return tuple(unique)


def typed_array(text: pa.Array) -> pa.Array:
    """Text cells as the narrowest of whole numbers, numbers, truth values, times and text.

    Numbers that would not be written back the same way, such as 007, are names: they stay text.
    """
    if text.null_count == len(text):
        return text
    for convert in (_whole_numbers, _numbers, _truth_values, _times, _times_in_a_zone):
        try:
            convert(text[:_FIRST])  # a cast that fails is slow: let it fail on few
            return convert(text)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
    return text


def _utf8_array(values: Sequence[str | None]) -> pa.Array | None:
    try:
        return pa.array([value or None for value in values], pa.string())
    except (UnicodeEncodeError, pa.ArrowInvalid):
        return None


def _latin1(value: str) -> str:
    return value.encode("utf-8", "surrogateescape").decode("latin-1")


def _path_address(value: str) -> str:
    path = value
    if "\\" in path and "/" not in path:  # written on Windows
        path = path.replace("\\", "/")
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return address.encode(os.fsencode(path))


def _whole_numbers(text: pa.Array) -> pa.Array:
    numbers = text.cast(pa.int64())
    if not pc.all(pc.equal(numbers.cast(pa.string()), text)).as_py():
        raise pa.ArrowInvalid("not written as plain whole numbers")
    return numbers


def _numbers(text: pa.Array) -> pa.Array:
    padded = pc.match_substring_regex(text, r"^[+-]?0[0-9]")
    if pc.any(padded).as_py():
        raise pa.ArrowInvalid("padded with zeros")
    return text.cast(pa.float64())


def _truth_values(text: pa.Array) -> pa.Array:
    return text.cast(pa.bool_())


def _times(text: pa.Array) -> pa.Array:
    return text.cast(pa.timestamp("us"))


def _times_in_a_zone(text: pa.Array) -> pa.Array:
    return text.cast(pa.timestamp("us", "UTC"))


def shown_columns(names: Sequence[str]) -> str:
    """Column names for a sentence."""
    shown = ", ".join(re.sub(r"\s+", " ", name) for name in names[:12])
    return f"{shown}, … ({len(names)})" if len(names) > 12 else shown
