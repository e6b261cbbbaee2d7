"""The files of an export that say what changed: changes.jsonl, changes.csv, soft labels, manifest."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.report.files import replacing, sha256_of, write_text

MANIFEST_VERSION = "1.0"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
SOFT_LABEL_BLOCK = 65_536


class ExportError(ValueError):
    """What an export was given does not fit together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRecord:
    """One change that a decision made to a sample: the line of a patch."""

    id: int
    path: str
    row: int | None = None
    sha256: str | None = None
    field: str
    """`label`, or `exclude`."""
    old: tuple[str, ...] | bool
    new: tuple[str, ...] | bool
    verdict: str
    reviewer: str
    reason: str = ""
    note: str = ""
    at: datetime
    evidence_ref: str = ""


class Probabilities(Protocol):
    """N x K numbers that are read a block at a time: an array, or what acts like one."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    def __getitem__(self, rows: slice, /) -> npt.NDArray[np.floating[Any]]: ...


COLUMNS = tuple(f.name for f in fields(ChangeRecord))


def write_jsonl(path: Path, changes: Iterable[ChangeRecord]) -> int:
    """One JSON object a line, in the order given; returns how many."""
    lines = [json.dumps(_plain(change), ensure_ascii=False) for change in changes]
    write_text(path, "".join(f"{line}\n" for line in lines))
    return len(lines)


def write_csv(path: Path, changes: Iterable[ChangeRecord]) -> int:
    """The same as a table for spreadsheets; labels as a JSON list, no cell a formula."""
    text = io.StringIO()
    # With "\n" alone the csv module would leave a carriage return in a cell unquoted.
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    rows = [[_cell(value) for value in _plain(change).values()] for change in changes]
    writer.writerows(rows)
    write_text(path, text.getvalue())
    return len(rows)


def guard(text: str) -> str:
    """Text that a spreadsheet will not run: a leading apostrophe where it looks like a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def write_soft_labels(
    path: Path,
    samples: pa.Table,
    probabilities: Probabilities,
    classes: Sequence[str],
) -> int:
    """Class probabilities of each sample as a float32 list column, in blocks.

    `samples` has path and row; `probabilities` is N x K (float16 to float64), its columns in the
    order of `classes`, which the file's metadata holds as JSON under "classes".
    Raises ExportError where the shapes differ.
    """
    if probabilities.shape != (samples.num_rows, len(classes)):
        raise ExportError(
            f"soft labels need {samples.num_rows} x {len(classes)} probabilities, "
            f"not {' x '.join(map(str, probabilities.shape))}"
        )
    width = len(classes)
    schema = pa.schema(
        [
            pa.field("path", pa.string(), nullable=False),
            pa.field("row", pa.int64()),
            pa.field("probabilities", pa.list_(pa.float32(), width)),
        ],
        metadata={"classes": json.dumps(list(classes)), "schema_version": MANIFEST_VERSION},
    )
    with replacing(path) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for start in range(0, samples.num_rows, SOFT_LABEL_BLOCK):
            rows = samples.slice(start, SOFT_LABEL_BLOCK).combine_chunks()
            block = np.asarray(probabilities[start : start + SOFT_LABEL_BLOCK], dtype=np.float32)
            flat = pa.array(block.ravel())
            values = pa.FixedSizeListArray.from_arrays(flat, width)
            writer.write_table(pa.table([rows["path"], rows["row"], values], schema=schema))
    return int(samples.num_rows)


def write_manifest(
    path: Path,
    *,
    tool: str,
    version: str,
    project: str,
    created: datetime,
    source: str,
    inputs: Mapping[str, str],
    fingerprint: str,
    counts: Mapping[str, int],
    files: Sequence[str],
) -> None:
    """What an export was made from and what it wrote, so that both can be verified.

    `inputs` has the sha256 of each source file that was read as a whole (a manifest, a Parquet
    file), `fingerprint` is of all samples (files.input_fingerprint). `files` are POSIX paths
    relative to the manifest's folder; their sizes and hashes are taken here.
    """
    written = [
        {"path": name, "bytes": full.stat().st_size, "sha256": sha256_of(full)}
        for name, full in ((name, path.parent / name) for name in sorted(files))
    ]
    manifest = {
        "schema_version": MANIFEST_VERSION,
        "tool": {"name": tool, "version": version},
        "project": project,
        "created": created.isoformat(),
        "input": {
            "source": source,
            "fingerprint": fingerprint,
            "files": dict(sorted(inputs.items())),
        },
        "counts": dict(sorted(counts.items())),
        "files": written,
    }
    write_text(path, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def _plain(change: ChangeRecord) -> dict[str, Any]:
    return {**asdict(change), "at": change.at.isoformat()}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    return guard(str(value))
