"""Hugging Face image folder: `metadata.csv`, `.jsonl` or `.parquet` with a `file_name` column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from auditor import address
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
from auditor.formats.manifest import Part, open_records
from auditor.formats.records.base import shown_columns
from auditor.formats.roles import named
from auditor.formats.understanding import Problems
from auditor.formats.walk import subfolders, walk

_NAMES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_COLUMN = "file_name"


class MetadataFolder:
    """One metadata file at the top, or one in each folder right below; folders are no labels."""

    id = "metadata_folder"
    title = "Hugging Face image folder with metadata.csv, .jsonl or .parquet"
    rank = 20

    def recognises(self, source: Path) -> bool:
        return source.is_dir() and next(_metadata_files(source), None) is not None

    def column_names(self, source: Path) -> tuple[str, ...]:
        return _parts(source)[0].records.names

    def understand(self, source: Path, options: ImportOptions) -> Understanding:
        parts = _parts(source)
        names = parts[0].records.names
        wanted = options.image_column or _image_column(names)
        root = source if options.images is None else options.images
        understood = manifest.understand(
            self.id, source, root, parts, named(names, wanted, "--image-column"), options
        )
        return _with_unlisted(understood)

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
        """The metadata files alone, to put in place of the old ones: the images are not copied."""
        del files
        return manifest.write(understood, _parts(understood.source), edits, out, report)


FORMAT: Format = MetadataFolder()


def _metadata_files(source: Path) -> Iterator[tuple[str, Path]]:
    """Each with the folder it stands in, "" for the source itself."""
    for folder in ("", *subfolders(source)):
        for name in _NAMES:
            if (path := source / folder / name).is_file():
                yield folder, path


def _parts(source: Path) -> list[Part]:
    parts: list[Part] = []
    for folder, path in _metadata_files(source):
        if any(part.prefix == folder for part in parts):
            raise FormatError(f"{path.parent} holds two metadata files; keep one.")
        relative = path.relative_to(source).as_posix()
        parts.append(Part(relative, open_records(path), prefix=folder, split_by_folder=True))
    if not parts:
        raise FormatError(f"There is no metadata file in {source}: {', '.join(_NAMES)}.")
    return parts


def _image_column(names: tuple[str, ...]) -> str:
    """`file_name`, or the one column whose name ends like it."""
    alike = [name for name in names if name == _COLUMN] or [
        name for name in names if name.endswith(f"_{_COLUMN}")
    ]
    if len(alike) != 1:
        raise FormatError(
            f"The metadata needs one column {_COLUMN!r}; there are {shown_columns(names)}. "
            "Name it with --image-column."
        )
    return alike[0]


def _with_unlisted(understood: Understanding) -> Understanding:
    """Images in the folder that no record names are no samples; say so."""
    format_ = MetadataFolder()
    listed = {path for table in format_.read(understood) for path in table["path"].to_pylist()}
    problems = Problems(understood.problems, understood.problem_count)
    for folder in walk(understood.root, Problems()):
        for name in folder.images:
            path = address.encode("/".join((*folder.parts, name)))
            if path not in listed:
                problems.add(f"No record names the image {path}; ignored.")
    return replace(understood, problems=tuple(problems.first), problem_count=problems.count)
