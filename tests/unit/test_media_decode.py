"""Every sound image gives the pixels that a viewer shows, whatever its mode and format."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from auditor.media.decode import decode
from tests.images import animation, packed, rotated, scene

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def _pixel(data: bytes, x: int = 0, y: int = 0) -> tuple[int, ...]:
    return tuple(decode(data).pixels[y, x].tolist())


def _row(data: bytes) -> list[int]:
    """The levels of a grey image one pixel high."""
    pixels = decode(data).pixels
    assert (pixels[..., :1] == pixels).all()
    levels: list[int] = pixels[0, :, 0].tolist()
    return levels


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 5), (32, 32), (257, 31)])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"progressive": True},
        {"subsampling": 0},
        {"subsampling": 1, "quality": 97},
        {"restart_marker_blocks": 2},
        {"optimize": True},
        {"keep_rgb": True},
    ],
    ids=str,
)
def test_fast_jpeg_decoder_gives_pillows_pixels(
    size: tuple[int, int], mode: str, options: dict[str, object]
) -> None:
    if mode == "L":
        options = {key: value for key, value in options.items() if key != "keep_rgb"}
    data = packed(scene(5, *size).convert(mode), "JPEG", **options)
    picture = decode(data)
    expected = Image.open(io.BytesIO(data))
    assert (picture.pixels == np.asarray(expected.convert("RGB"))).all()
    assert (picture.facts.width, picture.facts.height) == size
    assert (picture.facts.format, picture.facts.mode) == ("JPEG", mode)
    assert (picture.facts.orientation, picture.facts.frames) == (1, 1)


def test_bytes_after_a_jpegs_end_do_no_harm() -> None:
    data = packed(scene(1), "JPEG")
    assert (decode(data + b"\0tail" * 30).pixels == decode(data).pixels).all()


def test_stray_bytes_inside_a_jpeg_do_no_harm() -> None:
    data = packed(scene(1), "JPEG")
    stray = data[:-2] + b"\x12\x34\x56" + data[-2:]
    assert (decode(stray).pixels == decode(data).pixels).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_orientation_is_applied_once(orientation: int, format_: str) -> None:
    data = rotated(orientation, format_)
    picture = decode(data)
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert (picture.pixels == np.asarray(shown)).all()
    assert picture.facts.orientation == orientation
    assert (picture.facts.width, picture.facts.height) == shown.size


def test_photo_taken_upright_is_shown_upright() -> None:
    landscape = Image.new("RGB", (32, 16), "blue")
    landscape.paste("red", (0, 0, 16, 16))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to show
    data = packed(landscape, "PNG", exif=exif)
    assert decode(data).pixels.shape == (32, 16, 3)
    assert (_pixel(data, 8, 2), _pixel(data, 8, 30)) == (RED, BLUE)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_orientation_that_means_nothing_is_ignored(orientation: int) -> None:
    assert decode(rotated(orientation)).facts.orientation == 1


def test_cmyk_tiff_is_read_in_its_colours() -> None:
    assert _pixel(packed(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "TIFF")) == RED
    assert _pixel(packed(Image.new("CMYK", (4, 4), (0, 0, 0, 255)), "TIFF")) == (0, 0, 0)


@pytest.mark.parametrize(
    ("inks", "colour"),
    [((0, 255, 255, 0), RED), ((255, 0, 255, 0), GREEN), ((0, 0, 0, 0), WHITE)],
)
def test_cmyk_jpeg_is_not_shown_inverted(
    inks: tuple[int, ...], colour: tuple[int, int, int]
) -> None:
    data = packed(Image.new("CMYK", (16, 16), inks), "JPEG", quality=100)
    picture = decode(data)
    assert np.abs(picture.pixels.astype(int) - colour).max() <= 3
    assert picture.facts.mode == "CMYK"


def test_palette_is_looked_up() -> None:
    image = Image.new("P", (4, 1))
    image.putpalette([9, 8, 7, *RED, *GREEN, *BLUE])
    image.putdata([0, 1, 2, 3])
    for format_ in ("PNG", "GIF", "BMP"):
        data = packed(image, format_)
        assert [_pixel(data, x) for x in range(4)] == [(9, 8, 7), RED, GREEN, BLUE]
        assert decode(data).facts.mode == "P"


@pytest.mark.parametrize("transparency", [1, bytes([255, 0])], ids=["index", "per entry"])
def test_transparent_palette_entry_shows_white(transparency: int | bytes) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *GREEN])
    image.putdata([0, 1])
    data = packed(image, "PNG", transparency=transparency)
    assert (_pixel(data, 0), _pixel(data, 1)) == (RED, WHITE)


def test_transparency_is_laid_on_white() -> None:
    colour = packed(Image.new("RGBA", (2, 2), (255, 0, 0, 0)), "PNG")
    assert _pixel(colour) == WHITE
    half = packed(Image.new("RGBA", (2, 2), (0, 0, 0, 128)), "PNG")
    assert _pixel(half) == (127, 127, 127)
    grey = packed(Image.new("LA", (2, 2), (0, 255)), "PNG")
    assert _pixel(grey) == (0, 0, 0)
    keyed = packed(Image.new("RGB", (2, 2), RED), "PNG", transparency=RED)
    assert _pixel(keyed) == WHITE


def test_one_bit_is_black_or_white() -> None:
    image = Image.new("1", (3, 1))
    image.putdata([0, 1, 0])
    for format_ in ("PNG", "TIFF"):
        assert _row(packed(image, format_)) == [0, 255, 0]


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(format_: str) -> None:
    levels = np.array([[0, 128, 129, 257, 300, 32768, 65407, 65535]], np.uint16)
    data = packed(Image.fromarray(levels), format_)
    assert _row(data) == np.rint(levels / 257).astype(int)[0].tolist()
    assert decode(data).facts.mode == "I;16"


def test_every_16_bit_level_is_rounded_to_the_nearest() -> None:
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    pixels = decode(packed(Image.fromarray(levels), "PNG")).pixels
    assert (pixels[..., 0] == np.rint(levels / 257.0)).all()


def test_big_endian_16_bit_grey_is_scaled_too() -> None:
    levels = np.array([[0, 257, 65535]], np.uint16)
    little = packed(Image.fromarray(levels), "TIFF")
    image = Image.frombytes("I;16B", (3, 1), levels.astype(">u2").tobytes())
    big = packed(image, "TIFF")
    assert _row(big) == _row(little) == [0, 1, 255]


def test_16_bit_colour_keeps_its_high_byte() -> None:
    row = b"\0" + struct.pack(">6H", 65535, 0, 0, 0x8000, 0x0100, 0xFF00)
    body = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", body), (b"IDAT", zlib.compress(row)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in chunks
    )
    assert (_pixel(data, 0), _pixel(data, 1)) == (RED, (128, 1, 255))


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([0, 257, 65535], [0, 1, 255]),
        ([-100, 0, 100], [0, 128, 255]),
        ([0, 100_000, 200_000], [0, 128, 255]),
        ([7, 7, 7], [0, 0, 0]),
    ],
)
def test_32_bit_grey_is_scaled_by_its_range(values: list[int], levels: list[int]) -> None:
    image = Image.fromarray(np.array([values], np.int32))
    assert _row(packed(image, "TIFF")) == levels


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 255.0], [0, 100, 255]),
        ([0.0, 257.0, 65535.0], [0, 1, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([float("nan"), 1.0, float("inf")], [0, 255, 0]),
        ([-5.0, -5.0, -5.0], [0, 0, 0]),
    ],
)
def test_floating_point_grey_is_scaled_by_its_range(values: list[float], levels: list[int]) -> None:
    image = Image.fromarray(np.array([values], np.float32))
    assert _row(packed(image, "TIFF")) == levels


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "TIFF"])
def test_first_frame_is_shown_and_all_are_counted(format_: str) -> None:
    data = animation(format_)
    if format_ == "WEBP":
        assert np.abs(np.subtract(_pixel(data), RED)).max() <= 3
    else:
        assert _pixel(data) == RED
    assert decode(data).facts.frames == 3


def test_picture_of_several_is_counted() -> None:
    frames = [scene(i) for i in range(2)]
    data = packed(frames[0], "MPO", save_all=True, append_images=frames[1:])
    picture = decode(data)
    assert (picture.facts.format, picture.facts.frames) == ("MPO", 2)
    assert (picture.pixels == decode(packed(frames[0], "JPEG")).pixels).all()


@pytest.mark.parametrize("format_", ["PNG", "GIF", "JPEG", "WEBP", "BMP", "TIFF"])
def test_image_of_one_pixel(format_: str) -> None:
    picture = decode(packed(Image.new("RGB", (1, 1), "white"), format_))
    assert picture.pixels.tolist() == [[[255, 255, 255]]]
