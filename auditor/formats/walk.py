"""The image files below a folder, in a stable order; links are followed, loops are not."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from auditor.formats.understanding import Problems

IMAGE_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("apng", "avif", "bmp", "dib", "gif", "heic", "heif", "ico", "j2k", "jfif", "jp2", "jpe"),
        *("jpeg", "jpg", "pbm", "pcx", "pgm", "png", "pnm", "ppm", "sgi", "tga", "tif", "tiff"),
        "webp",
    )
)
_NO_DATA_SUFFIXES = frozenset({".md", ".rst", ".py", ".ipynb", ".ini", ".db", ".log", ".toml"})
_TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"})
_NO_DATA_STEMS = ("readme", "license", "licence", "copying", "citation", "changelog")
_NO_DATA_FOLDERS = frozenset({"__MACOSX", "__pycache__"})
_VISITS_BY_LINK = 16
"""Folders that link to each other span a tree of exponential size: each is entered this often."""

FileId = tuple[int, int]


class Folder(NamedTuple):
    parts: tuple[str, ...]
    """Names from the root down to it, as the operating system gives them."""
    images: list[str]


class _Visit(NamedTuple):
    folder: str
    parts: tuple[str, ...]
    above: frozenset[FileId]


def is_image(name: str) -> bool:
    """By its extension: whether the bytes agree is for the pass over them to say."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122 - millions of calls


def subfolders(root: Path) -> list[str]:
    """Names of the folders right below that may hold data, by alphabet."""
    with os.scandir(root) as entries:
        return sorted(
            (e.name for e in entries if not _ignored(e.name) and is_folder(e)), key=_order
        )


def walk(root: Path, problems: Problems) -> Iterator[Folder]:
    """Every folder from `root` down that holds images, by alphabet; the rest goes to problems."""
    entered: Counter[FileId] = Counter()
    waiting = [_Visit(os.fspath(root), (), frozenset())]
    while waiting:
        visit = waiting.pop()
        try:
            with os.scandir(visit.folder) as entries:
                found = sorted(entries, key=lambda entry: _order(entry.name))
            here = _file_id(visit.folder)
        except OSError as error:
            problems.add(f"The folder {_shown(visit.parts)} cannot be listed: {error.strerror}.")
            continue
        images: list[str] = []
        below: list[_Visit] = []
        for entry in found:
            parts = (*visit.parts, entry.name)
            if _ignored(entry.name):
                continue
            if is_folder(entry):
                if _may_enter(entry, visit.above | {here}, entered, problems, parts):
                    below.append(_Visit(entry.path, parts, visit.above | {here}))
            elif _is_sample(entry, problems, parts):
                images.append(entry.name)
        if images:
            yield Folder(visit.parts, images)
        waiting.extend(reversed(below))


def _order(name: str) -> bytes:
    return os.fsencode(name)


def _shown(parts: tuple[str, ...]) -> str:
    return repr("/".join(parts)) if parts else "itself"


def _file_id(path: str) -> FileId:
    status = os.stat(path)  # noqa: PTH116
    return status.st_dev, status.st_ino


def _ignored(name: str) -> bool:
    return name.startswith(".") or name in _NO_DATA_FOLDERS


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _may_enter(
    entry: os.DirEntry[str],
    above: frozenset[FileId],
    entered: Counter[FileId],
    problems: Problems,
    parts: tuple[str, ...],
) -> bool:
    if not entry.is_symlink():
        return True
    target = _file_id(entry.path)
    entered[target] += 1
    if target in above:
        problems.add(f"The link {_shown(parts)} leads back to a folder above it; not followed.")
        return False
    if entered[target] > _VISITS_BY_LINK:
        problems.add(f"The link {_shown(parts)} leads where many links led before; not followed.")
        return False
    return True


def _is_sample(entry: os.DirEntry[str], problems: Problems, parts: tuple[str, ...]) -> bool:
    if not is_image(entry.name):
        stem, suffix = os.path.splitext(entry.name.lower())  # noqa: PTH122
        if suffix in _TABLE_SUFFIXES:
            problems.add(f"The table {_shown(parts)} is ignored; import it if it lists the images.")
        elif suffix not in _NO_DATA_SUFFIXES and not stem.startswith(_NO_DATA_STEMS):
            problems.add(f"The file {_shown(parts)} has no image's extension; ignored.")
        return False
    if _is_special(entry):
        problems.add(f"{_shown(parts)} is no file but a device or a pipe; ignored.")
        return False
    return True


def _is_special(entry: os.DirEntry[str]) -> bool:
    """Whether opening it could wait for ever. A link to nothing is a sample: its image is missing."""
    try:
        if entry.is_file():
            return False
        mode = entry.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode)
