"""Every kind of bad file gives its reason, through the whole scan, and stops nothing."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auditor.media.decode import decode
from auditor.media.errors import ImageError
from auditor.media.scan import scan
from auditor.media.source import ImageSource
from auditor.model import MEDIA_SCHEMA, Reason
from tests.images import (
    BAD,
    animation,
    build_bad,
    packed,
    png_of_size,
    rotated,
    samples,
    scene,
)


def _silent(done: int, total: int) -> None:
    pass


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_given_its_reason(tmp_path: Path, name: str) -> None:
    reason, put = BAD[name]
    put(tmp_path / name)
    row = scan(samples([name]), ImageSource(tmp_path), _silent).to_pylist()[0]
    assert row["reason"] == reason, row["detail"]
    assert row["detail"]
    assert row["pixel_hash"] is row["phash"] is row["brightness"] is row["thumbnail"] is None


def test_bad_files_do_not_disturb_a_good_one_between_them(tmp_path: Path) -> None:
    names = list(build_bad(tmp_path))
    scene(7).save(tmp_path / "good.png")
    names.insert(len(names) // 2, "good.png")
    table = scan(samples(names), ImageSource(tmp_path), _silent)
    assert table.schema.equals(MEDIA_SCHEMA)
    good = [
        name for name, reason in zip(names, table["reason"].to_pylist(), strict=True) if not reason
    ]
    assert good == ["good.png"]


def test_bad_file_keeps_what_could_be_measured(tmp_path: Path) -> None:
    (tmp_path / "page.jpg").write_bytes(b"<html></html>")
    row = scan(samples(["page.jpg"]), ImageSource(tmp_path), _silent).to_pylist()[0]
    assert row["byte_size"] == 13
    assert row["sha256"] == "b633a587c652d02386c4f16f8c6f6aab7352d97f16367c3c40576214372dd628"
    assert row["mtime_ns"] == (tmp_path / "page.jpg").stat().st_mtime_ns
    assert row["detail"] == "The file holds an HTML page, not an image."


_READS_AS_NOBODY = """
import json, os, sys
from pathlib import Path
from auditor.media.scan import scan
from auditor.media.source import ImageSource
from tests.images import samples
scan(samples(["readable.png"]), ImageSource(Path(sys.argv[1])), lambda done, total: None)
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
table = scan(samples(["secret.png"]), ImageSource(Path(sys.argv[1])), lambda done, total: None)
print(json.dumps(table["reason"].to_pylist()))
"""


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="needs POSIX permissions")
def test_file_that_may_not_be_read_is_given_that_reason(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "readable.png")
    scene(1).save(tmp_path / "secret.png")
    (tmp_path / "secret.png").chmod(0)
    done = subprocess.run(
        [sys.executable, "-c", _READS_AS_NOBODY, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert json.loads(done.stdout) == [Reason.PERMISSION]


def test_bomb_limit_is_the_callers(tmp_path: Path) -> None:
    data = packed(scene(1, 96, 64), "PNG")
    assert decode(data, max_pixels=96 * 64).facts.width == 96
    for bomb in (data, packed(scene(1, 96, 64), "JPEG"), packed(scene(1, 96, 64), "WEBP")):
        with pytest.raises(ImageError) as caught:
            decode(bomb, max_pixels=96 * 64 - 1)
        assert caught.value.reason == Reason.BOMB


def test_pillows_own_limit_does_not_stop_a_higher_one() -> None:
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(ImageError) as caught:
        decode(png_of_size(15_000, 13_000, colour=0), max_pixels=10**9)
    assert caught.value.reason == Reason.TRUNCATED
    assert before == Image.MAX_IMAGE_PIXELS


_SOUND = [
    *(packed(scene(2, 40, 30), name) for name in ("PNG", "GIF", "BMP", "WEBP", "TIFF", "JPEG")),
    *(packed(scene(2, 40, 30), name) for name in ("PPM", "JPEG2000", "ICO", "PCX", "AVIF")),
    packed(scene(2, 40, 30), "TIFF", compression="tiff_lzw"),
    packed(scene(2, 40, 30).convert("CMYK"), "JPEG"),
    packed(scene(2, 40, 30), "JPEG", progressive=True),
    rotated(6),
    animation("GIF"),
    animation("PNG"),
]


@settings(max_examples=400)
@given(
    st.sampled_from(_SOUND),
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=4
    ),
    st.floats(0, 1),
)
def test_broken_bytes_raise_image_errors_and_nothing_else(
    data: bytes, patches: list[tuple[float, bytes]], keep: float
) -> None:
    broken = bytearray(data)
    for place, patch in patches:
        at = int(place * len(broken))
        broken[at : at + len(patch)] = patch
    cut = bytes(broken[: round(len(broken) * keep)])
    with contextlib.suppress(ImageError):
        picture = decode(cut, max_pixels=10_000)
        assert picture.pixels.shape == (picture.facts.height, picture.facts.width, 3)
