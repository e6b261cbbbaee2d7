"""What the one pass over the bytes found, and the thumbnails, packed into one file.

An image that is looked at again stays known until then: only if its bytes or its reason differ
does the data version grow.

A file per thumbnail would mean a million small files. The pack is only ever
appended to and each row says where its picture lies, so a torn write at the end
is never looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.model import MEDIA_SCHEMA, ChangeSet
from auditor.store import project
from auditor.store.db import Connection, arrow, first, insert

_STORED = [name for name in MEDIA_SCHEMA.names if name != "thumbnail"]


@dataclass(frozen=True, slots=True)
class SaveMedia:
    """Rows of MEDIA_SCHEMA, replacing what was known of those samples."""

    rows: pa.Table
    pack: Path

    def __call__(self, db: Connection) -> ChangeSet:
        starts, lengths = _append(self.pack, self.rows["thumbnail"].combine_chunks())
        stored = (
            self.rows.select(_STORED)
            .append_column("thumbnail_start", pa.array(starts))
            .append_column("thumbnail_length", pa.array(lengths))
        )
        insert(db, "create temp table seen as select * from incoming", stored)
        if first(db, _DIFFERS):
            project.put(db, "data_version", project.data_version(db) + 1)
        db.execute("delete from media where sample_id in (select sample_id from seen)")
        db.execute("insert into media by name select * from seen")
        db.execute("drop table seen")
        return ChangeSet(frozenset({"media", "project"}))


_DIFFERS = (
    "select 1 from seen join media m using (sample_id)"
    " where (seen.sha256, seen.reason) is distinct from (m.sha256, m.reason) limit 1"
)


def _append(pack: Path, pictures: pa.BinaryArray) -> tuple[np.ndarray, np.ndarray]:
    lengths = pc.fill_null(pc.binary_length(pictures), 0).to_numpy(zero_copy_only=False)
    with pack.open("ab") as out:
        first = out.seek(0, 2)
        for picture in pictures:
            if picture.is_valid:
                out.write(picture.as_buffer())
        out.flush()
    starts = first + np.concatenate([[0], np.cumsum(lengths[:-1], dtype=np.int64)])
    return starts[: len(lengths)].astype(np.int64), lengths.astype(np.int32)


def thumbnails(db: Connection, pack: Path, sample_ids: list[int]) -> dict[int, bytes]:
    """Encoded pictures (JPEG or PNG) of those samples that have one."""
    rows = db.execute(
        "select sample_id, thumbnail_start, thumbnail_length from media"
        " where thumbnail_length > 0 and sample_id in (select unnest(?::bigint[]))",
        [sample_ids],
    ).fetchall()
    pictures: dict[int, bytes] = {}
    if rows:
        with pack.open("rb") as packed:
            for sample_id, start, length in sorted(rows, key=lambda row: int(row[1])):
                packed.seek(start)
                pictures[sample_id] = packed.read(length)
    return pictures


def unscanned(db: Connection) -> pa.Table:
    """Present samples that the pass has not seen as they are now: sample_id, path, row."""
    return arrow(
        db,
        'select s.sample_id, s.path, s."row" from sample s left join media m using (sample_id)'
        " where s.present and coalesce(m.stale, true) order by s.sample_id",
    )


def stamps(db: Connection) -> pa.Table:
    """Size and time of each scanned file, to notice that it changed."""
    return arrow(
        db,
        'select s.sample_id, s.path, s."row", m.byte_size, m.mtime_ns from sample s'
        " join media m using (sample_id) where s.present order by s.sample_id",
    )


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Have these samples scanned again."""

    sample_ids: list[int]

    def __call__(self, db: Connection) -> ChangeSet:
        db.execute(
            "update media set stale = true where sample_id in (select unnest(?::bigint[]))",
            [self.sample_ids],
        )
        return ChangeSet(frozenset({"media"}))


def unreadable(db: Connection) -> dict[str, int]:
    """Count of unreadable images by reason."""
    return dict(
        db.execute(
            "select reason, count(*) from media join sample using (sample_id)"
            " where present and reason is not null group by reason order by reason"
        ).fetchall()
    )


def unreadable_samples(db: Connection, limit: int) -> list[dict[str, Any]]:
    """Those that could not be read, in import order: sample_id, path, row, reason, detail."""
    table = arrow(
        db,
        "select s.sample_id, s.path, s.\"row\", m.reason, coalesce(m.detail, '') as detail"
        " from sample s join media m using (sample_id)"
        " where s.present and m.reason is not null order by s.sample_id limit ?",
        [limit],
    )
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def readable(db: Connection) -> pa.Table:
    """Present samples whose pixels are known: sample_id, pixel_hash."""
    return arrow(
        db,
        "select s.sample_id, m.pixel_hash from sample s join media m using (sample_id)"
        " where s.present and m.pixel_hash is not null order by s.sample_id",
    )


def hashes(db: Connection) -> list[str | None]:
    """SHA-256 of each present image's bytes, in sample_id order."""
    rows = db.execute(
        "select m.sha256 from sample s join media m using (sample_id) where s.present order by s.sample_id"
    ).fetchall()
    return [value for (value,) in rows]
