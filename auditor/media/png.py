"""The check sums of a PNG file, which Pillow skips for the pixels: it would show noise unasked."""

from __future__ import annotations

import struct
import zlib

from auditor.media.errors import ImageError
from auditor.model import Reason

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def verify(data: bytes) -> None:
    """Raise ImageError where a PNG file is cut short or a part the pixels need was altered.

    Any other file passes. Source: PNG specification (third edition), 5.3 and 5.4.
    """
    if not data.startswith(_SIGNATURE):
        return
    at, name = len(_SIGNATURE), b""
    view = memoryview(data)
    while name != b"IEND":
        end = at + 12 + int.from_bytes(view[at : at + 4], "big")
        if len(view) < max(end, at + 12):
            raise ImageError(Reason.TRUNCATED, "The file ends before the image does.")
        name = data[at + 4 : at + 8]
        (stated,) = struct.unpack(">I", view[end - 4 : end])
        # A small first letter marks a part that a viewer may ignore.
        if name[:1].isupper() and zlib.crc32(view[at + 4 : end - 4]) != stated:
            kind = name.decode("latin-1")
            raise ImageError(Reason.UNREADABLE, f"The check sum of a PNG part ({kind}) is wrong.")
        at = end
