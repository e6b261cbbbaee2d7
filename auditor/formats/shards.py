"""The Parquet files that make up one data set, and the split each belongs to."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from auditor.formats.base import FormatError
from auditor.formats.understanding import SPLITS
from auditor.formats.walk import is_folder

_LOOKED_AT = 64


class Shard(NamedTuple):
    """One Parquet file of a set."""

    relative: str
    """POSIX path below the source folder."""
    file: Path
    split: str | None


def find_shards(source: Path) -> list[Shard]:
    """The source itself if it is a Parquet file, else all below it, by path; hidden ones are not."""
    if source.is_file():
        known = source.suffix.lower() == ".parquet"
        return [Shard(source.name, source, _split(source.name))] if known else []
    found: list[Shard] = []
    for path in source.rglob("*.parquet"):
        relative = path.relative_to(source)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            found.append(Shard(relative.as_posix(), path, _split(relative.as_posix())))
    return sorted(found)


def require_shards(source: Path) -> list[Shard]:
    """The same. Raises FormatError if there are none."""
    shards = find_shards(source)
    if not shards:
        raise FormatError(f"There is no Parquet file in {source}.")
    return shards


def may_hold_shards(folder: Path, depth: int = 2) -> bool:
    """Whether the first names of a folder, or of those below, are of Parquet files.

    A walk of all of them would take long in a folder of a million images.
    """
    try:
        with os.scandir(folder) as entries:
            first = list(islice(entries, _LOOKED_AT))
    except OSError:
        return False
    if any(entry.name.endswith(".parquet") for entry in first):
        return True
    below = (entry for entry in first if not entry.name.startswith(".") and is_folder(entry))
    return depth > 0 and any(may_hold_shards(Path(entry.path), depth - 1) for entry in below)


def _split(relative: str) -> str | None:
    """The last word of the path that is a split's name: `data/train-00000-of-00004.parquet`."""
    words = re.split(r"[\W_]+", relative.lower())
    return next((word for word in reversed(words) if word in SPLITS), None)
