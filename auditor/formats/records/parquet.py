"""Parquet files: columns read alone, rows written back as they were stored."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.formats.base import FormatError
from auditor.formats.output import whole_file
from auditor.formats.records.base import Cell, Records, path_array, text_array
from auditor.model import LABELS

_HUGGING_FACE = b"huggingface"


class Parquet(Records):
    """One Parquet file. Whole numbers that stand for declared class names are read as names."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with opened(path) as file:
            self.schema: pa.Schema = file.schema_arrow
            self.count: int = file.metadata.num_rows
        self.names = tuple(self.schema.names)
        self.declared = {name: declared_classes(self.schema, name) for name in self.names}

    def text(self, column: str) -> pa.Array:
        return as_text(self._read(column), self.declared[column])

    def paths(self, column: str) -> pa.Array:
        return path_array(self.text(column).to_pylist())

    def typed(self, column: str) -> pa.Array | None:
        kind = filter_type(self.schema.field(column).type)
        return None if kind is None else self._read(column).cast(kind)

    def require_fit(self, column: str, cells: Mapping[int, Cell]) -> None:
        names = (*self.declared[column], *new_classes(self.declared[column], cells.values()))
        stored(list(cells.values()), self.schema.field(column), names)

    def rewrite(
        self, target: Path, column: str | None, cells: Mapping[int, Cell], drop: AbstractSet[int]
    ) -> None:
        names = () if column is None else new_classes(self.declared[column], cells.values())
        rewrite(self._path, target, column, cells, drop, added_classes=names)

    def _read(self, column: str) -> pa.Array:
        if column not in self._cache:
            with opened(self._path) as file:
                data = file.read(columns=[column]).column(0)
            self._cache[column] = data.combine_chunks() if data.num_chunks != 1 else data.chunk(0)
        return self._cache[column]

    @cached_property
    def _cache(self) -> dict[str, pa.Array]:
        return {}


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """The open file. Raises FormatError where its bytes are not what Parquet promises."""
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise FormatError(f"{path} cannot be read as Parquet: {error}") from error


def declared_classes(schema: pa.Schema, column: str) -> tuple[str, ...]:
    """The names behind the whole numbers of a Hugging Face ClassLabel column; else empty."""
    feature = _class_label(_features(schema).get(column))
    return () if feature is None else tuple(map(str, feature["names"]))


def image_features(schema: pa.Schema) -> list[str]:
    """Columns that the Hugging Face metadata declares to be images."""
    return [
        name
        for name, feature in _features(schema).items()
        if isinstance(feature, dict) and feature.get("_type") == "Image"
    ]


def filter_type(kind: pa.DataType) -> pa.DataType | None:
    """The plain type a column can be sorted and filtered as; None for bytes, lists and structs."""
    if pa.types.is_dictionary(kind):
        return filter_type(kind.value_type)
    if _is_text(kind):
        return pa.string()
    if pa.types.is_float16(kind):
        return pa.float32()
    plain = pa.types.is_primitive(kind) or pa.types.is_decimal(kind)
    return kind if plain and not pa.types.is_null(kind) else None


