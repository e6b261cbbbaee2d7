"""What the engine and a worker process say to each other. Plain data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any


class Wish(IntEnum):
    """What the engine wants of busy workers: a byte of memory they share, looked at each report.

    No lock guards it: a worker may be killed at any time, and with it a lock that it holds.
    """

    GO_ON = 0
    WAIT = 1
    STOP = 2


@dataclass(frozen=True, slots=True)
class RunTask:
    task_no: int
    job: str
    """`module:function`; see auditor.jobs.tasks."""
    samples: bytes
    """An Arrow IPC stream."""
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    task_no: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TaskDone:
    task_no: int
    tables: Mapping[str, bytes]
    """Arrow IPC streams by name."""


@dataclass(frozen=True, slots=True)
class TaskFailed:
    """The job raised. The worker is well and takes the next task."""

    task_no: int
    error: str
    kind: str
    traceback: str


@dataclass(frozen=True, slots=True)
class TaskCancelled:
    task_no: int


FromWorker = Progress | TaskDone | TaskFailed | TaskCancelled
