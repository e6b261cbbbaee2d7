"""A data set listed in files of records that name image files, one sample each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor import address
from auditor.formats.base import FormatError, ImportOptions, Report, Understanding, Written
from auditor.formats.label_cells import guess_separator, join_labels, split_cells
from auditor.formats.output import Edits, prepare
from auditor.formats.records.base import Cell, Records
from auditor.formats.records.delimited import Delimited
from auditor.formats.records.json_lines import JsonLines
from auditor.formats.records.parquet import Parquet
from auditor.formats.roles import guess_roles
from auditor.formats.understanding import (
    BATCH,
    SHOWN_PROBLEMS,
    SPLITS,
    Problems,
    count_splits,
    distinct_labels,
    extra_names,
    note_lookalikes,
    order_classes,
    sample_table,
)
from auditor.model import SAMPLE_SCHEMA

SUFFIXES: dict[str, type[Delimited | JsonLines | Parquet]] = {
    ".csv": Delimited,
    ".tsv": Delimited,
    ".jsonl": JsonLines,
    ".ndjson": JsonLines,
    ".parquet": Parquet,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the manifest."""

    relative: str
    """Its path below the source folder: where it is written again."""
    records: Records
    prefix: str = ""
    """What its image paths start from, below the root."""
    split_by_folder: bool = False
    """Whether the first folder of a path says the split, where no column does."""


def open_records(path: Path) -> Records:
    """The file of records at `path`. Raises FormatError if it cannot be read as what it is named."""
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise FormatError(f"{path} is no table: known are {', '.join(SUFFIXES)}.")
    try:
        return kind(path)
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}.") from error


class Manifest:
    """The samples that some files of records list, once their columns are known."""

    def __init__(self, parts: Sequence[Part], columns: dict[str, str]) -> None:
        self.parts = parts
        self.columns = columns
        for part in parts:
            missing = [name for name in columns.values() if name not in part.records.names]
            if missing:
                raise FormatError(f"{part.relative} has no column {missing[0]!r}.")

    @cached_property
    def label_text(self) -> pa.Array:
        """Label cells of all records; null where there is no label column."""
        column = self.columns.get("label")
        if column is None:
            return pa.nulls(sum(part.records.count for part in self.parts), pa.string())
        texts = [part.records.text(column) for part in self.parts]
        if any(pa.types.is_list(text.type) for text in texts):
            texts = [split_cells(text, None) for text in texts]
        return pa.concat_arrays(texts)

    @cached_property
    def addresses(self) -> pa.Array:
        """Image paths of all records, below the root; null where the record names none."""
        return pa.concat_arrays([_addresses(part, self.columns["image"]) for part in self.parts])

    @cached_property
    def named(self) -> pa.Array:
        """Which records name an image and so are samples."""
        return pc.is_valid(self.addresses)

    def samples(self, separator: str | None) -> pa.Table:
        """SAMPLE_SCHEMA columns and the extra ones, one row for each record that names an image."""
        paths = pc.drop_null(self.addresses)
        table = sample_table(
            paths,
            split_cells(self.label_text, separator).filter(self.named),
            occurrence=_occurrences(paths),
            split=self._splits().filter(self.named),
            group=self._text("group").filter(self.named),
        )
        for name, column in self._extras():
            table = table.append_column(name, column.filter(self.named))
        return table

    def changes(
        self, edits: Edits, samples: pa.Table, separator: str | None
    ) -> tuple[dict[int, Cell], set[int]]:
        """New label cells and records to drop, by number of the record over all parts."""
        lists = pa.types.is_list(self.label_text.type)
        records = np.flatnonzero(self.named.to_numpy(zero_copy_only=False))
        concerned = pc.is_in(samples["path"], value_set=pa.array(edits.paths, pa.string()))
        cells: dict[int, Cell] = {}
        drop: set[int] = set()
        chosen = np.flatnonzero(concerned.to_numpy())
        for position, row in zip(chosen, samples.take(pa.array(chosen)).to_pylist(), strict=True):
            edit = edits.take(row["path"], None, row["occurrence"])
            if edit is None:
                continue
            record = int(records[position])
            if edit.exclude:
                drop.add(record)
            elif list(edit.labels) != row["labels"]:
                cells[record] = join_labels(edit.labels, separator, lists=lists)
        return cells, drop

    def _splits(self) -> pa.Array:
        if "split" in self.columns:
            return self._text("split")
        if not self.parts[0].split_by_folder:
            return pa.nulls(len(self.addresses), pa.string())
        found = pc.extract_regex(self.addresses, rf"(?i)^(?P<split>{'|'.join(SPLITS)})/")
        return pc.struct_field(found, "split")

    def _text(self, role: str) -> pa.Array:
        texts = []
        for part in self.parts:
            if role not in self.columns:
                texts.append(pa.nulls(part.records.count, pa.string()))
                continue
            text = part.records.text(self.columns[role])
            if not pa.types.is_string(text.type):
                raise FormatError(f"The {role} column {self.columns[role]!r} holds lists.")
            texts.append(text)
        return pa.concat_arrays(texts)

    def _extras(self) -> Iterator[tuple[str, pa.ChunkedArray]]:
        """Columns without a role that can be filtered by, under names no other column has."""
        found: dict[str, list[pa.Table]] = {}
        for place, part in enumerate(self.parts):
            for name in part.records.names:
                if name not in self.columns.values():
                    columns = found.setdefault(name, _empty_columns(self.parts[:place], name))
                    typed = part.records.typed(name)
                    columns.append(_column(part, name, typed))
            for name, columns in found.items():
                if len(columns) <= place:
                    columns.append(_column(part, name, None))
        kept = extra_names(found)
        for name, columns in found.items():
            column = _joined(columns)
            if column is not None:
                yield kept[name], column


