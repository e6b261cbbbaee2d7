"""How a file's path is written as text: any bytes an operating system allows survive the trip."""

from __future__ import annotations

import os
from urllib.parse import quote_from_bytes, unquote_to_bytes

MARK = "bytes:"
"""Begins every address that is not simply the path itself."""


def encode(path: str | bytes | os.PathLike[str]) -> str:
    """The address of an operating system path: itself if it is UTF-8, else its bytes, quoted.

    A path that happens to begin with the mark is quoted too, so no two paths share an address.
    """
    raw = os.fsencode(path)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return MARK + quote_from_bytes(raw)
    return MARK + quote_from_bytes(raw) if text.startswith(MARK) else text


def decode(address: str) -> str:
    """The operating system path that an address stands for, as `open` takes it."""
    if address.startswith(MARK):
        return os.fsdecode(unquote_to_bytes(address.removeprefix(MARK)))
    return address
