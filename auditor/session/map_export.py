"""Label maps of pictures that show further labels, as a file for training code (ReLabel)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.ml import label_maps
from auditor.ml.crops import Box
from auditor.report.files import replacing
from auditor.report.words import evidence_of
from auditor.session import listing
from auditor.store import project, runs
from auditor.store.db import Connection

CHECK = "multi_label"
_CROPS = 200
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


def write_crop_safety(db: Connection, target: Path) -> bool:
    """Write which pictures' label survives random crops; False where the check left no places.

    path, row, label, support, safe_share: of 200 random resized crops, the share whose pooled soft
    label still has the label first. Empty where only parts of the picture are known to show it, and
    no map was kept.
    """
    if runs.latest(db, CHECK) is None:
        return False
    boxes = label_maps.random_crops(_CROPS, seed=0)
    rows = runs.findings(db, CHECK).select(["path", "row", "given", "evidence"]).to_pylist()
    known = [(row, evidence_of(row["evidence"])) for row in rows if len(row["given"]) == 1]
    told = [_safety(row, facts, boxes) for row, facts in known if "support" in facts]
    if not told:
        return False
    listing.write(pa.Table.from_pylist(told), target, "csv")
    return True


def _safety(row: dict[str, Any], facts: dict[str, Any], boxes: Sequence[Box]) -> dict[str, Any]:
    (label,) = row["given"]
    # Where every part shows it, every crop does.
    share = 1.0 if facts["support"] == 1 else None
    if cells := facts.get("map"):
        pairs = np.array(cells["cells"])
        whole = np.zeros((*pairs.shape[:2], len(cells["classes"])))
        np.put_along_axis(whole, pairs[:, :, ::2], pairs[:, :, 1::2] / 100, axis=2)
        names = cells["classes"]
        share = label_maps.crop_safety(whole, names.index(label), boxes) if label in names else 0.0
    keys = {name: row[name] for name in ("path", "row")}
    return {**keys, "label": label, "support": facts["support"], "safe_share": share}


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
