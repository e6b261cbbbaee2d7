"""`findings.parquet`: the flagged samples of every check, by path; the gate and a baseline read it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.model import LABELS
from auditor.report.files import replacing, sha256_of
from auditor.report.result import FileReference

FILE_NAME = "findings.parquet"
UNREADABLE = "unreadable_images"
"""The name under which unreadable files are counted and gated, though no check finds them."""

TABLE_SCHEMA = pa.schema(
    [
        pa.field("check", pa.string(), nullable=False),
        pa.field("sample_id", pa.int64(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("row", pa.int64()),
        pa.field("occurrence", pa.int32(), nullable=False),
        pa.field("sha256", pa.string()),
        pa.field("split", pa.string()),
        pa.field("labels", LABELS),
        pa.field("suggested", LABELS),
        pa.field("quality", pa.float32()),
        pa.field("p_error", pa.float32()),
        pa.field("p_error_low", pa.float32()),
        pa.field("p_error_high", pa.float32()),
        pa.field("related_id", pa.int64()),
        # A reason code for unreadable files, a check's evidence (JSON) else.
        pa.field("evidence", pa.string()),
    ]
)


class FindingsError(ValueError):
    """A findings file is not one that this version can read."""


def flagged_rows(check: str, joined: pa.Table) -> pa.Table:
    """The flagged rows of a check as TABLE_SCHEMA.

    `joined` has FINDING_SCHEMA beside the samples' path, row, occurrence, sha256, split, labels.
    """
    rows = joined.filter(pc.fill_null(joined["flagged"], False))
    return _as_table(check, rows)


def unreadable_rows(samples: pa.Table) -> pa.Table:
    """Unreadable samples (sample_id, path, row, occurrence, reason, ...) as TABLE_SCHEMA."""
    return _as_table(UNREADABLE, samples.append_column("evidence", samples["reason"]))


def concat(tables: Iterable[pa.Table]) -> pa.Table:
    """All checks' rows, in an order that does not depend on who finished first."""
    table = pa.concat_tables([TABLE_SCHEMA.empty_table(), *tables]).combine_chunks()
    order = [(name, "ascending") for name in ("check", "path", "row", "occurrence", "sample_id")]
    return table.sort_by(order)


def write(table: pa.Table, path: Path) -> FileReference:
    """Write the table, and say what `result.json` should say of it."""
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    return FileReference(path=path.name, rows=table.num_rows, sha256=sha256_of(path))


def read(path: Path) -> pa.Table:
    """Raises FindingsError where the file is missing, broken or of another shape."""
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise FindingsError(f"{path} cannot be read as a findings file: {error}") from None
    missing = set(TABLE_SCHEMA.names) - set(table.column_names)
    if missing:
        raise FindingsError(
            f"{path} is not a findings file: it has no {', '.join(sorted(missing))}"
        )
    return table.select(TABLE_SCHEMA.names).cast(TABLE_SCHEMA)


def _as_table(check: str, rows: pa.Table) -> pa.Table:
    columns = {}
    for field in TABLE_SCHEMA:
        if field.name == "check":
            columns[field.name] = pa.array([check] * rows.num_rows, field.type)
        elif field.name in rows.column_names:
            columns[field.name] = rows[field.name].cast(field.type)
        elif field.name == "occurrence":
            columns[field.name] = pa.array([0] * rows.num_rows, field.type)
        else:
            columns[field.name] = pa.nulls(rows.num_rows, field.type)
    return pa.table(columns, schema=TABLE_SCHEMA)
