"""Answers on disk the moment they come: what a killed program asked is not asked again.

A worker appends each answer to a file of its own, which it holds locked while it lives. When the
program is killed the worker ends what is under way, writes that down too, and lets go.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from auditor.ask.base import Answer

SUFFIX = ".answers.jsonl"
_LOOK_EVERY = 0.05


class JournalBusyError(RuntimeError):
    """A worker of an earlier run still writes, and does not come to an end."""


class Journal:
    """Answers of one worker's task, a JSON line each."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def add(self, pixel_hash: str, prompt_key: str, answer: Answer) -> None:
        row = [
            pixel_hash,
            prompt_key,
            str(answer.state),
            answer.p_yes,
            answer.number,
            answer.text,
            answer.seconds,
        ]
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._file.flush()  # to the system, which keeps it when this process dies


@contextmanager
def writing(folder: Path, fingerprint: str, answerer_id: str) -> Iterator[Journal]:
    """A new journal in the folder, locked until the end; its first line says who answers."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{os.getpid()}-{time.monotonic_ns()}{SUFFIX}"
    with path.open("w", encoding="utf-8") as file:
        _lock(file, wait=True)
        file.write(json.dumps([fingerprint, answerer_id]) + "\n")
        file.flush()
        yield Journal(file)


def left(folder: Path) -> list[Path]:
    """Journals of tasks that ended, or were killed, before their answers reached the project."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def read(path: Path, patience: float, schema: pa.Schema) -> tuple[str, str, pa.Table]:
    """Fingerprint, id and answers of a journal, once nobody writes it any more.

    A line that was cut off when its process was killed is left out. Raises JournalBusyError after
    `patience` seconds.
    """
    with path.open("r+", encoding="utf-8") as file:
        deadline = time.monotonic() + patience
        while not _lock(file, wait=False):
            if time.monotonic() > deadline:
                raise JournalBusyError(
                    "an earlier run still waits for answers: try again in a minute"
                )
            time.sleep(_LOOK_EVERY)
        lines = [one for one in map(_parsed, file) if one is not None]
    if not lines:
        return "", "", schema.empty_table()
    (fingerprint, answerer_id), *rows = lines
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(list(c), f.type) for c, f in zip(columns, schema, strict=True)]
    return fingerprint, answerer_id, pa.table(arrays, schema=schema)


def _parsed(line: str) -> list[Any] | None:
    if not line.endswith("\n"):
        return None
    try:
        row: list[Any] = json.loads(line)
    except json.JSONDecodeError:
        return None
    return row


def _lock(file: IO[str], *, wait: bool) -> bool:
    """Whether the file is ours now. Where the system knows no such locks it always is."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True