def understand(
    form: str, source: Path, root: Path, parts: Sequence[Part], image: str, options: ImportOptions
) -> Understanding:
    """Explain a manifest whose image column is known. Raises FormatError if it lists nothing."""
    problems = Problems()
    first = parts[0].records
    declared = [name for name, classes in first.declared.items() if classes]
    columns = guess_roles(first.names, image, options, declared, problems)
    manifest = Manifest(parts, columns)
    separator = options.label_separator
    if separator is None and "label" in columns:
        separator = guess_separator(manifest.label_text, columns["label"], problems)
    samples = manifest.samples(separator)
    if not len(samples):
        raise FormatError(f"{source} names no image in its column {image!r}.")
    classes = first.declared.get(columns.get("label", "")) or order_classes(
        distinct_labels(samples["labels"])
    )
    _note(manifest, samples, root, classes, problems)
    return Understanding(
        format=form,
        source=source,
        root=root,
        columns=columns,
        extra_columns=_extra_types(samples),
        label_separator=separator or None,
        multi_label=bool(separator) or pa.types.is_list(manifest.label_text.type),
        classes=tuple(classes),
        samples=len(samples),
        splits=count_splits(samples["split"]),
        problems=tuple(problems.first),
        problem_count=problems.count,
    )


def read(understood: Understanding, parts: Sequence[Part]) -> Iterator[pa.Table]:
    """The samples in the order of their records."""
    samples = Manifest(parts, understood.columns).samples(understood.label_separator)
    for start in range(0, len(samples), BATCH):
        yield samples.slice(start, BATCH)


def write(
    understood: Understanding, parts: Sequence[Part], table: pa.Table, out: Path, report: Report
) -> Written:
    """Write the manifest's files, changed only where an edit says so; the images stay put."""
    edits = Edits(table)
    column = understood.columns.get("label")
    if column is None and any(edit.labels for edit in edits.relabelled):
        raise FormatError("The manifest has no label column to write the new labels into.")
    if not understood.multi_label:
        edits.require_single_label(
            "a cell", "import it again with --label-separator to allow several."
        )
    manifest = Manifest(parts, understood.columns)
    separator = understood.label_separator
    cells, drop = manifest.changes(edits, manifest.samples(separator), separator)
    edits.require_all_taken()
    shares = list(_shares(parts, cells, drop))
    if column is not None:
        for part, own_cells, _ in shares:
            part.records.require_fit(column, own_cells)
    prepare(out)
    for done, (part, own_cells, own_drop) in enumerate(shares, 1):
        part.records.rewrite(out / part.relative, column, own_cells, own_drop)
        report(done, len(shares))
    return Written(files=tuple(Path(part.relative) for part in parts), renamed={}, skipped=())


