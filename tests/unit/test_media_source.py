"""An image's bytes come from its file, or from its row of a Parquet file, in any order."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor import address
from auditor.media.errors import ImageError
from auditor.media.source import ImageSource, read_bytes
from auditor.model import Reason

BLOBS = [bytes([i % 256]) * (i % 7 + 1) for i in range(1000)]


def _write(path: Path, blobs: list[bytes | None], struct: bool, group: int) -> None:
    cells = [{"bytes": blob, "path": None} for blob in blobs] if struct else blobs
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())]) if struct else pa.binary()
    table = pa.table({"label": [0] * len(blobs), "image": pa.array(cells, kind)})
    pq.write_table(table, path, row_group_size=group)


def test_file_is_found_below_the_root_or_by_its_absolute_path(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"bytes of x")
    assert read_bytes(tmp_path, "a/x") == b"bytes of x"
    assert read_bytes(Path("/nowhere"), str(tmp_path / "a" / "x")) == b"bytes of x"
    blob = ImageSource(tmp_path).read("a/x")
    assert blob.mtime_ns == (tmp_path / "a" / "x").stat().st_mtime_ns


def test_file_with_a_non_utf8_name_is_read(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9"
    Path(os.fsdecode(raw)).write_bytes(b"bytes")
    assert read_bytes(tmp_path, address.encode(b"caf\xe9")) == b"bytes"


def test_link_to_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"bytes")
    (tmp_path / "link").symlink_to("x")
    assert read_bytes(tmp_path, "link") == b"bytes"


@pytest.mark.parametrize("struct", [True, False])
@pytest.mark.parametrize("group", [1, 7, 1000])
@pytest.mark.parametrize("order", ["forward", "backward", "shuffled"])
def test_every_row_of_a_parquet_file_is_its_own(
    tmp_path: Path, struct: bool, group: int, order: str
) -> None:
    _write(tmp_path / "p.parquet", list(BLOBS), struct, group)
    rows = np.arange(0, 1000, 1 if order == "forward" else 37)
    rows = {"backward": rows[::-1], "shuffled": np.random.default_rng(0).permutation(rows)}.get(
        order, rows
    )
    source = ImageSource(tmp_path, "image")
    assert [source.read("p.parquet", int(row)).data for row in rows] == [BLOBS[r] for r in rows]


def test_row_group_larger_than_a_batch_is_read_in_any_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    blobs = [rng.bytes(10_000) for _ in range(20_000)]  # 200 MB, one row group
    _write(tmp_path / "p.parquet", list(blobs), struct=True, group=20_000)
    source = ImageSource(tmp_path)
    for row in (0, 1, 6_400, 19_999, 12_000, 11_999, 3):
        assert source.read("p.parquet", row).data == blobs[row]


def test_column_of_images_is_found_or_named(tmp_path: Path) -> None:
    table = pa.table({"first": [b"1"], "second": [b"2"], "label": ["x"]})
    pq.write_table(table, tmp_path / "p.parquet")
    assert read_bytes(tmp_path, "p.parquet", 0) == b"1"
    assert read_bytes(tmp_path, "p.parquet", 0, "second") == b"2"
    for wrong in ("label", "third"):
        with pytest.raises(ImageError, match=wrong):
            read_bytes(tmp_path, "p.parquet", 0, wrong)


def test_parquet_file_written_anew_is_read_anew(tmp_path: Path) -> None:
    source = ImageSource(tmp_path)
    for blobs in ([b"old"], [b"new", b"more"]):
        _write(tmp_path / "p.parquet", list(blobs), struct=True, group=10)
        assert source.read("p.parquet", 0).data == blobs[0]


def test_missing_row_or_cell_is_missing(tmp_path: Path) -> None:
    _write(tmp_path / "p.parquet", [b"x", None], struct=True, group=10)
    for row in (-1, 1, 2):
        with pytest.raises(ImageError) as caught:
            read_bytes(tmp_path, "p.parquet", row)
        assert caught.value.reason == Reason.MISSING


def test_damaged_parquet_file_is_unreadable(tmp_path: Path) -> None:
    _write(tmp_path / "p.parquet", list(BLOBS), struct=True, group=1000)
    data = (tmp_path / "p.parquet").read_bytes()
    for damaged in (data[:-9], b"PAR1", data[:4] + b"\xff" * 200 + data[204:]):
        (tmp_path / "p.parquet").write_bytes(damaged)
        with pytest.raises(ImageError) as caught:
            read_bytes(tmp_path, "p.parquet", 999)
        assert caught.value.reason == Reason.UNREADABLE


def test_sparse_file_of_terabytes_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "x.jpg").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ImageError) as caught:
        read_bytes(tmp_path, "x.jpg")
    assert caught.value.reason == Reason.UNREADABLE
