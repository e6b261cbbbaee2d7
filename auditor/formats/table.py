"""CSV, TSV, JSON lines or Parquet manifest with a column of image paths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from auditor.formats import manifest
from auditor.formats.base import (
    FileMode,
    Format,
    FormatError,
    ImportOptions,
    Report,
    Understanding,
    Written,
    unheard,
)
from auditor.formats.manifest import SUFFIXES, Part, open_records
from auditor.formats.records.base import Records, shown_columns
from auditor.formats.roles import IMAGE_NAMES, first_known, named
from auditor.formats.walk import is_image


class Table:
    """Each record is a sample; images are looked up from the manifest's folder."""

    id = "table"
    title = "CSV, TSV, JSON lines or Parquet with a column of image paths"
    rank = 50

    def recognises(self, source: Path) -> bool:
        return source.suffix.lower() in SUFFIXES and source.is_file()

    def column_names(self, source: Path) -> tuple[str, ...]:
        return open_records(source).names

    def understand(self, source: Path, options: ImportOptions) -> Understanding:
        records = open_records(source)
        image = (
            _image_column(records)
            if options.image_column is None
            else named(records.names, options.image_column, "--image-column")
        )
        if image is None:
            raise FormatError(
                f"No column of {source} looks like image paths; there are "
                f"{shown_columns(records.names)}. Name it with --image-column; "
                "the first line must name the columns."
            )
        root = source.parent if options.images is None else options.images
        return manifest.understand(
            self.id, source, root, [Part(source.name, records)], image, options
        )

    def read(self, understood: Understanding) -> Iterator[pa.Table]:
        return manifest.read(understood, _parts(understood.source))

    def write(
        self,
        understood: Understanding,
        edits: pa.Table,
        out: Path,
        *,
        files: FileMode = "copy",
        report: Report = unheard,
    ) -> Written:
        """The manifest alone, to put in place of the old one: the images are not copied."""
        del files
        return manifest.write(understood, _parts(understood.source), edits, out, report)


FORMAT: Format = Table()


def _parts(source: Path) -> list[Part]:
    return [Part(source.name, open_records(source))]


def _image_column(records: Records) -> str | None:
    """By name, else the one column whose first values look like image files."""
    if any(map(is_image, records.names)):
        return None  # no header: the first record stands in its place
    if known := first_known(records.names, IMAGE_NAMES):
        return known
    alike = [name for name in records.names if _holds_images(records, name)]
    return alike[0] if len(alike) == 1 else None


def _holds_images(records: Records, name: str) -> bool:
    typed = records.typed(name)
    if typed is None or not pa.types.is_string(typed.type):
        return False
    first = pc.drop_null(typed).slice(0, 100).to_pylist()
    return bool(first) and all(is_image(value) for value in first)