def as_text(column: pa.Array, classes: tuple[str, ...]) -> pa.Array:
    """Values as string or list<string>, numbers by their class name; null and "" are null."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if is_list(column.type):
        inner = as_text(pc.list_flatten(column), classes)
        lengths = pc.fill_null(pc.list_value_length(column), 0)
        offsets = np.concatenate([[0], np.cumsum(lengths.to_numpy(zero_copy_only=False))])
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), inner).cast(LABELS)
    if classes and pa.types.is_integer(column.type):
        valid = pc.and_(pc.greater_equal(column, 0), pc.less(column, len(classes)))
        return pa.array(classes, pa.string()).take(pc.if_else(valid, column, None).cast(pa.int64()))
    if _is_text(column.type):
        text = column.cast(pa.string())
        return pc.if_else(pc.equal(text, ""), None, text)
    if filter_type(column.type) is None and not pa.types.is_null(column.type):
        raise FormatError(f"A column of type {column.type} holds neither text nor numbers.")
    return text_array([_written(value) for value in column.to_pylist()])


def new_classes(classes: tuple[str, ...], cells: Any) -> tuple[str, ...]:
    """Labels that the declared classes lack, in order; empty where no classes are declared."""
    if not classes:
        return ()
    labels = (label for cell in cells for label in (cell if isinstance(cell, list) else [cell]))
    known = set(classes)
    return tuple(dict.fromkeys(label for label in labels if label and label not in known))


def stored(cells: list[Cell], field: pa.Field, classes: tuple[str, ...]) -> pa.Array:
    """Label cells as the column stores them. Raises FormatError if one does not fit."""
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    values = [None if cell is None else _value(cell, kind, classes) for cell in cells]
    if any(value is None for value in values) and not field.nullable:
        raise FormatError(f"The column {field.name!r} must have a label in every row.")
    return pa.array(values, field.type)


def rewrite(
    source: Path,
    target: Path,
    column: str | None,
    cells: Mapping[int, Cell],
    drop: AbstractSet[int],
    *,
    added_classes: tuple[str, ...] = (),
) -> None:
    """Write a Parquet file with some label cells replaced and some rows left out.

    Schema, metadata, row groups, compression and encodings stay; memory holds one row group. A
    file without a change is copied byte for byte.
    """
    if not cells and not drop and not added_classes:
        with whole_file(target) as partial:
            shutil.copyfile(source, partial)
        return
    with whole_file(target) as partial, pq.ParquetFile(source) as file:
        schema = file.schema_arrow
        if column is not None and added_classes:
            schema = _declaring(schema, column, added_classes)
        with pq.ParquetWriter(partial, schema, **_storage(file.metadata)) as writer:
            for group in _edited_groups(file, schema, column, cells, drop):
                writer.write_table(group, row_group_size=max(1, len(group)))


def _edited_groups(
    file: pq.ParquetFile,
    schema: pa.Schema,
    column: str | None,
    cells: Mapping[int, Cell],
    drop: AbstractSet[int],
) -> Iterator[pa.Table]:
    start = 0
    for number in range(file.num_row_groups):
        group = file.read_row_group(number).replace_schema_metadata(schema.metadata)
        rows = range(start, start + len(group))
        changed = [row for row in rows if row in cells]
        if changed and column is not None:
            group = _with_cells(group, column, {row - start: cells[row] for row in changed})
        kept = [row not in drop for row in rows]
        if not all(kept):
            group = group.filter(pa.array(kept, pa.bool_()))
        if len(group) or not len(rows):
            yield group
        start = rows.stop


def _with_cells(group: pa.Table, column: str, cells: Mapping[int, Cell]) -> pa.Table:
    """Rows are taken from the old column and the new cells, end to end: any type can be taken."""
    position = group.schema.get_field_index(column)
    field = group.schema.field(position)
    new = stored(list(cells.values()), field, declared_classes(group.schema, column))
    order = np.arange(len(group))
    order[list(cells)] = len(group) + np.arange(len(cells))
    old = group.column(position)
    both = pa.chunked_array([*old.chunks, new], field.type).unify_dictionaries()
    return group.set_column(position, field, both.take(pa.array(order)))


def _storage(metadata: pq.FileMetaData) -> dict[str, Any]:
    """The writer's options that store columns as this file does."""
    group = metadata.row_group(0) if metadata.num_row_groups else None
    columns = [] if group is None else [group.column(i) for i in range(metadata.num_columns)]
    codec = {"UNCOMPRESSED": "NONE", "LZ4_RAW": "LZ4"}
    return {
        "compression": {c.path_in_schema: codec.get(c.compression, c.compression) for c in columns}
        or "snappy",
        "use_dictionary": [c.path_in_schema for c in columns if c.has_dictionary_page],
        "write_statistics": [c.path_in_schema for c in columns if c.is_stats_set],
        "version": metadata.format_version if metadata.format_version != "1.0" else "1.0",
        "use_deprecated_int96_timestamps": any(c.physical_type == "INT96" for c in columns),
        "store_schema": b"ARROW:schema" in (metadata.metadata or {}),
    }


def _features(schema: pa.Schema) -> dict[str, Any]:
    try:
        info = json.loads((schema.metadata or {}).get(_HUGGING_FACE, b"{}"))
        features = info.get("info", {}).get("features", {})
    except (ValueError, AttributeError):
        return {}
    return features if isinstance(features, dict) else {}


def _class_label(feature: Any) -> dict[str, Any] | None:
    """The ClassLabel in a feature, if it is one or a sequence of them."""
    if isinstance(feature, list) and feature:
        return _class_label(feature[0])
    if not isinstance(feature, dict):
        return None
    if feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list):
        return feature
    return _class_label(feature.get("feature"))


def _declaring(schema: pa.Schema, column: str, names: tuple[str, ...]) -> pa.Schema:
    metadata = dict(schema.metadata)
    info = json.loads(metadata[_HUGGING_FACE])
    feature = _class_label(info["info"]["features"][column])
    if feature is None:
        raise FormatError(f"The column {column!r} declares no classes.")
    feature["names"] += names
    if "num_classes" in feature:
        feature["num_classes"] = len(feature["names"])
    metadata[_HUGGING_FACE] = json.dumps(info).encode()
    return schema.with_metadata(metadata)


def _value(cell: str | list[str], kind: pa.DataType, classes: tuple[str, ...]) -> Any:
    if isinstance(cell, list):
        return [_scalar(label, kind.value_type, classes) for label in cell]
    return _scalar(cell, kind, classes)


def _scalar(label: str, kind: pa.DataType, classes: tuple[str, ...]) -> Any:
    if classes and pa.types.is_integer(kind):
        return classes.index(label)
    if _is_text(kind):
        return label
    try:
        return pa.scalar(label, pa.string()).cast(kind).as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise FormatError(f"The label {label!r} does not fit a column of type {kind}.") from error


def _written(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def is_list(kind: pa.DataType) -> bool:
    """Whether each value of this type is a list."""
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