def _shares(
    parts: Sequence[Part], cells: dict[int, Cell], drop: set[int]
) -> Iterator[tuple[Part, dict[int, Cell], set[int]]]:
    start = 0
    for part in parts:
        own = range(start, start + part.records.count)
        yield (
            part,
            {record - start: cell for record, cell in cells.items() if record in own},
            {record - start for record in drop if record in own},
        )
        start = own.stop


def _addresses(part: Part, column: str) -> pa.Array:
    paths = part.records.paths(column)
    if not part.prefix:
        return paths
    values = paths.to_pylist()
    return pa.array([v and _below(part.prefix, v) for v in values], pa.string())


def _below(prefix: str, path: str) -> str:
    return address.encode(os.fspath(PurePosixPath(prefix) / address.decode(path)))


def _occurrences(paths: pa.Array) -> pa.Array:
    """How often each path came before: 0 but where it is listed again."""
    codes = pc.dictionary_encode(paths).indices.to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], codes[order], side="left")
    count = np.empty(len(codes), np.int32)
    count[order] = np.arange(len(codes)) - starts
    return pa.array(count, pa.int32())


def _column(part: Part, name: str, values: pa.Array | None) -> pa.Table:
    filled = pa.nulls(part.records.count) if values is None else values
    return pa.table({name: filled})


def _empty_columns(parts: Sequence[Part], name: str) -> list[pa.Table]:
    return [_column(part, name, None) for part in parts]


def _joined(columns: list[pa.Table]) -> pa.ChunkedArray | None:
    """The parts' columns as one, as text where their types do not agree; None if all are empty."""
    try:
        column = pa.concat_tables(columns, promote_options="permissive").column(0)
    except pa.ArrowTypeError:
        texts = [
            column.cast(pa.schema([(column.column_names[0], pa.string())])) for column in columns
        ]
        column = pa.concat_tables(texts).column(0)
    return None if pa.types.is_null(column.type) else column


def _extra_types(samples: pa.Table) -> dict[str, str]:
    extra = samples.column_names[len(SAMPLE_SCHEMA) :]
    return {name: str(samples.schema.field(name).type) for name in extra}


def _note(
    manifest: Manifest, samples: pa.Table, root: Path, classes: Sequence[str], problems: Problems
) -> None:
    for part in manifest.parts:
        for sentence, times in part.records.troubles:
            problems.add(sentence, times)
    note_lookalikes(classes, problems)
    nameless = len(manifest.named) - len(samples)
    if nameless:
        first = pc.index(manifest.named, False).as_py() + 1
        problems.add(f"{nameless} records name no image, first record {first}.", nameless)
    repeated = pc.sum(pc.greater(samples["occurrence"], 0)).as_py()
    if repeated:
        problems.add(f"{repeated} records name an image that was listed before.", repeated)
    unlabelled = pc.sum(pc.equal(pc.list_value_length(samples["labels"]), 0)).as_py()
    if unlabelled and "label" in manifest.columns:
        problems.add(f"{unlabelled} records have an empty label: unlabelled.", unlabelled)
    _note_missing(samples["path"], root, problems)


def _note_missing(paths: pa.ChunkedArray, root: Path, problems: Problems) -> None:
    """Looks each folder up once: a call for every image is slow on a network."""
    listed: dict[str, frozenset[str]] = {}
    missing: list[str] = []
    for path in paths.to_pylist():
        folder, slash, name = address.decode(path).rpartition("/")
        if folder not in listed:
            listed[folder] = _names(os.path.join(root, folder + slash))  # noqa: PTH118
        if name not in listed[folder]:
            missing.append(path)
    for path in missing[:SHOWN_PROBLEMS]:
        problems.add(f"The image {path} is not in {root}.")
    problems.count += len(missing[SHOWN_PROBLEMS:])


def _names(folder: str) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries)
    except OSError:
        return frozenset()
