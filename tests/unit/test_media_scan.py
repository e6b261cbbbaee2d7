"""The one pass gives each image its facts, hashes, statistics and thumbnail."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from auditor.checks.base import Cancelled
from auditor.media.scan import scan
from auditor.media.source import ImageSource
from auditor.model import MEDIA_SCHEMA, QUALITY_STATISTICS
from tests.images import blurred, build_bad, packed, rotated, samples, scene

PHOTOS = [Image.fromarray(photo) for photo in load_sample_images().images]


def _silent(done: int, total: int) -> None:
    pass


def _scan(root: Path, files: dict[str, bytes]) -> list[dict[str, object]]:
    for name, data in files.items():
        (root / name).write_bytes(data)
    rows: list[dict[str, object]] = scan(
        samples(list(files)), ImageSource(root), _silent
    ).to_pylist()
    return rows


def _distance(left: object, right: object) -> int:
    assert isinstance(left, int)
    assert isinstance(right, int)
    return (left ^ right).bit_count()


def test_facts_of_a_file(tmp_path: Path) -> None:
    data = rotated(6)
    (row,) = _scan(tmp_path, {"x.jpg": data})
    expected = {
        "sample_id": 100,
        "reason": None,
        "detail": None,
        "byte_size": len(data),
        "mtime_ns": (tmp_path / "x.jpg").stat().st_mtime_ns,
        "sha256": hashlib.sha256(data).hexdigest(),
        "format": "JPEG",
        "mode": "RGB",
        "width": 24,
        "height": 40,
        "orientation": 6,
        "frames": 1,
    }
    assert {name: row[name] for name in expected} == expected


def test_rows_keep_the_order_they_were_asked_in(tmp_path: Path) -> None:
    blobs = [packed(scene(i, 16, 16), "PNG") for i in range(60)]
    pq.write_table(pa.table({"image": blobs}), tmp_path / "p.parquet", row_group_size=13)
    rows = np.random.default_rng(0).permutation(60).tolist()
    asked = samples(["p.parquet"] * 60, rows)
    table = scan(asked, ImageSource(tmp_path, "image"), _silent)
    assert table["sample_id"].to_pylist() == list(range(100, 160))
    expected = [hashlib.sha256(blobs[row]).hexdigest() for row in rows]
    assert table["sha256"].to_pylist() == expected


def test_row_does_not_depend_on_the_rows_beside_it(tmp_path: Path) -> None:
    names = list(build_bad(tmp_path))
    for i, size in enumerate([(32, 32)] * 300 + [(300, 200), (640, 480), (1, 1), (31, 7)] * 3):
        names.append(f"{i}.jpg")
        scene(i, *size).save(tmp_path / names[-1])
    np.random.default_rng(0).shuffle(names)
    asked = samples(names)
    together = scan(asked, ImageSource(tmp_path), _silent)
    alone = [scan(asked.slice(i, 1), ImageSource(tmp_path), _silent) for i in range(len(names))]
    assert together.to_pylist() == pa.concat_tables(alone).to_pylist()


def test_no_samples_give_no_rows(tmp_path: Path) -> None:
    assert scan(samples([]), ImageSource(tmp_path), _silent).equals(MEDIA_SCHEMA.empty_table())


def test_progress_ends_with_all_done_and_may_stop_the_work(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "x.png")
    told: list[tuple[int, int]] = []
    scan(samples(["x.png"] * 5), ImageSource(tmp_path), lambda *step: told.append(step))
    assert told[-1] == (5, 5)

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        scan(samples(["x.png"] * 5), ImageSource(tmp_path), stop)


def test_pixel_hash_is_that_of_the_pixels_as_shown(tmp_path: Path) -> None:
    image = scene(4, 300, 200)
    turned = image.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    other = image.copy()
    other.putpixel((299, 199), (1, 2, 3))
    rows = _scan(
        tmp_path,
        {
            "a.png": packed(image, "PNG"),
            "b.png": packed(image, "PNG", compress_level=0),
            "c.bmp": packed(image, "BMP"),
            "d.png": packed(turned, "PNG", exif=exif),
            "e.png": packed(other, "PNG"),
            "f.png": packed(turned, "PNG"),
        },
    )
    hashes = [row["pixel_hash"] for row in rows]
    assert hashes[0] == hashes[1] == hashes[2] == hashes[3]
    assert len(set(hashes)) == 3
    assert len(str(hashes[0])) == 32


def test_pixel_hash_tells_shapes_of_equal_bytes_apart(tmp_path: Path) -> None:
    sizes = [(4, 6), (6, 4), (2, 12), (24, 1)]
    files = {f"{i}.png": packed(Image.new("RGB", size), "PNG") for i, size in enumerate(sizes)}
    assert len({row["pixel_hash"] for row in _scan(tmp_path, files)}) == len(sizes)


@pytest.mark.parametrize("image", [*PHOTOS, scene(1, 300, 200), scene(2, 64, 64), scene(3, 32, 32)])
def test_perceptual_hash_survives_what_keeps_the_picture(
    tmp_path: Path, image: Image.Image
) -> None:
    width, height = image.size
    double = image.resize((width * 2, height * 2), Image.Resampling.BICUBIC)
    half = image.resize((width // 2, height // 2), Image.Resampling.LANCZOS)
    rows = _scan(
        tmp_path,
        {
            "same.png": packed(image, "PNG"),
            "q60.jpg": packed(image, "JPEG", quality=60),
            "half.png": packed(half, "PNG"),
            "double.jpg": packed(double, "JPEG"),
            "grey.png": packed(image.convert("L"), "PNG"),
            "bright.png": packed(image.point(lambda level: int(level * 0.8 + 20)), "PNG"),
        },
    )
    assert max(_distance(rows[0]["phash"], row["phash"]) for row in rows) <= 6


def test_perceptual_hash_tells_pictures_apart(tmp_path: Path) -> None:
    pictures = [*PHOTOS, *(scene(i) for i in range(30))]
    files = {f"{i}.png": packed(picture, "PNG") for i, picture in enumerate(pictures)}
    hashes = [row["phash"] for row in _scan(tmp_path, files)]
    apart = [_distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(apart) > 8
    assert 30 < np.mean(apart) < 34  # as 64 fair coins


def test_image_of_one_colour_hashes_to_zero(tmp_path: Path) -> None:
    colours = ["black", "white", "teal", "#4d03c8"]
    files = {
        f"{i}.png": packed(Image.new("RGB", (50 + i, 40), colour), "PNG")
        for i, colour in enumerate(colours)
    }
    files["one.png"] = packed(Image.new("RGB", (1, 1), "red"), "PNG")
    assert [row["phash"] for row in _scan(tmp_path, files)] == [0] * 5


def test_statistics_of_known_images(tmp_path: Path) -> None:
    halves = np.zeros((10, 10, 3), np.uint8)
    halves[:, 5:] = 255
    rows = _scan(
        tmp_path,
        {
            "black.png": packed(Image.new("RGB", (8, 8)), "PNG"),
            "white.png": packed(Image.new("RGB", (8, 8), "white"), "PNG"),
            "red.png": packed(Image.new("RGB", (8, 8), "red"), "PNG"),
            "pale.png": packed(Image.new("RGB", (8, 8), (200, 150, 100)), "PNG"),
            "halves.png": packed(Image.fromarray(halves), "PNG"),
        },
    )
    black, white, red, pale, two = (
        [pytest.approx(row[name], abs=1e-5) for name in QUALITY_STATISTICS] for row in rows
    )
    # brightness, low, high, contrast, sharpness, entropy, saturation
    assert black == [0, 0, 0, 0, -6, 0, 0]
    assert white == [1, 1, 1, 0, -6, 0, 0]
    assert red == [76 / 255, 76 / 255, 76 / 255, 0, -6, 0, 1]
    assert pale[-1] == 0.5
    edge = np.log10(2 / 8)  # two of eight columns of the Laplacian are +1 and -1
    assert two == [0.5, 0, 1, 0.5, edge, 1, 0]


def test_percentiles_are_the_5th_and_the_95th(tmp_path: Path) -> None:
    levels = np.arange(100, dtype=np.uint8).reshape(10, 10)
    (row,) = _scan(tmp_path, {"x.png": packed(Image.fromarray(levels), "PNG")})
    assert row["brightness_low"] == pytest.approx(4 / 255)
    assert row["brightness_high"] == pytest.approx(94 / 255)


@pytest.mark.parametrize("photo", PHOTOS)
def test_blur_lowers_sharpness_more_than_size_does(tmp_path: Path, photo: Image.Image) -> None:
    large = photo.resize((1920, 1280), Image.Resampling.BICUBIC)
    rows = _scan(
        tmp_path,
        {
            "photo.png": packed(photo, "PNG"),
            "large.png": packed(large, "PNG"),
            "blurred.png": packed(blurred(photo, 6), "PNG"),
        },
    )
    sharp, scaled, soft = (float(str(row["sharpness"])) for row in rows)
    assert abs(sharp - scaled) < 0.3
    assert sharp - soft > 1


@pytest.mark.parametrize(
    "size", [(257, 300), (383, 20), (500, 375), (513, 600), (2000, 3), (1, 900)]
)
def test_thumbnail_of_a_large_image_is_small(tmp_path: Path, size: tuple[int, int]) -> None:
    (row,) = _scan(tmp_path, {"x.png": packed(scene(1, *size), "PNG")})
    assert isinstance(row["thumbnail"], bytes)
    thumbnail = Image.open(io.BytesIO(row["thumbnail"]))
    assert thumbnail.format == "JPEG"
    assert 192 <= max(thumbnail.size) <= 256
    assert min(thumbnail.size) >= 1
    assert (row["width"], row["height"]) == size


@pytest.mark.parametrize(
    ("data", "reused"),
    [
        (packed(scene(1, 64, 64), "JPEG"), True),
        (packed(scene(1, 64, 64).convert("L"), "PNG"), True),
        (packed(scene(1, 64, 64).quantize(8), "PNG"), True),
        (packed(scene(1, 64, 64), "BMP"), False),
        (packed(scene(1, 64, 64).convert("CMYK"), "JPEG"), False),
        (packed(scene(1, 64, 64).convert("RGBA"), "PNG"), False),
        (packed(Image.fromarray(np.full((9, 9), 5000, np.uint16)), "PNG"), False),
        (rotated(6), False),
        (packed(scene(1, 256, 256), "PNG"), False),
    ],
    ids=["jpeg", "grey", "palette", "bmp", "cmyk", "alpha", "16 bit", "turned", "heavy"],
)
def test_small_plain_file_is_its_own_thumbnail(tmp_path: Path, data: bytes, reused: bool) -> None:
    (row,) = _scan(tmp_path, {"x": data})
    assert (row["thumbnail"] == data) is reused
    assert isinstance(row["thumbnail"], bytes)
    thumbnail = Image.open(io.BytesIO(row["thumbnail"]))
    assert thumbnail.format in ("JPEG", "PNG")
    assert thumbnail.size == (row["width"], row["height"])


def test_thumbnail_looks_like_the_image_as_shown(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    upside_down = PHOTOS[0].transpose(Image.Transpose.ROTATE_180)
    (row,) = _scan(tmp_path, {"x.jpg": packed(upside_down, "JPEG", exif=exif)})
    assert isinstance(row["thumbnail"], bytes)
    thumbnail = Image.open(io.BytesIO(row["thumbnail"]))
    small = PHOTOS[0].resize(thumbnail.size, Image.Resampling.BOX)
    assert np.abs(np.asarray(thumbnail, int) - np.asarray(small, int)).mean() < 15


_SCANS_ONE = """
import resource, sys
from pathlib import Path
from auditor.media.scan import scan
from auditor.media.source import ImageSource
from tests.images import samples
scan(samples(["small.png"]), ImageSource(Path(sys.argv[1])), lambda done, total: None)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
table = scan(samples(["large.png"]), ImageSource(Path(sys.argv[1])), lambda done, total: None)
assert table["reason"].to_pylist() == [None], table["detail"]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux only")
def test_36_megapixels_of_16_bits_need_no_more_than_half_a_gigabyte(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "small.png")
    levels = np.repeat(np.arange(6000, dtype=np.uint16)[:, None], 6000, axis=1)
    Image.fromarray(levels).save(tmp_path / "large.png", compress_level=1)
    done = subprocess.run(
        [sys.executable, "-c", _SCANS_ONE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert int(done.stdout) < 512 * 1024
