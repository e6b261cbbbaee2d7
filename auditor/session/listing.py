"""Findings as a flat table under the column names that cleanlab's users filter on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from auditor.report.files import replacing
from auditor.report.words import evidence_of, evidence_words

FORMATS = ("csv", "json", "parquet")


class NoFindingsError(LookupError):
    """The check has not been run on this project."""


class ListingError(ValueError):
    """The list cannot be written as asked."""


def table(findings: pa.Table) -> pa.Table:
    """One row per finding; several labels are a JSON list in one cell."""
    return pa.table(
        {
            "sample_id": findings["sample_id"],
            "path": findings["path"],
            "row": findings["row"],
            "split": findings["split"],
            "is_label_issue": findings["flagged"],
            "label_score": findings["quality"],
            "given_label": _cells(findings["given"]),
            "predicted_label": _cells(findings["suggested"]),
            "p_error": findings["p_error"],
            "p_error_low": findings["p_error_low"],
            "p_error_high": findings["p_error_high"],
            "related_id": findings["related_id"],
            "decision": findings["verdict"],
            "corrected_label": _cells(findings["labels"]),
            "evidence": findings["evidence"],
            "reason": _reasons(findings["flagged"].to_pylist(), findings["evidence"].to_pylist()),
        }
    )


def _reasons(flagged: list[bool], evidence: list[str | None]) -> pa.Array:
    """The evidence of flagged samples in plain words; of the others null."""
    told = zip(flagged, evidence, strict=True)
    words = [evidence_words(evidence_of(text)) if is_flagged else None for is_flagged, text in told]
    return pa.array(words, pa.string())


def write(rows: pa.Table, out: Path | None, kind: str) -> None:
    """Write to a file, or to stdout where there is none. Raises ListingError."""
    if kind not in FORMATS:
        raise ListingError(f"--format {kind}: write one of {', '.join(FORMATS)}")
    if out is None:
        if kind == "parquet":
            raise ListingError("Parquet is not for a terminal: give -o FILE")
        _write(rows, sys.stdout.buffer, kind)
        return
    with replacing(out) as unfinished, unfinished.open("wb") as sink:
        _write(rows, sink, kind)


def _write(rows: pa.Table, sink: object, kind: str) -> None:
    if kind == "parquet":
        pq.write_table(rows, sink, compression="zstd")
    elif kind == "csv":
        pa_csv.write_csv(rows, sink)
    else:
        records = rows.to_pylist()
        for record in records:
            record["evidence"] = json.loads(record["evidence"]) if record["evidence"] else None
        sink.write(json.dumps(records, ensure_ascii=False, indent=1).encode())  # type: ignore[attr-defined]


def _cells(labels: pa.ChunkedArray) -> pa.ChunkedArray:
    """The label itself where there is one, "" for none, a JSON list for several."""
    one = pc.equal(pc.list_value_length(labels), 1)
    if pc.all(pc.fill_null(one, True)).as_py():
        padded = pc.if_else(pc.fill_null(one, False), labels, pa.scalar([""], labels.type))
        texts = pc.list_element(padded, 0)
        return pc.if_else(pc.is_null(labels), pa.scalar(None, pa.string()), texts)
    cells = [
        None
        if v is None
        else v[0]
        if len(v) == 1
        else json.dumps(v, ensure_ascii=False)
        if v
        else ""
        for v in labels.to_pylist()
    ]
    return pa.chunked_array([pa.array(cells, pa.string())])
