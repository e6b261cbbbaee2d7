"""What is known about samples before anything is asked: labels, and what the label check found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.session.needs import Ready


def one_label(table: pa.Table) -> pa.Array:
    """The one label of each sample; null where there is none, or several."""
    labels = table["labels"].combine_chunks()
    one = pc.equal(pc.list_value_length(labels), 1)
    return pc.list_element(pc.if_else(one, labels, pa.array([[None]], labels.type)[0]), 0)


def aligned(found: pa.Table, ids: npt.NDArray[np.int64], name: str) -> npt.NDArray[np.float64]:
    """The column for each id; NaN where it has none."""
    values = _rows_of(found, pa.array(ids))[name].combine_chunks().cast(pa.float64())
    found_values: npt.NDArray[np.float64] = values.to_numpy(zero_copy_only=False)
    return found_values


def shows_another(found: pa.Table, table: pa.Table) -> npt.NDArray[np.bool_]:
    """Of samples with one label, whether the label check sees another class in the picture."""
    shows = _rows_of(found, table["sample_id"])["shows"].combine_chunks()
    differs = pc.not_equal(one_label(table), shows)
    flags: npt.NDArray[np.bool_] = pc.fill_null(differs, False).to_numpy(zero_copy_only=False)
    return flags


def likely_classes(found: pa.Table | None, ids: npt.NDArray[np.int64]) -> list[list[str]]:
    """Classes in order of likelihood as the label check says, for each id; [] where it does not."""
    if found is None:
        return [[] for _ in ids]
    rows = _rows_of(found, pa.array(ids))
    told = (rows[name].to_pylist() for name in ("shows", "suggested", "evidence"))
    return [_ranked(*one) for one in zip(*told, strict=True)]


def _rows_of(found: pa.Table, ids: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The row of each sample; nulls for one that has none."""
    return found.take(pc.index_in(ids, value_set=found["sample_id"].combine_chunks()))


def _ranked(shows: str | None, suggested: list[str] | None, evidence: str | None) -> list[str]:
    facts: Mapping[str, Any] = json.loads(evidence) if evidence else {}
    # What the picture shows, whatever its label: answers about it tell how good both views are.
    first = () if shows is None else (shows,)
    every = (*first, *(suggested or ()), *(name for name, _ in facts.get("classes", ())))
    return list(dict.fromkeys(every))


def written(table: pa.Table, path: Path, facts: str) -> Ready:
    """A table as a file that a check's worker maps; its content is its identity."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content = sink.getvalue()
    path.write_bytes(content)
    digest = hashlib.sha256(facts.encode() + content.to_pybytes()).hexdigest()
    return Ready(path, digest[:32])
