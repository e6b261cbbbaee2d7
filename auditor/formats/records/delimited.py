"""CSV and its kin, record by record with the exact text each came from."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from auditor.formats.base import FormatError
from auditor.formats.output import whole_file
from auditor.formats.records.base import (
    Cell,
    Records,
    path_array,
    text_array,
    typed_array,
    unique_names,
)
from auditor.formats.understanding import batched

_BOM = "\ufeff"
_CHUNK = 1024
"""Records held as lists at a time: with many more the garbage collector takes over."""
_DELIMITERS = ",\t;|"


class _Record(NamedTuple):
    raw: str
    cells: list[str]


class _RawCell(NamedTuple):
    text: str
    open: bool
    """Whether a quote in it is never closed."""


class Delimited(Records):
    """A CSV file. Bytes that are no UTF-8 are kept as they are and read as Latin-1."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.declared = {}
        self._delimiter = _delimiter(path)
        records = self._records()
        header = next(records, None)
        if header is None:
            raise FormatError(f"{path} is empty; its first line must name the columns.")
        self.names = unique_names([name.strip() for name in header.cells])
        self._columns: list[list[str]] = [[] for _ in self.names]
        self._uneven: list[int] = []
        self.count = 0
        last = header.raw
        for chunk in batched(records, _CHUNK):
            self._keep([record.cells for record in chunk])
            last = chunk[-1].raw
        self.troubles = list(self._find_troubles(_raw_cells(last, self._delimiter)[-1]))

    def _keep(self, rows: list[list[str]]) -> None:
        width = len(self.names)
        for position, row in enumerate(rows):
            if len(row) != width:
                self._uneven.append(self.count + position + 1)
                rows[position] = (row + [""] * width)[:width]
        for column, cells in zip(self._columns, zip(*rows, strict=True), strict=True):
            column.extend(cells)
        self.count += len(rows)

    def _find_troubles(self, last: _RawCell) -> Iterator[tuple[str, int]]:
        name = self._path.name
        if self._uneven:
            yield (
                f"{len(self._uneven)} records of {name} have not {len(self.names)} cells like the "
                f"header, first record {self._uneven[0]}.",
                len(self._uneven),
            )
        if last.open:
            yield f"A quote in {name} is never closed: the last record runs to the end.", 1
        if not _is_utf8(self._path):
            yield f"{name} is not UTF-8: text is read as Latin-1, paths byte for byte.", 1

    def text(self, column: str) -> pa.Array:
        return text_array(self._column(column))

    def paths(self, column: str) -> pa.Array:
        return path_array(self._column(column))

    def typed(self, column: str) -> pa.Array | None:
        return typed_array(self.text(column))

    def require_fit(self, column: str, cells: Mapping[int, Cell]) -> None:
        unicode = self._is_unicode(column)
        for cell in cells.values():
            _as_text(cell, unicode=unicode)

    def rewrite(
        self, target: Path, column: str | None, cells: Mapping[int, Cell], drop: AbstractSet[int]
    ) -> None:
        position = -1 if column is None else self.names.index(column)
        unicode = column is None or self._is_unicode(column)
        with whole_file(target) as partial, _opened(partial, "w") as out:
            for number, raw in self._raw_records():
                if number in cells:
                    text = _as_text(cells[number], unicode=unicode)
                    out.write(_with_cell(raw, self._delimiter, position, text))
                elif number not in drop:
                    out.write(raw)

    def _column(self, column: str) -> list[str]:
        return self._columns[self.names.index(column)]

    def _is_unicode(self, column: str) -> bool:
        """Whether the column's cells are UTF-8, whatever bytes other columns hold."""
        try:
            pa.array(self._column(column), pa.string())
        except (UnicodeEncodeError, pa.ArrowInvalid):
            return False
        return True

    def _raw_records(self) -> Iterator[tuple[int, str]]:
        """Raw text after the number of its record; header and blank lines have -1."""
        number = -1
        for record in self._records(blank=True):
            if not record.cells:
                yield -1, record.raw
                continue
            yield number, record.raw
            number += 1

    def _records(self, *, blank: bool = False) -> Iterator[_Record]:
        lines: list[str] = []

        def tapped(file: io.TextIOWrapper) -> Iterator[str]:
            for position, line in enumerate(file):
                lines.append(line)
                # csv would take the mark for a part of the first name and of its quote.
                yield line.removeprefix(_BOM) if position == 0 else line

        with _opened(self._path, "r") as file:
            reader = csv.reader(tapped(file), delimiter=self._delimiter)
            try:
                for cells in reader:
                    raw = "".join(lines)
                    lines.clear()
                    if cells or blank:
                        yield _Record(raw, cells)
            except csv.Error as error:
                raise FormatError(f"{self._path}, line {reader.line_num}: {error}.") from error


def _opened(path: Path, mode: str) -> io.TextIOWrapper:
    """Line ends and bytes that are no UTF-8 come through unchanged, both ways."""
    binary = path.open(f"{mode}b")
    return io.TextIOWrapper(binary, encoding="utf-8", errors="surrogateescape", newline="")


def _is_utf8(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(path: Path) -> str:
    """The sign most frequent in the header, outside quotes."""
    with path.open("rb") as binary:
        start = binary.read(4)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start:
        raise FormatError(f"{path} is UTF-16 or binary; save it as CSV in UTF-8.")
    with _opened(path, "r") as file:
        header = next((line for line in file if line.strip()), "")
    unquoted = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=unquoted.count)


def _raw_cells(raw: str, delimiter: str) -> list[_RawCell]:
    """The cells of one record as written, with their quotes, without the record's line end.

    Follows the csv module: a quote opens only at the start of a cell, two within stand for one.
    """
    cells: list[_RawCell] = []
    start = 0
    while True:
        end, is_open = _cell_end(raw, start, delimiter)
        cells.append(_RawCell(raw[start:end], is_open))
        if end >= len(raw) or raw[end] != delimiter:
            return cells
        start = end + 1


def _cell_end(raw: str, start: int, delimiter: str) -> tuple[int, bool]:
    end = start
    if raw.startswith('"', start):
        end += 1
        while (end := raw.find('"', end)) >= 0 and raw.startswith('""', end):
            end += 2
        if end < 0:
            return len(raw), True
    while end < len(raw) and raw[end] not in (delimiter, "\r", "\n"):
        end += 1
    return end, False


def _with_cell(raw: str, delimiter: str, position: int, text: str) -> str:
    """The record with one cell replaced, quoted as it was, or if it must be."""
    cells = [cell.text for cell in _raw_cells(raw, delimiter)]
    end = raw[len(delimiter.join(cells)) :]
    cells += [""] * (position + 1 - len(cells))
    quoted = cells[position].startswith('"') or any(sign in text for sign in f'{delimiter}"\r\n')
    cells[position] = '"' + text.replace('"', '""') + '"' if quoted else text
    return delimiter.join(cells) + end


def _as_text(cell: Cell, *, unicode: bool) -> str:
    if isinstance(cell, list):
        raise FormatError("A CSV cell holds text, not a list.")
    text = cell or ""
    if unicode:
        return text
    try:
        return text.encode("latin-1").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise FormatError(f"{text!r} cannot be written in the file's encoding, Latin-1.") from error
