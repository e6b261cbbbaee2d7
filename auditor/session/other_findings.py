"""What other checks found, as tables that a check may read beside its samples."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from auditor.checks.base import CheckSpec
from auditor.model import DOUBTS_SCHEMA, FURTHER_SCHEMA
from auditor.session.needs import Ready
from auditor.store import project, runs
from auditor.store.db import Connection


def label_errors(db: Connection) -> pa.Table | None:
    """What the newest label check of this data found: sample_id, p_error, suggested, evidence."""
    if _current(db, "label_errors") is None:
        return None
    return runs.findings(db, "label_errors").select(
        ["sample_id", "p_error", "suggested", "evidence"]
    )


def with_shown(found: pa.Table) -> pa.Table:
    """Findings of the label check with the columns shows and p_shows (see DOUBTS_SCHEMA)."""
    told = [json.loads(text or "{}").get("shows") for text in found["evidence"].to_pylist()]
    for i, name in enumerate(("shows", "p_shows")):
        kind = DOUBTS_SCHEMA.field(name).type
        found = found.append_column(name, pa.array([one and one[i] for one in told], kind))
    return found


def proposals(db: Connection) -> dict[int, list[str]]:
    """By sample the further labels that the newest multi-label check of this data proposes.

    And those asked about before: a proposal that the answers denied would come back without them.
    """
    found: dict[int, list[str]] = {}
    if _current(db, "multi_label") is not None:
        rows = runs.findings(db, "multi_label", only_flagged=True)
        told = zip(rows["sample_id"].to_pylist(), rows["suggested"].to_pylist(), strict=True)
        # The given label is the first of those suggested.
        found = {sample: names[1:] for sample, names in told if names}
    if _current(db, "visual_language") is not None:
        asked = _further(db)
        for sample, names in zip(
            asked["sample_id"].to_pylist(), asked["names"].to_pylist(), strict=True
        ):
            had = found.setdefault(sample, [])
            had += [name for name in names if name not in had]
    return found


def ready(db: Connection, spec: CheckSpec, folder: Path) -> dict[str, Ready]:
    """The tables that the check uses, as files in `folder`; those that there are."""
    found = {}
    for name, identity in identities(db, spec).items():
        path = folder / f"{name}.arrow"
        with pa.ipc.new_file(path, (table := _TABLES[name](db)).schema) as writer:
            writer.write_table(table)
        found[name] = Ready(path, identity)
    return found


def identities(db: Connection, spec: CheckSpec) -> dict[str, str]:
    """What tells the tables that the check uses from those of other runs, without reading them."""
    current = {name: _current(db, name) for name in sorted(spec.uses & _TABLES.keys())}
    return {
        name: hashlib.sha256(
            json.dumps([run.run_id, run.version, run.params, run.inputs], sort_keys=True).encode()
        ).hexdigest()[:32]
        for name, run in current.items()
        if run is not None
    }


def _current(db: Connection, check_id: str) -> runs.Run | None:
    """The check's newest run, if it saw the data as they are now."""
    run = runs.latest(db, check_id)
    return run if run and run.data_version == project.data_version(db) else None


def _doubts(db: Connection) -> pa.Table:
    found = label_errors(db)
    if found is None:
        return DOUBTS_SCHEMA.empty_table()
    return with_shown(found).select(DOUBTS_SCHEMA.names)


def _further(db: Connection) -> pa.Table:
    """What answers say of the label and of other classes, where they were asked about any."""
    found = runs.findings(db, "visual_language").select(["sample_id", "evidence"])
    found = found.filter(pc.match_substring(found["evidence"], '"others":[['))
    facts = [json.loads(text) for text in found["evidence"].to_pylist()]
    columns = {
        "sample_id": found["sample_id"],
        "own": [one["own"] for one in facts],
        "names": [[name for name, _ in one["others"]] for one in facts],
        "ratios": [[ratio for _, ratio in one["others"]] for one in facts],
    }
    return pa.table(columns, FURTHER_SCHEMA)


_TABLES: Mapping[str, Callable[[Connection], pa.Table]] = {
    "label_errors": _doubts,
    "visual_language": _further,
}
NAMES = frozenset(_TABLES)
"""Checks whose findings another one may read."""
