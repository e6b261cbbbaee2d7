"""Small Arrow tables for tests, in the schemas that the engine passes around."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from auditor.model import LABELS, SAMPLE_SCHEMA
from auditor.store.db import Store
from auditor.store.review import DECISION_SCHEMA
from auditor.store.samples import ImportCounts, ImportSamples


def samples(labels: Sequence[str], **extra: Sequence[Any]) -> pa.Table:
    """One image file per label: 0.png, 1.png, ...; `extra` are further columns."""
    count = len(labels)
    rows = pa.table(
        {
            "path": [f"{i}.png" for i in range(count)],
            "row": pa.nulls(count, pa.int64()),
            "occurrence": pa.array([0] * count, pa.int32()),
            "labels": pa.array([[label] for label in labels], LABELS),
            "split": pa.nulls(count, pa.string()),
            "group": pa.nulls(count, pa.string()),
        },
        schema=SAMPLE_SCHEMA,
    )
    for name, values in extra.items():
        rows = rows.append_column(name, pa.array(values))
    return rows


def import_rows(store: Store, rows: pa.Table, classes: Sequence[str] = ()) -> ImportCounts:
    step = ImportSamples([rows], classes)
    store.write(step).result()
    return step.counts


def decisions(
    sample_ids: Sequence[int],
    verdict: str | None,
    label: str | None = None,
    note: str | None = None,
) -> pa.Table:
    rows = [
        {"sample_id": i, "verdict": verdict, "labels": [label] if label else None, "note": note}
        for i in sample_ids
    ]
    return pa.Table.from_pylist(rows, schema=DECISION_SCHEMA)
