"""All rows about one sample. Ids lie in order, so that each of these reads a row group or two."""

from __future__ import annotations

from typing import Any

from auditor.store import runs
from auditor.store.db import Connection
from auditor.store.runs import NEWEST
from auditor.store.standing import REVIEWED


def sample(db: Connection, sample_id: int) -> dict[str, Any] | None:
    """What the source gives and what the one pass over the bytes found; None for none present."""
    found = _first(
        db,
        'select sample_id, path, "row", split, "group", given from sample'
        " where sample_id = ? and present",
        sample_id,
    )
    if found is None:
        return None
    media = "select width, height, format, byte_size, reason, detail from media where sample_id = ?"
    unseen = dict.fromkeys(("width", "height", "format", "byte_size", "reason", "detail"))
    return found | (_first(db, media, sample_id) or unseen)


def review(db: Connection, sample_id: int, check_id: str | None) -> dict[str, Any] | None:
    """The standing decision: verdict, labels, note, and is_before; see standing."""
    run = runs.latest(db, check_id) if check_id else None
    query = (
        "select verdict, labels, note, is_before"
        f" from ({REVIEWED.format('review')}) where sample_id = ?"
    )
    return next(iter(_rows(db, query, run.run_id if run else -1, sample_id)), None)


def further(db: Connection, sample_id: int) -> dict[str, str]:
    """The source's own further columns, as text; those without a value are left out."""
    found = _first(db, "select columns(*)::text from extra where sample_id = ?", sample_id) or {}
    return {k: text for k, text in found.items() if text is not None and k != "sample_id"}


def findings(db: Connection, sample_id: int) -> list[dict[str, Any]]:
    """Each check's newest finding: FINDING_SCHEMA with the run's check_id, version, data_version."""
    newest = f"select run_id, check_id, version, data_version from run where run_id in ({NEWEST})"
    known = {
        row[0]: dict(zip(_OF_RUN, row[1:], strict=True)) for row in db.execute(newest).fetchall()
    }
    # Not joined: a sample has few findings, and a join would look through all of them.
    found = _rows(db, "select * from finding where sample_id = ?", sample_id)
    return [row | known[row["run_id"]] for row in found if row["run_id"] in known]


_OF_RUN = ("check_id", "version", "data_version")


def _first(db: Connection, query: str, sample_id: int) -> dict[str, Any] | None:
    rows = _rows(db, query, sample_id)
    return rows[0] if rows else None


def _rows(db: Connection, query: str, *values: int) -> list[dict[str, Any]]:
    result = db.execute(query, list(values))
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
