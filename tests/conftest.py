from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from auditor.store.db import Store
from tests import tables

# No test asserts a time: the machine may be busy.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


_ENDING = 5.0
"""Seconds for a thread that was told to end: transformers lets its loaders end by themselves."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A real project file of ten samples labelled "a": DuckDB is quick enough that nothing fakes it."""
    opened = Store(tmp_path / "project.duckdb")
    tables.import_rows(opened, tables.samples(["a"] * 10))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def no_thread_outlives_its_test() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and not t.daemon]
    for thread in left:
        thread.join(_ENDING)
    names = [thread.name for thread in left if thread.is_alive()]
    assert not names, f"threads still running: {names}"
