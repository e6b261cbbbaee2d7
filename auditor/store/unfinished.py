"""Runs that were stopped before their end and can go on from where they were."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from auditor.store import project
from auditor.store.db import Connection
from auditor.store.runs import LAST


@dataclass(frozen=True, slots=True)
class Unfinished:
    check_id: str
    params: dict[str, Any]
    inputs: dict[str, Any]


def unfinished(db: Connection) -> list[Unfinished]:
    """Of the data as they are now; a check's later run takes the place of an earlier one."""
    rows = db.execute(
        f"select check_id, params, inputs from run where run_id in ({LAST})"
        " and state in ('running', 'cancelled') and data_version = ? order by check_id",
        [project.data_version(db)],
    ).fetchall()
    return [
        Unfinished(name, json.loads(params), json.loads(inputs)) for name, params, inputs in rows
    ]
