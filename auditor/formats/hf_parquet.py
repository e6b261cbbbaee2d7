"""Parquet with the image bytes inside, as Hugging Face stores data sets; never unpacked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor import address
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
from auditor.formats.label_cells import join_labels, split_cells
from auditor.formats.output import Edits, prepare
from auditor.formats.records import parquet
from auditor.formats.records.base import Cell
from auditor.formats.records.parquet import Parquet
from auditor.formats.roles import IMAGE_NAMES, first_known, guess_roles, named
from auditor.formats.shards import Shard, find_shards, may_hold_shards, require_shards
from auditor.formats.understanding import (
    BATCH,
    Problems,
    count_splits,
    distinct_labels,
    extra_names,
    note_lookalikes,
    order_classes,
    sample_table,
)

_BYTES_NAMES = (*IMAGE_NAMES, "bytes", "image_bytes", "jpg", "jpeg", "png", "webp")


class HfParquet:
    """A sample is a row; its path is the Parquet file's."""

    id = "hf_parquet"
    title = "Parquet with image bytes, one file or a folder of shards"
    rank = 10

    def recognises(self, source: Path) -> bool:
        try:
            if source.is_dir() and not may_hold_shards(source):
                return False
            shards = find_shards(source)
            return bool(shards) and bool(_image_columns(pq.read_schema(shards[0].file)))
        except (pa.ArrowException, OSError):
            return False

    def column_names(self, source: Path) -> tuple[str, ...]:
        return tuple(Parquet(require_shards(source)[0].file).schema.names)

    def understand(self, source: Path, options: ImportOptions) -> Understanding:
        shards = require_shards(source)
        schema = Parquet(shards[0].file).schema
        problems = Problems()
        image = _image_column(schema, options, source)
        columns = _roles(schema, image, options, problems)
        for shard in shards:
            _require_alike(shard, schema, columns)
        found = _Tally()
        for table in _read(shards, schema, columns, {}, options.label_separator):
            found.add(table)
        label = columns.get("label", "")
        classes = parquet.declared_classes(schema, label) or order_classes(found.classes)
        _note(found, columns, shards, classes, problems)
        return Understanding(
            format=self.id,
            source=source,
            root=source if source.is_dir() else source.parent,
            columns=columns,
            extra_columns=_extra_columns(schema, columns),
            label_separator=options.label_separator or None,
            multi_label=bool(options.label_separator) or _holds_lists(schema, label),
            classes=tuple(classes),
            samples=found.samples,
            splits=dict(found.splits),
            problems=tuple(problems.first),
            problem_count=problems.count,
        )

    def read(self, understood: Understanding) -> Iterator[pa.Table]:
        shards = require_shards(understood.source)
        schema = Parquet(shards[0].file).schema
        extra = _extras(schema, understood.columns)
        return _read(shards, schema, understood.columns, extra, understood.label_separator)

    def write(
        self,
        understood: Understanding,
        edits: pa.Table,
        out: Path,
        *,
        files: FileMode = "copy",
        report: Report = unheard,
    ) -> Written:
        """The same shards; one without a change is copied byte for byte."""
        del files
        shards = require_shards(understood.source)
        wanted = Edits(edits)
        if not understood.multi_label:
            wanted.require_single_label("the column", "settle on one each.")
        if "label" not in understood.columns and any(e.labels for e in wanted.relabelled):
            raise FormatError("The rows have no label column to write the new labels into.")
        plan = [_changes(shard, understood, wanted) for shard in shards]
        wanted.require_all_taken()
        column = understood.columns.get("label")
        added: tuple[str, ...] = ()
        if column is not None:
            cells = [cell for own, _ in plan for cell in own.values()]
            opened = Parquet(shards[0].file)
            opened.require_fit(column, dict(enumerate(cells)))
            added = parquet.new_classes(opened.declared[column], cells)
        prepare(out)
        for done, (shard, (own, drop)) in enumerate(zip(shards, plan, strict=True), 1):
            target = out / shard.relative
            parquet.rewrite(shard.file, target, column, own, drop, added_classes=added)
            report(done, len(shards))
        return Written(
            files=tuple(Path(shard.relative) for shard in shards), renamed={}, skipped=()
        )


FORMAT: Format = HfParquet()


class _Tally:
    """What one pass over the labels finds."""

    def __init__(self) -> None:
        self.samples = 0
        self.unlabelled = 0
        self.classes: set[str] = set()
        self.splits: Counter[str] = Counter()

    def add(self, table: pa.Table) -> None:
        self.samples += len(table)
        labels = table["labels"]
        self.unlabelled += pc.sum(pc.equal(pc.list_value_length(labels), 0)).as_py() or 0
        self.classes.update(distinct_labels(labels))
        self.splits.update(count_splits(table["split"]))


def _image_columns(schema: pa.Schema) -> list[str]:
    """Columns of image bytes: declared ones, structs with `bytes`, bytes under a usual name."""
    declared = parquet.image_features(schema)
    return [
        field.name
        for field in schema
        if (field.name in declared and not parquet.filter_type(field.type))
        or _is_image_struct(field.type)
        or (_is_bytes(field.type) and field.name.casefold() in _BYTES_NAMES)
    ]


