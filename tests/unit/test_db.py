"""The project file and its one connection."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import duckdb
import pytest

from auditor.store import project
from auditor.store.db import Store, StoreDamagedError


def test_the_connection_may_touch_no_file_but_its_own(store: Store, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with store.reader() as db:
        with pytest.raises(duckdb.PermissionException):
            db.execute("select * from read_csv(?)", [str(secret)])
        with pytest.raises(duckdb.PermissionException):
            db.execute(f"copy (select 1) to '{tmp_path / 'out.csv'}'")
    assert not (tmp_path / "out.csv").exists()


def test_its_settings_cannot_be_loosened(store: Store) -> None:
    with store.reader() as db, pytest.raises(duckdb.InvalidInputException, match="locked"):
        db.execute("set memory_limit = '1GB'")


def test_readers_in_other_threads_see_what_is_committed_in_its_order(store: Store) -> None:
    seen: list[list[int]] = [[], [], []]
    stop = threading.Event()

    def watch(mine: list[int]) -> None:
        while not stop.is_set():
            with store.reader() as db:
                mine.append(project.fact(db, "one") or 0)

    watchers = [threading.Thread(target=watch, args=(mine,)) for mine in seen]
    for one in watchers:
        one.start()
    for number in range(50):
        store.write(project.PutFact("one", number)).result()
    stop.set()
    for one in watchers:
        one.join()
    assert all(mine == sorted(mine) and mine for mine in seen)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "project.duckdb"
    path.write_bytes(os.urandom(3000))
    with pytest.raises(StoreDamagedError, match=r"project\.duckdb cannot be opened"):
        Store(path)
