"""What a data set format is: one module that recognises, explains, reads and writes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa

from auditor import address

EDIT_SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("row", pa.int64()),
        pa.field("occurrence", pa.int32(), nullable=False),
        pa.field("labels", pa.list_(pa.string()), nullable=False),
        pa.field("exclude", pa.bool_(), nullable=False),
    ]
)
"""What a writer is given: only the samples that a decision changed, with their new labels."""


class FormatError(ValueError):
    """The source cannot be read as a data set. Names the file and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the user said about the source; None means: guess."""

    format: str | None = None
    image_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None
    group_column: str | None = None
    label_separator: str | None = None
    """Splits one cell into several labels; "json" or "python" where a cell is a list written out.

    "" says that a cell is one label whatever it holds. A list column needs none.
    """
    images: Path | None = None
    """Folder that relative image paths in a manifest start from; default: the manifest's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What a format made of a source; enough to read it, to explain it and to write it back.

    Plain JSON-able values but for the paths: the project keeps it.
    """

    format: str
    source: Path
    root: Path
    """Where the samples' relative paths start."""
    columns: dict[str, str]
    """Role -> column of the source: image, label, split, group."""
    extra_columns: dict[str, str]
    """Name -> type of the columns kept beside: numbers sort as numbers."""
    label_separator: str | None
    multi_label: bool
    classes: tuple[str, ...]
    """In the order the source declares, else numbers by value and names by alphabet."""
    samples: int
    splits: dict[str, int]
    problems: tuple[str, ...]
    """The first of them, each one sentence that names the place."""
    problem_count: int


Report = Callable[[int, int], None]
"""(done, total) in files, as each is written; what it raises stops the writing."""


def unheard(_done: int, _total: int) -> None:
    """For callers that do not follow the writing."""


FileMode = Literal["copy", "symlink", "hardlink"]
"""How a writer that lays out image files puts them there; the others ignore it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a writer left in the new folder; every path is relative to it."""

    files: tuple[Path, ...]
    renamed: dict[str, str]
    """Address of a sample -> its new address, where its own name was taken in its new class."""
    skipped: tuple[str, ...]
    """Addresses of the image files that could not be copied."""


class Format(Protocol):
    """A module of this package offers itself by a constant `FORMAT` of this kind."""

    id: str
    """The name of the module."""
    title: str
    rank: int
    """Where several formats recognise a source, the lowest is meant."""

    def recognises(self, source: Path) -> bool:
        """Whether the source looks like this format. Cheap: reads names and a header at most."""

    def column_names(self, source: Path) -> tuple[str, ...]:
        """Those a role could be given to; none where it has no columns. Raises FormatError."""

    def understand(self, source: Path, options: ImportOptions) -> Understanding:
        """Explain the source. Raises FormatError where it cannot be read as this format."""

    def read(self, understood: Understanding) -> Iterator[pa.Table]:
        """Its samples in a stable order: SAMPLE_SCHEMA columns, then the extra ones as typed."""

    def write(
        self,
        understood: Understanding,
        edits: pa.Table,
        out: Path,
        *,
        files: FileMode = "copy",
        report: Report = unheard,
    ) -> Written:
        """Write the data set to the new folder `out`, changed only where an edit says so.

        The source is never touched. Raises FormatError, before anything is written, where `out`
        is not empty, an edit names a sample the source has no more, or a label cannot be written.
        """


def to_json(understood: Understanding) -> str:
    """The understanding as JSON text, whatever bytes its paths hold."""
    values = {field.name: getattr(understood, field.name) for field in fields(understood)}
    values |= {name: address.encode(values[name]) for name in ("source", "root")}
    return json.dumps(values, ensure_ascii=False)


def from_json(text: str) -> Understanding:
    """The understanding that `to_json` wrote."""
    values: dict[str, Any] = json.loads(text)
    values |= {name: Path(address.decode(values[name])) for name in ("source", "root")}
    values |= {name: tuple(values[name]) for name in ("classes", "problems")}
    return Understanding(**values)
