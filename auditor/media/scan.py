"""The one pass over the images' bytes: everything a sample's image is ever asked for."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from auditor.media import statistics
from auditor.media.decode import MAX_PIXELS, Facts, decode
from auditor.media.errors import ImageError
from auditor.media.source import ImageSource
from auditor.media.thumbnail import small_copy, thumbnail
from auditor.model import MEDIA_SCHEMA, QUALITY_STATISTICS

_BLOCK = 256
"""Images whose small copies are in memory together: 50 MB at most."""

_BATCH_PIXELS = 1 << 16
"""Pixels measured together: their 32-bit copies stay in the processor's cache."""

_REPORT_SECONDS = 0.2


@dataclass(slots=True)
class _Seen:
    """What is known of one image so far."""

    sample_id: int
    reason: str | None = None
    detail: str | None = None
    byte_size: int | None = None
    mtime_ns: int | None = None
    sha256: str | None = None
    facts: Facts | None = None
    pixel_hash: str | None = None
    thumbnail: bytes | None = None
    copy: npt.NDArray[np.uint8] | None = None


def scan(
    samples: pa.Table,
    source: ImageSource,
    report: Callable[[int, int], None],
    *,
    max_pixels: int = MAX_PIXELS,
) -> pa.Table:
    """Read, decode, hash and measure each sample's image: MEDIA_SCHEMA, rows as in `samples`.

    `samples` has the columns sample_id, path and row. A bad image gives a row with its reason and
    whatever could be measured, never an exception; `report` may raise to stop the work.
    Statistics and perceptual hash are those of the small copy (256 pixels a side at most), the
    pixel hash that of all pixels. A row's values do not depend on the other rows.
    """
    order = _reading_order(samples)
    ordered = samples if order is None else samples.take(order)
    total, blocks, spoke = len(ordered), [MEDIA_SCHEMA.empty_table()], time.monotonic()
    ids, paths, rows = (ordered[name].to_pylist() for name in ("sample_id", "path", "row"))
    block: list[_Seen] = []
    for done, (sample_id, path, row) in enumerate(zip(ids, paths, rows, strict=True), 1):
        block.append(_look(sample_id, path, row, source, max_pixels))
        if len(block) == _BLOCK or done == total:
            blocks.append(_table(block))
            block = []
        if time.monotonic() - spoke > _REPORT_SECONDS or done == total:
            report(done, total)
            spoke = time.monotonic()
    table = pa.concat_tables(blocks)
    return table if order is None else table.take(pc.sort_indices(order))


def pixel_hash(pixels: npt.NDArray[np.uint8]) -> str:
    """128-bit hash (hex) of (height, width, 3) uint8 pixels and their shape. Source: XXH3."""
    height, width, _ = pixels.shape
    digest: str = xxhash.xxh3_128_hexdigest(pixels.data, seed=height << 32 | width)
    return digest


def _reading_order(samples: pa.Table) -> pa.Array | None:
    """Rows of one Parquet file in ascending order, as its reader likes them; None for files."""
    if samples["row"].null_count == len(samples):
        return None
    return pc.sort_indices(samples, [("path", "ascending"), ("row", "ascending")])


def _look(
    sample_id: int, path: str, row: int | None, source: ImageSource, max_pixels: int
) -> _Seen:
    seen = _Seen(sample_id)
    try:
        blob = source.read(path, row)
        seen.byte_size, seen.mtime_ns = len(blob.data), blob.mtime_ns
        seen.sha256 = hashlib.sha256(blob.data, usedforsecurity=False).hexdigest()
        picture = decode(blob.data, max_pixels=max_pixels)
        seen.facts, seen.pixel_hash = picture.facts, pixel_hash(picture.pixels)
        seen.copy = small_copy(picture.pixels)
        seen.thumbnail = thumbnail(blob.data, picture.facts, seen.copy)
    except ImageError as error:
        seen.reason, seen.detail = error.reason.value, error.detail
    return seen


def _table(block: list[_Seen]) -> pa.Table:
    measured, hashes, quality = _measure(block)
    columns: dict[str, Any] = {}
    for name in ("sample_id", "reason", "detail", "byte_size", "mtime_ns", "sha256"):
        columns[name] = [getattr(seen, name) for seen in block]
    for name in ("format", "mode", "width", "height", "orientation", "frames"):
        columns[name] = [seen.facts and getattr(seen.facts, name) for seen in block]
    columns["pixel_hash"] = [seen.pixel_hash for seen in block]
    columns["thumbnail"] = [seen.thumbnail for seen in block]
    columns["phash"] = pa.array(hashes, mask=~measured)
    for name, values in zip(QUALITY_STATISTICS, quality.T, strict=True):
        columns[name] = pa.array(values, mask=~measured)
    return pa.table({f.name: columns[f.name] for f in MEDIA_SCHEMA}, schema=MEDIA_SCHEMA)


def _measure(
    block: list[_Seen],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint64], npt.NDArray[np.float32]]:
    """Which images could be measured, their perceptual hashes and their statistics."""
    measured = np.array([seen.copy is not None for seen in block], bool)
    hashes = np.zeros(len(block), np.uint64)
    quality = np.zeros((len(block), len(QUALITY_STATISTICS)), np.float32)
    by_shape: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for place, seen in enumerate(block):
        if seen.copy is not None:
            by_shape[seen.copy.shape].append(place)
    for (height, width, _), places in by_shape.items():
        step = max(1, _BATCH_PIXELS // (height * width))
        for start in range(0, len(places), step):
            some = places[start : start + step]
            copies = [copy for i in some if (copy := block[i].copy) is not None]
            rgb = statistics.planes(np.stack(copies))
            luma = statistics.grey(rgb)
            hashes[some] = statistics.perceptual_hash(luma)
            quality[some] = statistics.quality(rgb, luma)
    return measured, hashes, quality
