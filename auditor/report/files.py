"""How the report's files come to be: whole or not at all, and with a hash."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    # Opened here so that the process's umask, not a private mode, decides who may read it.
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, with "?" for what UTF-8 has no code for (lone surrogates)."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", errors="replace"))


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def input_fingerprint(hashes: pa.Array | pa.ChunkedArray) -> str:
    """sha256 (hex) of the samples' own hashes, sorted: equal sets in any order are equal.

    `hashes` is a string column; null (an unreadable sample) counts as an empty text.
    """
    texts = pc.fill_null(hashes, "")
    ordered = texts.take(pc.sort_indices(texts))
    joined = "\n".join(ordered.to_pylist())
    return hashlib.sha256(joined.encode()).hexdigest()
