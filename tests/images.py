"""Builders of image files, sound, odd and broken, for tests."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image, ImageFilter

from auditor.model import Reason


def scene(seed: int, width: int = 96, height: int = 64) -> Image.Image:
    """A made-up picture with large shapes and fine texture, different for each seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    shapes = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    noise = rng.integers(-12, 13, (height, width, 3))
    return Image.fromarray((np.asarray(shapes) + noise).clip(0, 255).astype(np.uint8))


def packed(image: Image.Image, format_: str, **options: object) -> bytes:
    sink = io.BytesIO()
    image.save(sink, format_, **options)
    return sink.getvalue()


def animation(format_: str) -> bytes:
    """Three frames: red, green, blue."""
    frames = [Image.new("RGB", (12, 8), colour) for colour in ("red", "lime", "blue")]
    return packed(frames[0], format_, save_all=True, append_images=frames[1:], duration=50)


def rotated(orientation: int, format_: str = "JPEG") -> bytes:
    """A scene stored with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return packed(scene(3, 40, 24), format_, exif=exif)


def png_of_size(width: int, height: int, colour: int = 2) -> bytes:
    """A small PNG file whose header announces any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def jpeg_of_size(width: int, height: int) -> bytes:
    """A small JPEG file whose header announces any size."""
    data = packed(scene(1), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def jpeg_of_12_bits() -> bytes:
    data = bytearray(packed(scene(1), "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    return bytes(data)


def tiff_of_complex_numbers() -> bytes:
    """A whole TIFF file whose samples are of a kind that no viewer shows (SampleFormat 6)."""
    data = packed(scene(1).convert("L"), "TIFF", tiffinfo={339: 1})
    entry = struct.pack("<HHI", 339, 3, 1)
    at = data.index(entry) + len(entry)
    return data[:at] + struct.pack("<H", 6) + data[at + 2 :]


def jpeg_of_wrong_codes() -> bytes:
    """A JPEG of full length that ends in set bits, which are no Huffman code."""
    data = packed(scene(1, 320, 240), "JPEG", quality=95)
    return data[:-402] + b"\xff\x00" * 200 + b"\xff\xd9"


def png_of_wrong_sum() -> bytes:
    data = bytearray(packed(scene(1), "PNG"))
    data[data.index(b"IDAT") + 60] ^= 0xFF
    return bytes(data)


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _writer(make: Callable[[], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(make())


def _jpeg(**options: object) -> bytes:
    return packed(scene(1, 320, 240), "JPEG", **options)


BAD: dict[str, tuple[Reason, Callable[[Path], object]]] = {
    "missing.jpg": (Reason.MISSING, lambda path: None),
    "nul\0.jpg": (Reason.MISSING, lambda path: None),
    "folder_is_a_file.jpg/x.jpg": (Reason.MISSING, lambda path: path.parent.touch()),
    "n" * 300 + ".jpg": (Reason.MISSING, lambda path: None),
    "empty.jpg": (Reason.EMPTY, Path.touch),
    "half.jpg": (Reason.TRUNCATED, _writer(lambda: _half(_jpeg()))),
    "half_closed.jpg": (Reason.TRUNCATED, _writer(lambda: _half(_jpeg()) + b"\xff\xd9")),
    "half_progressive.jpg": (Reason.TRUNCATED, _writer(lambda: _half(_jpeg(progressive=True)))),
    "half_progressive_closed.jpg": (
        Reason.TRUNCATED,
        _writer(lambda: _half(_jpeg(progressive=True)) + b"\xff\xd9"),
    ),
    "half_turned.jpg": (Reason.TRUNCATED, _writer(lambda: _half(rotated(6)) + b"\xff\xd9")),
    "half_cmyk.jpg": (
        Reason.TRUNCATED,
        _writer(lambda: _half(packed(scene(1, 320, 240).convert("CMYK"), "JPEG"))),
    ),
    "only_header.jpg": (Reason.TRUNCATED, _writer(lambda: _jpeg()[:100])),
    "two_bytes.jpg": (Reason.TRUNCATED, _writer(lambda: b"\xff\xd8")),
    "half.png": (Reason.TRUNCATED, _writer(lambda: _half(packed(scene(1), "PNG")))),
    "half.gif": (Reason.TRUNCATED, _writer(lambda: _half(packed(scene(1), "GIF")))),
    "half.bmp": (Reason.TRUNCATED, _writer(lambda: _half(packed(scene(1), "BMP")))),
    "half.webp": (Reason.TRUNCATED, _writer(lambda: _half(packed(scene(1), "WEBP")))),
    "page.jpg": (
        Reason.NOT_AN_IMAGE,
        _writer(lambda: b"<!DOCTYPE html><html><body>404 Not Found</body></html>"),
    ),
    "text.png": (Reason.NOT_AN_IMAGE, _writer(lambda: "Zu groß".encode() * 200)),
    "noise.png": (Reason.NOT_AN_IMAGE, _writer(lambda: bytes(range(1, 256)) * 9)),
    "bomb.png": (Reason.BOMB, _writer(lambda: png_of_size(10_000, 10_000))),
    "huge_bomb.png": (Reason.BOMB, _writer(lambda: png_of_size(60_000, 60_000))),
    "bomb.jpg": (Reason.BOMB, _writer(lambda: jpeg_of_size(20_000, 20_000))),
    "12_bits.jpg": (Reason.UNSUPPORTED_MODE, _writer(jpeg_of_12_bits)),
    "complex.tiff": (Reason.UNSUPPORTED_MODE, _writer(tiff_of_complex_numbers)),
    "loop.jpg": (Reason.SYMLINK_LOOP, lambda path: path.symlink_to(path)),
    "wrong_codes.jpg": (Reason.UNREADABLE, _writer(jpeg_of_wrong_codes)),
    "wrong_sum.png": (Reason.UNREADABLE, _writer(png_of_wrong_sum)),
    "folder.jpg": (Reason.UNREADABLE, Path.mkdir),
    "pipe.jpg": (Reason.UNREADABLE, os.mkfifo),
}
"""File name -> the reason it must be given, and how to put it there."""


def build_bad(folder: Path) -> dict[str, Reason]:
    """Write every bad file but the one without permission, which root could read."""
    for name, (_, put) in BAD.items():
        put(folder / name)
    return {name: reason for name, (reason, _) in BAD.items()}


def samples(paths: list[str], rows: list[int] | None = None) -> pa.Table:
    """What `scan` takes; ids from 100 on, so that none is a position by chance."""
    return pa.table(
        {
            "sample_id": pa.array(range(100, 100 + len(paths)), pa.int64()),
            "path": pa.array(paths, pa.string()),
            "row": pa.array(rows or pa.nulls(len(paths)), pa.int64()),
        }
    )


def blurred(image: Image.Image, radius: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius))
