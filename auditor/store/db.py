"""The project file. The only package that opens DuckDB.

DuckDB lets one process hold a file read-write, and refuses every other process
even a read-only handle meanwhile. So this process owns the file: one thread
writes, any thread reads through a cursor of its own, and worker processes are
sent Arrow tables instead of a path.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from auditor.model import ChangeSet
from auditor.store import migrations

log = logging.getLogger(__name__)

Connection = duckdb.DuckDBPyConnection
Transaction = Callable[[Connection], ChangeSet]
Listener = Callable[[ChangeSet], None]


NOW = "make_timestamp(epoch_us(current_timestamp))"
"""SQL of this moment in UTC; a plain cast would give the clock on the user's wall."""


class StoreClosedError(RuntimeError):
    """The project file is not open any more."""


class StoreLockedError(RuntimeError):
    """Another process holds the project."""


class StoreWriteError(RuntimeError):
    """The project file could not be written; it holds what was committed before."""


class StoreDamagedError(RuntimeError):
    """The file is not a project that this version can read."""


class Store:
    def __init__(self, path: Path, *, memory_mb: int | None = None) -> None:
        """`memory_mb` bounds the database's buffers; what does not fit goes to a folder beside it."""
        self._connection = _connect(path, memory_mb)
        self._queue: queue.Queue[tuple[Transaction, Future[ChangeSet]] | None] = queue.Queue()
        self._listeners: list[Listener] = []
        self._closed = False
        self._gate = threading.Lock()
        self._writer = threading.Thread(target=self._write_loop, name="store-writer")
        self._writer.start()

    def on_commit(self, listener: Listener) -> None:
        """Call `listener` on the writer thread after each commit, never before it."""
        self._listeners.append(listener)

    def write(self, transaction: Transaction) -> Future[ChangeSet]:
        """Queue one transaction; it commits whole or not at all."""
        future: Future[ChangeSet] = Future()
        with self._gate:  # nothing may be queued behind the end mark
            if self._closed:
                raise StoreClosedError("the project is closed")
            self._queue.put((transaction, future))
        return future

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """A cursor for the calling thread; `interrupt()` on it stops a long query."""
        if self._closed:
            raise StoreClosedError("the project is closed")
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    def close(self) -> None:
        """Finish the queued writes, then let go of the file."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._writer.join()
        self._connection.close()

    def _write_loop(self) -> None:
        cursor = self._connection.cursor()
        while (item := self._queue.get()) is not None:
            transaction, future = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                cursor.begin()
                changes = transaction(cursor)
                cursor.commit()
            except Exception as error:  # noqa: BLE001  the caller gets it; the writer must live on
                _roll_back(cursor)
                future.set_exception(_for_people(error))
                continue
            self._announce(changes)
            future.set_result(changes)
        cursor.close()

    def _announce(self, changes: ChangeSet) -> None:
        for listener in self._listeners:
            try:
                listener(changes)
            except Exception:
                log.exception("a store listener failed")


def arrow(db: Connection, query: str, values: Sequence[Any] = ()) -> pa.Table:
    """The query's rows as an Arrow table."""
    table: pa.Table = db.sql(query, params=list(values)).to_arrow_table()
    return table


def first(db: Connection, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """The query's first row, with the result closed: an open one blocks the cursor's next query."""
    rows: list[tuple[Any, ...]] = db.execute(query, list(values)).fetchall()
    return rows[0] if rows else None


def insert(db: Connection, statement: str, rows: pa.Table, values: Sequence[Any] = ()) -> None:
    """Run a statement that reads `rows` under the name `incoming`."""
    db.register("incoming", rows)
    db.execute(statement, list(values))
    # Not where that failed: an aborted transaction refuses it, and that would hide the reason.
    db.unregister("incoming")


def identifier(name: str) -> str:
    """A column name from a user's file, quoted so that it stays a name."""
    return '"' + name.replace('"', '""') + '"'


def _connect(path: Path, memory_mb: int | None) -> Connection:
    # Users' filters run in this connection: it may touch no file but its own.
    config: dict[str, Any] = {"enable_external_access": "false"}
    if memory_mb is not None:
        config["memory_limit"] = f"{memory_mb}MiB"
    try:
        connection = _open(path, config)
    except duckdb.IOException as error:
        holder = re.search(r"PID (\d+)", str(error))
        if holder:
            raise StoreLockedError(
                f"{path.parent} is open in another process (PID {holder[1]}): close it there first"
            ) from None
        if "No space left" in str(error):
            raise _for_people(error) from None
        raise _damaged(path, error) from None
    except duckdb.Error as error:
        raise _damaged(path, error) from None
    try:
        migrations.bring_up_to_date(connection, path)
        connection.execute("set lock_configuration = true")
    except BaseException as error:
        connection.close()
        if isinstance(error, duckdb.Error):
            raise _for_people(error) from None
        raise
    return connection


def _open(path: Path, config: dict[str, Any]) -> Connection:
    try:
        return duckdb.connect(str(path), config=config)
    except duckdb.IOException as error:
        if "PID" in str(error) or not path.is_file() or path.stat().st_size:
            raise
        path.unlink()  # empty: it was to be made when the disk was full
        return duckdb.connect(str(path), config=config)


def _damaged(path: Path, error: Exception) -> StoreDamagedError:
    return StoreDamagedError(
        f"{path} cannot be opened: {_first_line(error)} Put a copy of this file from a backup in"
        " its place, or import the pictures into a new project"
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _for_people(error: Exception) -> Exception:
    """A full disk, in DuckDB's words or the system's, as one sentence with the way out."""
    unwritten = isinstance(error, duckdb.IOException | duckdb.FatalException | OSError)
    if unwritten or (isinstance(error, duckdb.Error) and "Could not write file" in str(error)):
        is_full = "No space left" in str(error)
        why = "the disk is full" if is_full else f"is the disk full? ({_first_line(error)})"
        return StoreWriteError(
            f"the project cannot be written: {why}. Make room and do the same again; nothing that"
            " was saved is lost"
        )
    return error


def _roll_back(cursor: Connection) -> None:
    try:
        cursor.rollback()
    except duckdb.Error:  # begin or commit had failed: there is no transaction to undo
        log.exception("rollback failed")
