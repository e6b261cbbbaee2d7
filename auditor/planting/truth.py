"""What was planted where: written beside the planted set, read by scoring and by restoring."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.planting.base import PlantingError

TRUTH_SCHEMA = pa.schema(
    [
        # Of the sample in the planted set: see auditor.model.SAMPLE_SCHEMA.
        pa.field("path", pa.string(), nullable=False),
        pa.field("row", pa.int64()),
        pa.field("occurrence", pa.int32(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        # JSON: the settled options, what was drawn, and `of`: the sample a copy was made of.
        pa.field("detail", pa.string(), nullable=False),
        # As the planted set has it, and as it was.
        pa.field("given_label", pa.string()),
        pa.field("true_label", pa.string()),
        # The file as it was, relative to the truth's folder; null for a file that is new.
        pa.field("original", pa.string()),
    ]
)

_FILE = "truth.parquet"
_ADDED = b"auditor.added_files"
_KEPT = b"auditor.kept_files"
ORIGINALS = "originals"


@dataclass(frozen=True, slots=True)
class Truth:
    """The table, and what it takes to undo the planting."""

    table: pa.Table
    folder: Path
    added: tuple[str, ...]
    """Files of the planted set that the original has not; relative to it."""
    kept: tuple[str, ...]
    """Files that were changed or moved away; as they were, in `folder`/originals."""

    @property
    def path(self) -> Path:
        return self.folder / _FILE

    def counts(self) -> dict[str, int]:
        """Samples planted, by kind."""
        found: dict[str, int] = {}
        for kind in self.table["kind"].to_pylist():
            found[kind] = found.get(kind, 0) + 1
        return found


def folder_beside(out: Path) -> Path:
    """Where the truth about the planted set `out` is kept."""
    return out.with_name(out.name + ".truth")


def write(truth: Truth) -> None:
    lists = {_ADDED: truth.added, _KEPT: truth.kept}
    facts = {key: json.dumps(names).encode() for key, names in lists.items()}
    truth.folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(truth.table.replace_schema_metadata(facts), truth.path)


def read(path: Path) -> Truth:
    """The truth in a file or its folder. Raises PlantingError if there is none."""
    file = path / _FILE if path.is_dir() else path
    try:
        table = pq.read_table(file)
    except (OSError, pa.ArrowException) as error:
        raise PlantingError(f"{file} is no truth file of a planting: {error}") from error
    missing = sorted(set(TRUTH_SCHEMA.names) - set(table.column_names))
    if missing:
        raise PlantingError(f"{file} is no truth file of a planting: no column {missing[0]}.")
    facts = table.schema.metadata or {}
    added, kept = (tuple(json.loads(facts.get(key, b"[]"))) for key in (_ADDED, _KEPT))
    plain = table.replace_schema_metadata(None).select(TRUTH_SCHEMA.names).cast(TRUTH_SCHEMA)
    return Truth(plain, file.parent, added, kept)
