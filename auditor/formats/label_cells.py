"""Several labels in one cell: guessed from the cells, split, and joined again."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from auditor.formats.base import FormatError
from auditor.formats.records.base import Cell
from auditor.formats.understanding import Problems
from auditor.model import LABELS

JSON = "json"
PYTHON = "python"
_SEPARATORS = (";", "|")
_PARSERS: dict[str, Callable[[str], object]] = {JSON: json.loads, PYTHON: ast.literal_eval}


def guess_separator(text: pa.Array, column: str, problems: Problems) -> str | None:
    """How cells hold several labels; None: one each, or lists of their own.

    A sign separates labels only where the parts make a smaller vocabulary than the whole cells:
    names of kinds (`animal|cat`, `animal|dog`) have at least as many parts as wholes.
    """
    if pa.types.is_list(text.type):
        return None
    cells = [str(cell) for cell in pc.unique(pc.drop_null(text)).to_pylist()]
    if cells and all(cell.startswith("[") and cell.endswith("]") for cell in cells):
        for kind in _PARSERS:
            if all(_parsed(cell, kind) is not None for cell in cells):
                return kind
    for separator in _SEPARATORS:
        holding = sum(separator in cell for cell in cells)
        parts = {part for cell in cells for part in _split(cell, separator)}
        if holding and len(parts) < len(cells):
            return separator
        if holding:
            problems.add(
                f"{holding} values of the column {column!r} hold a {separator!r} and are read as "
                f"one label each; --label-separator '{separator}' splits them."
            )
    return None


def split_cells(text: pa.Array, separator: str | None) -> pa.Array:
    """Cells as list<string>; an empty one has no label. Raises FormatError for a broken list."""
    if pa.types.is_list(text.type):
        return pc.if_else(pc.is_valid(text), text, pa.scalar([], LABELS))
    if not separator:
        lengths = pc.is_valid(text).cast(pa.int32())
        offsets = pa.array([0]).cast(pa.int32())
        ends = pc.cumulative_sum(lengths)
        return pa.ListArray.from_arrays(pa.concat_arrays([offsets, ends]), pc.drop_null(text))
    whole = pc.dictionary_encode(text)  # each distinct cell is parsed once
    lists = [_labels(cell, separator) for cell in whole.dictionary.to_pylist()]
    found = pa.array(lists, LABELS).take(whole.indices)
    return pc.if_else(pc.is_valid(found), found, pa.scalar([], LABELS))


def join_labels(labels: Sequence[str], separator: str | None, *, lists: bool) -> Cell:
    """The cell that `split_cells` reads as these labels. Raises FormatError if there is none."""
    if lists:
        return list(labels)
    if separator == JSON:
        return json.dumps(list(labels), ensure_ascii=False)
    if separator == PYTHON:
        return repr(list(labels))
    if not labels:
        return None
    if separator and any(separator in label for label in labels):
        raise FormatError(f"The labels {list(labels)} hold the separator {separator!r} themselves.")
    return (separator or "").join(labels)


def _labels(cell: str, separator: str) -> list[str]:
    if separator not in _PARSERS:
        return _split(cell, separator)
    labels = _parsed(cell, separator)
    if labels is None:
        raise FormatError(f"The label cell {cell!r} is no {separator} list.")
    return labels


def _split(cell: str, separator: str) -> list[str]:
    parts = (part.strip() for part in cell.split(separator))
    return list(dict.fromkeys(part for part in parts if part))


def _parsed(cell: str, kind: str) -> list[str] | None:
    try:
        found = _PARSERS[kind](cell)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    if not isinstance(found, list):
        return None
    return list(dict.fromkeys(str(label) for label in found if label is not None))
