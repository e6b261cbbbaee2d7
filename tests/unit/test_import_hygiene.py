"""What importing really loads. The static contracts cannot see a deferred import."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LIBRARIES = ["numba", "faiss", "pacmap", "sklearn", "scipy"]
"""Slow to import, or compiled then: for workers only."""
HEAVY = [*LIBRARIES, "torch", "cleanlab", "transformers", "open_clip", "timm", "PySide6"]


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("import auditor.cli", [*HEAVY, "duckdb", "pyarrow", "auditor.session"]),
        ("import auditor.session", HEAVY),
        (
            "from auditor import checks; checks.names()",
            [*HEAVY, "duckdb", "auditor.checks.labels.label_errors"],
        ),
        ("from auditor import checks; [checks.load(c) for c in checks.names()]", HEAVY),
        ("import auditor.jobs.worker", [*HEAVY, "duckdb", "auditor.store", "auditor.session"]),
        ("import auditor.media.scan", [*HEAVY, "duckdb"]),
        ("import auditor.store.review", HEAVY),
        ("import auditor.report.html", [*HEAVY, "duckdb"]),
        ("import auditor.formats; auditor.formats.names()", [*HEAVY, "duckdb"]),
    ],
)
def test_it_does_not_load(statement: str, forbidden: list[str]) -> None:
    code = f"{statement}\nimport json, sys\njson.dump(list(sys.modules), sys.stdout)"
    loaded = json.loads(subprocess.check_output([sys.executable, "-c", code], text=True))
    assert set(forbidden).isdisjoint(loaded), set(forbidden).intersection(loaded)
