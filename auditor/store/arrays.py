"""Features and probabilities beside the database: memory-mapped `.npy`, one row per sample id.

A feature row counts as computed when the hash stored for it equals the hash of the
sample's pixels. It is written first and its hash after it, so a process that dies
in between leaves rows that are merely computed again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.model import ChangeSet
from auditor.store import project
from auditor.store.db import Connection

BLOCK = 65_536


class Features:
    """The computed features of one encoder, float16, growing with the data set."""

    def __init__(self, folder: Path, key: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{key}.npy"
        self._hash_path = folder / f"{key}.rows.npy"

    def pending(
        self, pixel_hashes: pa.ChunkedArray, sample_ids: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Positions among `sample_ids` whose features are missing or of other pixels."""
        wanted = row_hashes(pixel_hashes)
        if not (self.path.exists() and self._hash_path.exists()):
            return np.arange(len(sample_ids))
        have = np.load(self._hash_path)
        known = np.zeros(len(sample_ids), np.uint64)
        inside = sample_ids < len(have)
        known[inside] = have[sample_ids[inside]]
        return np.flatnonzero(known != wanted)

    def prepare(self, rows: int, dim: int) -> None:
        """Make room for `rows` rows, keeping those there are."""
        if not self.path.exists():  # else the hashes would vouch for rows of zeros
            self._hash_path.unlink(missing_ok=True)
        for path, shape, dtype in (
            (self._hash_path, (rows,), np.uint64),
            (self.path, (rows, dim), np.float16),
        ):
            _grow(path, shape, np.dtype(dtype))

    def put(
        self,
        sample_ids: npt.NDArray[np.int64],
        values: npt.NDArray[Any],
        pixel_hashes: pa.ChunkedArray,
    ) -> None:
        features = np.load(self.path, mmap_mode="r+")
        features[sample_ids] = values
        features.flush()
        hashes = np.load(self._hash_path, mmap_mode="r+")
        hashes[sample_ids] = row_hashes(pixel_hashes)
        hashes.flush()

    def digest(self) -> str:
        """Of which rows there are, and of what pixels; "" where there are none."""
        if not self._hash_path.exists():
            return ""
        with self._hash_path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def row_hashes(pixel_hashes: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """The first 64 bits of each hex pixel hash; 0 stands for none and never for a hash."""
    starts = pc.fill_null(pc.utf8_slice_codeunits(pixel_hashes, 0, 16), "0" * 16)
    text = "".join(starts.to_pylist())
    values = np.frombuffer(bytes.fromhex(text), ">u8").astype(np.uint64)
    return np.where(pixel_hashes.is_valid().to_numpy(), values | np.uint64(1), np.uint64(0))


def _grow(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    old = np.load(path, mmap_mode="r") if path.exists() else None
    if old is not None and old.shape == shape:
        return
    fresh_path = path.with_suffix(".new")
    fresh = create(fresh_path, shape, dtype)
    if old is not None and old.shape[1:] == shape[1:]:
        for block in blocks(min(len(old), shape[0])):
            fresh[block] = old[block]
    fresh.flush()
    del fresh, old
    fresh_path.replace(path)


def create(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.memmap[Any, Any]:
    """A new writable map of zeros whose room on the disk is taken at once.

    Writing into a sparse map when the disk is full would end the process by SIGBUS; taking the
    room first raises OSError instead.
    """
    rows: np.memmap[Any, Any] = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, path.stat().st_size))
    return rows


def blocks(rows: int) -> Iterator[slice]:
    """Slices that cover `rows` rows, BLOCK at a time."""
    return (slice(start, min(start + BLOCK, rows)) for start in range(0, rows, BLOCK))


class Attach:
    """Remember an array that the user brought, already written to `path`.

    `without` are the samples that had left the source and have no row in it.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        shape: tuple[int, ...],
        digest: str,
        source: str,
        without: Sequence[int] = (),
    ) -> None:
        self._name = name
        self._facts = {
            "file": path.name,
            "shape": list(shape),
            "sha256": digest,
            "source": source,
            "without": list(without),
        }

    def __call__(self, db: Connection) -> ChangeSet:
        project.put(db, f"attached:{self._name}", self._facts)
        return ChangeSet(frozenset({"project"}))


def attached(db: Connection, name: str) -> dict[str, Any] | None:
    """Facts of the user's array of that name: file, shape, sha256, source, without."""
    facts: dict[str, Any] | None = project.fact(db, f"attached:{name}")
    return facts


def flaw(db: Connection, name: str) -> str | None:
    """Why the user's array of that name no longer fits the data set; None where it does."""
    facts = attached(db, name)
    if facts is None:
        return None
    rows, columns = facts["shape"]
    ((lacking,),) = db.execute(
        "select count(*) from sample where present"
        " and (sample_id >= ? or sample_id in (select unnest(?::bigint[])))",
        [rows, facts["without"]],
    ).fetchall()
    if lacking:
        return (
            f"the attached {name} has no row for {lacking:,} samples that came later: bring one with"
            " a row for each sample by `auditor attach`"
        )
    classes = len(project.classes(db))
    if name == "pred_probs" and columns != classes:
        return (
            f"the attached pred_probs has {columns:,} columns, and the project now {classes:,} classes:"
            " bring one with a column for each class by `auditor attach`"
        )
    return None
