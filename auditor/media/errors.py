"""Why an image could not be read, told apart from what decoders say and from the bytes."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, UnidentifiedImageError

from auditor.model import Reason

DECODER_ERRORS = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError),
    *(AttributeError, RuntimeError, MemoryError, struct.error, zlib.error),
    Image.DecompressionBombError,
)
"""What Pillow is known to raise on bytes that somebody broke."""

_MAGIC = {
    b"\xff\xd8": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"RIFF": "WEBP",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
_TRUNCATED = ("truncated", "premature end", "unexpected end", "not enough", "eof")
_UNSUPPORTED = (
    *("unsupported", "not supported", "not implemented", "cannot handle", "unrecognized"),
    *("unknown pixel mode", "conversion from", "not available"),
)


class ImageError(ValueError):
    """An image that cannot be used, with a reason code and one sentence for the user."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def explain(data: bytes, error: BaseException) -> ImageError:
    """The reason behind what a decoder raised on these bytes."""
    if isinstance(error, ImageError):
        return error
    if isinstance(error, Image.DecompressionBombError):
        return ImageError(Reason.BOMB, _sentence(error))
    if isinstance(error, UnidentifiedImageError):
        return _explain_unidentified(data)
    text = str(error).lower()
    if any(word in text for word in _TRUNCATED) or is_cut_short(data):
        return ImageError(Reason.TRUNCATED, "The file ends before the image does.")
    if isinstance(error, NotImplementedError) or any(word in text for word in _UNSUPPORTED):
        return ImageError(Reason.UNSUPPORTED_MODE, _sentence(error))
    return ImageError(Reason.UNREADABLE, _sentence(error))


def is_cut_short(data: bytes) -> bool:
    """Whether the end that the file's own format demands is missing."""
    match container(data):
        case "JPEG":
            return data.rfind(b"\xff\xd9") <= data.rfind(b"\xff\xda")
        case "PNG":
            return b"IEND" not in data
        case "GIF":
            return not data.rstrip(b"\0").endswith(b";")
        case "WEBP":
            return int.from_bytes(data[4:8], "little") + 8 > len(data)
        case "BMP":
            return int.from_bytes(data[2:6], "little") > len(data)
        case _:
            return False


def container(data: bytes) -> str | None:
    """The format that the first bytes announce; None if no known image format."""
    for magic, name in _MAGIC.items():
        if data.startswith(magic) or (len(data) > 1 and magic.startswith(data)):
            return name
    return None


def _explain_unidentified(data: bytes) -> ImageError:
    """No plug-in took the bytes: ask the one they announce for its own words."""
    name = container(data)
    if name is None:
        return ImageError(Reason.NOT_AN_IMAGE, f"The file holds {_kind_of(data)}, not an image.")
    if is_cut_short(data):
        return ImageError(Reason.TRUNCATED, f"The {name} file ends before its image begins.")
    try:
        Image.OPEN[name][0](io.BytesIO(data), "")
    except DECODER_ERRORS as error:
        return explain(data, error)
    return ImageError(Reason.UNREADABLE, f"The {name} file is damaged.")


def _kind_of(data: bytes) -> str:
    start = data[:512].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "an HTML page"
    if b"\0" not in start:
        try:
            start.decode("utf-8", "strict" if len(data) < 512 else "ignore")
        except UnicodeDecodeError:
            return "unknown data"
        return "text"
    return "unknown data"


def _sentence(error: BaseException) -> str:
    return str(error) or type(error).__name__
