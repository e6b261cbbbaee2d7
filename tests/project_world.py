"""A project with samples, findings and decisions, without any image or worker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.checks import base
from auditor.session import Session
from auditor.session.folder import ProjectFolder
from auditor.store import runs
from tests import tables

LABELS = ["a", "b", "c"] * 4


def session(folder: Path) -> Session:
    """Twelve samples of three classes; label_errors flagged 0 (a to b) and 1 (b to c)."""
    opened = Session(ProjectFolder(folder / "p.audit"), workers=1)
    tables.import_rows(opened.store, tables.samples(LABELS))
    audit(opened)
    return opened


def audit(session: Session, findings: pa.Table | None = None, **identity: Any) -> None:
    """Save a finished run of label_errors."""
    facts: dict[str, Any] = {
        "check_id": "label_errors",
        "version": 1,
        "params": {},
        "inputs": {},
        "data_version": 1,
    }
    run = runs.StartRun(runs.RunIdentity(**{**facts, **identity}))
    session.store.write(run).result()
    rows = found() if findings is None else findings
    metrics = base.metrics([("set", "", "estimated_errors", 2.0, 1.0, 3.0)])
    session.store.write(runs.SaveShard(run.run_id, 0, rows, metrics)).result()
    session.store.write(runs.EndRun(run.run_id, "done", 1.0)).result()


def found() -> pa.Table:
    count = len(LABELS)
    full = json.dumps({"classes": [["b", 0.7], ["a", 0.2]]})
    return base.findings(
        sample_id=list(range(count)),
        quality=[0.1, 0.2] + [0.9] * (count - 2),
        flagged=[True, True] + [False] * (count - 2),
        p_error=[0.8, 0.7] + [0.1] * (count - 2),
        suggested=[["b"], ["c"]] + [None] * (count - 2),
        evidence=[full] + ['{"margin":0.1}'] * (count - 1),
    )
