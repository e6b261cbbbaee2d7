"""Label maps of pictures that show further labels, as a file for training code (ReLabel)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.report.files import replacing
from auditor.report.words import evidence_of
from auditor.store import project, runs
from auditor.store.db import Connection

CHECK = "multi_label"
_SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("row", pa.int64()),
        pa.field("height", pa.int16(), nullable=False),
        pa.field("width", pa.int16(), nullable=False),
        # Line by line and cell by cell the likeliest classes first, as many of each cell.
        pa.field("codes", pa.list_(pa.int32()), nullable=False),
        pa.field("scores", pa.list_(pa.float32()), nullable=False),
    ]
)


def write_label_maps(db: Connection, target: Path) -> bool:
    """Write the top classes of each cell of the flagged pictures; False where there are no maps.

    `codes` are places in "classes" of the file's metadata (a JSON list).
    """
    if runs.latest(db, CHECK) is None:
        return False
    found = runs.findings(db, CHECK, only_flagged=True).select(["path", "row", "evidence"])
    classes = list(project.classes(db))
    told = [(row, evidence_of(row["evidence"]).get("map")) for row in found.to_pylist()]
    named = {name for _, cells in told if cells for name in cells["classes"]}
    # What sentences say of a part that shows no class comes after the classes.
    classes += sorted(named - set(classes))
    place = {name: code for code, name in enumerate(classes)}
    records = [_record(row, cells, place) for row, cells in told if cells]
    if not records:
        return False
    schema = _SCHEMA.with_metadata({"classes": json.dumps(classes, ensure_ascii=False)})
    with replacing(target) as unfinished:
        pq.write_table(pa.Table.from_pylist(records, schema=schema), unfinished, compression="zstd")
    return True


def _record(row: dict[str, Any], cells: dict[str, Any], place: dict[str, int]) -> dict[str, Any]:
    """A stored map, whose cells have pairs of (place in its own classes, per cent)."""
    pairs = np.array(cells["cells"])
    codes = np.array([place[name] for name in cells["classes"]])[pairs[:, :, ::2]]
    return {
        "path": row["path"],
        "row": row["row"],
        "height": pairs.shape[0],
        "width": pairs.shape[1],
        "codes": codes.ravel(),
        "scores": pairs[:, :, 1::2].ravel() / 100,
    }
