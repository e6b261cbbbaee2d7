"""Writing a data set: a fresh folder, edits found again, files that are whole or not there."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from auditor.formats.base import FileMode, FormatError

SampleKey = tuple[str, int | None, int]
"""Path, row and occurrence: what tells a sample of a source from all others."""


class Edit(NamedTuple):
    labels: tuple[str, ...]
    exclude: bool


class Edits:
    """The edits by sample; every one must be taken by a sample of the source."""

    def __init__(self, table: pa.Table) -> None:
        self._open: dict[SampleKey, Edit] = {
            (row["path"], row["row"], row["occurrence"]): Edit(tuple(row["labels"]), row["exclude"])
            for row in table.to_pylist()
        }
        self._by_path: defaultdict[str, list[int]] = defaultdict(list)

    @property
    def paths(self) -> set[str]:
        return {path for path, _, _ in self._open}

    @property
    def relabelled(self) -> list[Edit]:
        return [edit for edit in self._open.values() if not edit.exclude]

    def rows(self, path: str) -> list[int]:
        """Rows of one file that an edit names."""
        if not self._by_path:
            for own, row, _ in self._open:
                self._by_path[own].append(-1 if row is None else row)
        return [row for row in self._by_path[path] if row >= 0]

    def take(self, path: str, row: int | None = None, occurrence: int = 0) -> Edit | None:
        return self._open.pop((path, row, occurrence), None)

    def require_all_taken(self) -> None:
        """Raise FormatError if an edit found no sample: the source is not what was imported."""
        if self._open:
            path, row, occurrence = next(iter(self._open))
            place = path if row is None else f"{path}, row {row}"
            again = f" (occurrence {occurrence})" if occurrence else ""
            raise FormatError(
                f"{len(self._open)} decisions name samples that the source has no more, first "
                f"{place}{again}; import it again, then export."
            )

    def require_single_label(self, place: str, way_out: str) -> None:
        """Raise FormatError if an edit gives several labels where the format holds one."""
        several = sum(len(edit.labels) > 1 for edit in self.relabelled)
        if several:
            raise FormatError(
                f"{several} samples have more than one label, and {place} holds one; {way_out}"
            )


def prepare(out: Path, *, outside: Path | None = None) -> None:
    """Make the folder to write to. Raises FormatError if it holds anything or lies in `outside`."""
    if outside is not None and out.resolve().is_relative_to(outside.resolve()):
        raise FormatError(
            f"{out} lies inside the data set it would be a copy of; export to a folder outside."
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        with os.scandir(out) as entries:
            empty = next(entries, None) is None
    except OSError as error:
        raise FormatError(f"{out} cannot be written to: {error.strerror}.") from error
    if not empty:
        raise FormatError(f"{out} is not empty; export to a new folder.")


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A path to write beside `target`, which it becomes at the end or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{os.getpid()}.part")
    try:
        yield partial
        os.replace(partial, target)  # noqa: PTH105 - the function the promise is made of
    finally:
        partial.unlink(missing_ok=True)


def place_file(source: Path, target: Path, mode: FileMode) -> None:
    """Put `source` at `target`: its bytes (a link is read), or a link to it. Raises OSError."""
    with whole_file(target) as partial:
        if mode == "symlink":
            partial.symlink_to(source.absolute())
        elif mode == "hardlink":
            os.link(os.path.realpath(source), partial)
        else:
            shutil.copy2(source, partial)