def _image_column(schema: pa.Schema, options: ImportOptions, source: Path) -> str:
    if options.image_column is not None:
        column = named(schema.names, options.image_column, "--image-column")
        kind = schema.field(column).type
        if not (_is_bytes(kind) or _is_image_struct(kind)):
            raise FormatError(f"The column {column!r} of {source} holds {kind}, not image bytes.")
        return column
    columns = _image_columns(schema)
    if not columns:
        raise FormatError(f"No column of {source} holds image bytes.")
    if len(columns) == 1:
        return columns[0]
    if known := first_known(columns, IMAGE_NAMES):
        return known
    raise FormatError(
        f"Several columns hold images: {', '.join(columns)}. "
        "Name the one that is meant with --image-column."
    )


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_image_struct(kind: pa.DataType) -> bool:
    if not pa.types.is_struct(kind):
        return False
    place = kind.get_field_index("bytes")
    return place >= 0 and _is_bytes(kind.field(place).type)


def _holds_lists(schema: pa.Schema, column: str) -> bool:
    return bool(column) and parquet.is_list(schema.field(column).type)


def _roles(
    schema: pa.Schema, image: str, options: ImportOptions, problems: Problems
) -> dict[str, str]:
    usable = [
        field.name
        for field in schema
        if parquet.filter_type(field.type) is not None or parquet.is_list(field.type)
    ]
    declared = [name for name in schema.names if parquet.declared_classes(schema, name)]
    return guess_roles(usable, image, options, declared, problems)


def _require_alike(shard: Shard, schema: pa.Schema, columns: dict[str, str]) -> None:
    own = Parquet(shard.file).schema
    for column in columns.values():
        if column not in own.names or own.field(column).type != schema.field(column).type:
            raise FormatError(f"{shard.relative} has no column {column!r} like the first shard's.")
        if parquet.declared_classes(own, column) != parquet.declared_classes(schema, column):
            raise FormatError(f"{shard.relative} declares other classes than the first shard.")


def _extras(schema: pa.Schema, columns: dict[str, str]) -> dict[str, tuple[str, pa.DataType]]:
    """Column -> the name and plain type it is kept under."""
    kinds = {
        field.name: kind
        for field in schema
        if field.name not in columns.values()
        and (kind := parquet.filter_type(field.type)) is not None
    }
    kept = extra_names(kinds)
    return {name: (kept[name], kind) for name, kind in kinds.items()}


def _extra_columns(schema: pa.Schema, columns: dict[str, str]) -> dict[str, str]:
    return {name: str(kind) for name, kind in _extras(schema, columns).values()}


def _read(
    shards: Sequence[Shard],
    schema: pa.Schema,
    columns: dict[str, str],
    extra: dict[str, tuple[str, pa.DataType]],
    separator: str | None,
) -> Iterator[pa.Table]:
    """Samples of all shards; image bytes are never loaded."""
    wanted = [*(column for role, column in columns.items() if role != "image"), *extra]
    classes = parquet.declared_classes(schema, columns.get("label", ""))
    for shard in shards:
        start = 0
        with parquet.opened(shard.file) as file:
            own = [name for name in wanted if name in file.schema_arrow.names]
            for batch in _batches(file, own):
                table = _samples(shard, batch, start, columns, classes, separator)
                for name, (new, kind) in extra.items():
                    values = batch[name] if name in own else pa.nulls(len(batch))
                    table = table.append_column(pa.field(new, kind), values.cast(kind))
                start += len(batch)
                yield table


def _batches(file: pq.ParquetFile, names: list[str]) -> Iterator[pa.Table]:
    """Tables of some columns; with none of them, of none but as many rows."""
    if names:
        for batch in file.iter_batches(batch_size=BATCH, columns=names):
            yield pa.Table.from_batches([batch])
        return
    rows = file.metadata.num_rows
    for start in range(0, rows, BATCH):
        yield pa.table({"": pa.nulls(min(BATCH, rows - start))})


def _samples(
    shard: Shard,
    batch: pa.Table,
    start: int,
    columns: dict[str, str],
    classes: tuple[str, ...],
    separator: str | None,
) -> pa.Table:
    def text(role: str) -> pa.Array:
        if role not in columns:
            return pa.nulls(len(batch), pa.string())
        values = batch[columns[role]].combine_chunks()
        return parquet.as_text(values, classes if role == "label" else ())

    split = text("split") if "split" in columns else pa.array([shard.split] * len(batch), "string")
    return sample_table(
        pa.array([address.encode(shard.relative)] * len(batch), pa.string()),
        split_cells(text("label"), separator),
        row=pa.array(range(start, start + len(batch)), pa.int64()),
        split=split,
        group=text("group"),
    )


def _note(
    found: _Tally,
    columns: dict[str, str],
    shards: Sequence[Shard],
    classes: Sequence[str],
    problems: Problems,
) -> None:
    note_lookalikes(classes, problems)
    if found.unlabelled and "label" in columns:
        problems.add(f"{found.unlabelled} rows have no label: unlabelled.", found.unlabelled)
    for shard in shards:
        count = re.search(r"-of-(\d+)\.parquet$", shard.relative)
        if count and shard is shards[0] and len(shards) < int(count.group(1)):
            problems.add(f"Only {len(shards)} of at least {int(count.group(1))} shards are here.")


def _changes(
    shard: Shard, understood: Understanding, edits: Edits
) -> tuple[dict[int, Cell], set[int]]:
    cells: dict[int, Cell] = {}
    drop: set[int] = set()
    opened = Parquet(shard.file)
    lists = _holds_lists(opened.schema, understood.columns.get("label", ""))
    for row in edits.rows(address.encode(shard.relative)):
        if row >= opened.count:
            continue
        edit = edits.take(address.encode(shard.relative), row)
        if edit is not None and edit.exclude:
            drop.add(row)
        elif edit is not None:
            cells[row] = join_labels(edit.labels, understood.label_separator, lists=lists)
    return cells, drop
