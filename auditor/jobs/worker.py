"""The worker process. Imports torch and decoders; never Qt, never the database."""

from __future__ import annotations

import ctypes
import os
import signal
import time
import traceback
from multiprocessing.connection import Connection

import pyarrow as pa

from auditor.checks.base import Cancelled
from auditor.jobs import tasks
from auditor.jobs.messages import (
    FromWorker,
    Progress,
    RunTask,
    TaskCancelled,
    TaskDone,
    TaskFailed,
    Wish,
)

_REPORT_EVERY = 0.1
_LOOK_EVERY = 0.05
"""Seconds between two looks at the wish of an engine that has us wait."""


def to_ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def from_ipc(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


class _Reporter:
    def __init__(self, task_no: int, pipe: Connection, wish: ctypes.c_byte) -> None:
        self._task_no, self._pipe, self._wish = task_no, pipe, wish
        self._last_sent = 0.0

    def __call__(self, done: int, total: int) -> None:
        while self._wish.value == Wish.WAIT:
            if self._pipe.poll(_LOOK_EVERY):  # no task comes to a busy worker: the engine is gone
                raise Cancelled
        if self._wish.value == Wish.STOP:
            raise Cancelled
        now = time.monotonic()
        if now - self._last_sent >= _REPORT_EVERY or done == total:
            self._last_sent = now
            self._pipe.send(Progress(self._task_no, done, total))


def main(pipe: Connection, wish: ctypes.c_byte, niceness: int) -> None:
    """Take tasks until the pipe closes. Models stay loaded between tasks."""
    if niceness and hasattr(os, "nice"):
        os.nice(niceness)
    # Ctrl+C reaches the whole terminal group; the engine decides what is to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # held back by the pool until this handler stood
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    kept = tasks.Kept()
    while True:
        try:
            task: RunTask = pipe.recv()
        except (EOFError, OSError):
            return
        answer = _answer(task, _Reporter(task.task_no, pipe, wish), kept)
        try:
            pipe.send(answer)
        except OSError:  # the engine is gone
            return


def _answer(task: RunTask, report: _Reporter, kept: tasks.Kept) -> FromWorker:
    try:
        tables = tasks.load(task.job)(from_ipc(task.samples), task.config, report, kept)
        return TaskDone(task.task_no, {name: to_ipc(table) for name, table in tables.items()})
    except Cancelled:
        return TaskCancelled(task.task_no)
    except Exception as error:  # noqa: BLE001  the engine reports it, with its traceback
        return TaskFailed(
            task.task_no, str(error) or repr(error), type(error).__name__, traceback.format_exc()
        )
