"""What every reader finds out the same way: problems, class order, splits, look-alike classes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from auditor.model import SAMPLE_SCHEMA

SPLITS = frozenset({"train", "val", "valid", "validation", "test", "dev"})
T = TypeVar("T")
BATCH = 65_536
SHOWN_PROBLEMS = 20

_RESERVED = frozenset({*SAMPLE_SCHEMA.names, "sample_id"})


class Problems:
    """Counts problems and keeps the first, each one sentence that names the place."""

    def __init__(self, first: Iterable[str] = (), count: int = 0) -> None:
        self.first = list(first)
        self.count = count

    def add(self, sentence: str, times: int = 1) -> None:
        """Note a problem; `times` where one sentence speaks of several."""
        self.count += times
        if len(self.first) < SHOWN_PROBLEMS:
            self.first.append(sentence)


def batched(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """The items in lists of `size`, the last as long as what is left."""
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch


def order_classes(names: Iterable[str]) -> tuple[str, ...]:
    """Numbers by value if all names are whole numbers, else by alphabet."""
    unique = sorted(set(names))
    if unique and all(re.fullmatch(r"[+-]?[0-9]+", name) for name in unique):
        return tuple(sorted(unique, key=int))
    return tuple(unique)


def note_lookalikes(classes: Iterable[str], problems: Problems) -> None:
    """Classes that a reader would take for one stay apart; say so."""
    seen: dict[str, str] = {}
    for name in classes:
        key = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
        if (first := seen.setdefault(key, name)) != name:
            problems.add(
                f"The classes {first!r} and {name!r} differ only in case, white space or encoding; "
                "they are kept as two."
            )


def count_splits(splits: pa.Array | pa.ChunkedArray) -> dict[str, int]:
    """Samples by split, in the order the splits first appear; none of them: empty."""
    counted = pc.value_counts(pc.drop_null(splits)).to_pylist()
    return {entry["values"]: entry["counts"] for entry in counted}


def distinct_labels(labels: pa.Array | pa.ChunkedArray) -> list[str]:
    return [str(name) for name in pc.unique(pc.list_flatten(labels)).to_pylist()]


def sample_table(
    path: pa.Array,
    labels: pa.Array,
    *,
    row: pa.Array | None = None,
    occurrence: pa.Array | None = None,
    split: pa.Array | None = None,
    group: pa.Array | None = None,
) -> pa.Table:
    """The columns of SAMPLE_SCHEMA; what is not given is null, an occurrence 0."""
    given = {
        "path": path,
        "row": row,
        "occurrence": pa.repeat(pa.scalar(0, pa.int32()), len(path))
        if occurrence is None
        else occurrence,
        "labels": labels,
        "split": split,
        "group": group,
    }
    arrays = [
        pa.nulls(len(path), field.type) if given[field.name] is None else given[field.name]
        for field in SAMPLE_SCHEMA
    ]
    return pa.table(arrays, schema=SAMPLE_SCHEMA)


def extra_names(names: Iterable[str]) -> dict[str, str]:
    """Column of the source -> the name it is kept under.

    SQL does not tell cases apart and a sample has columns of its own: such names get a suffix.
    """
    taken = Counter(_RESERVED)
    kept: dict[str, str] = {}
    for name in names:
        new = name
        while taken[new.casefold()]:
            new += "_"
        taken[new.casefold()] += 1
        kept[name] = new
    return kept
