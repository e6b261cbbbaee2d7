"""Brings a project file to this version's schema: numbered SQL files, one transaction each."""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

import duckdb


class NewerProjectError(RuntimeError):
    """The project was written by a later version of the program."""


def bring_up_to_date(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Apply what is missing, after a copy of an older project was put beside it."""
    steps = _steps()
    found = _version(connection)
    if found > len(steps):
        raise NewerProjectError(
            f"{path.parent} was written by a later version (schema {found}, this one reads up to"
            f" {len(steps)}): update the program to open it"
        )
    if 0 < found < len(steps):
        connection.execute("checkpoint")
        shutil.copy2(path, path.with_suffix(f".schema{found}.duckdb"))
    for number, script in enumerate(steps[found:], start=found + 1):
        connection.begin()
        connection.execute(script)
        connection.execute(
            "insert or replace into project values ('schema_version', ?)", [str(number)]
        )
        connection.commit()


def _steps() -> list[str]:
    files = (f for f in resources.files(__name__).iterdir() if f.name.endswith(".sql"))
    return [f.read_text(encoding="utf-8") for f in sorted(files, key=lambda f: f.name)]


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    tables = connection.execute(
        "select 1 from information_schema.tables where table_name = 'project'"
    ).fetchall()
    if not tables:
        return 0
    rows = connection.execute("select value from project where key = 'schema_version'").fetchall()
    return int(rows[0][0]) if rows else 0
