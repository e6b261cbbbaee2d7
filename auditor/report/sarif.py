"""`findings.sarif`: SARIF 2.1.0, so that code hosts show flagged files beside a change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from auditor.address import MARK
from auditor.report.files import write_text
from auditor.report.findings import UNREADABLE
from auditor.report.result import CheckResult, Result
from auditor.report.words import labels

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "DATASET"
MOST_RESULTS = 5000
"""Hosts refuse larger files; the rest is counted in the run's properties."""
ERROR_LEVEL_FROM = 0.9
"""Findings at least this probably wrong are errors, the others warnings."""


def render(result: Result, findings: pa.Table) -> str:
    """The flagged samples (findings.TABLE_SCHEMA) as a SARIF log."""
    shown = [_result(row) for row in _worst_first(findings).slice(0, MOST_RESULTS).to_pylist()]
    run = {
        "tool": {"driver": _driver(result)},
        "originalUriBaseIds": {ROOT: {"description": {"text": "Folder the paths start from"}}},
        "invocations": [{"executionSuccessful": not _broken(result)}],
        "results": shown,
        "properties": {"findings": findings.num_rows, "shown": len(shown)},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def write(result: Result, findings: pa.Table, path: Path) -> None:
    write_text(path, render(result, findings))


def uri(path: str) -> str:
    """A relative or file URI of a sample's path, every odd byte percent-encoded."""
    if path.startswith(MARK):
        encoded = path.removeprefix(MARK)
        return f"file://{encoded}" if encoded.startswith("/") else encoded
    if PureWindowsPath(path).is_absolute() and not path.startswith("/"):
        return "file:///" + quote(path.replace("\\", "/"), safe="/:")
    encoded = quote(path, safe="/", errors="surrogateescape")
    return f"file://{encoded}" if PurePosixPath(path).is_absolute() else encoded


def _worst_first(findings: pa.Table) -> pa.Table:
    order = [("p_error", "descending"), ("quality", "ascending"), ("check", "ascending")]
    return findings.sort_by([*order, ("path", "ascending"), ("row", "ascending")])


def _driver(result: Result) -> dict[str, Any]:
    rules = [_rule(check) for check in result.checks]
    if result.check(UNREADABLE) is None:
        text = {"text": "The file could not be read as an image"}
        rules.append({"id": UNREADABLE, "name": UNREADABLE, "shortDescription": text})
    return {"name": result.tool.name, "version": result.tool.version, "rules": rules}


def _rule(check: CheckResult) -> dict[str, Any]:
    blind = " ".join(check.cannot_see)
    return {
        "id": check.id,
        "name": check.id,
        "shortDescription": {"text": check.title},
        "fullDescription": {
            "text": f"{check.title}. Cannot see: {blind}" if blind else check.title
        },
        "properties": {"family": check.family, "version": check.version},
    }


def _result(row: dict[str, Any]) -> dict[str, Any]:
    p_error = row["p_error"]
    # Half a step of float32 below the level, so that 0.9 as stored counts as 0.9.
    certain = p_error is not None and p_error >= ERROR_LEVEL_FROM - 1e-7
    finding: dict[str, Any] = {
        "ruleId": row["check"],
        "level": "error" if certain or row["check"] == UNREADABLE else "warning",
        "message": {"text": "; ".join(_message(row))},
        "locations": [{"physicalLocation": {"artifactLocation": _location(row["path"])}}],
        "partialFingerprints": {"sample/v1": _fingerprint(row)},
    }
    facts = {name: row[name] for name in ("sample_id", "row", "quality", "p_error")}
    finding["properties"] = {name: value for name, value in facts.items() if value is not None}
    return finding


def _location(path: str) -> dict[str, str]:
    address = uri(path)
    return {"uri": address} if address.startswith("file:") else {"uri": address, "uriBaseId": ROOT}


def _message(row: dict[str, Any]) -> Iterator[str]:
    given, suggested = tuple(row["labels"] or ()), tuple(row["suggested"] or ())
    if row["check"] == UNREADABLE:
        yield f"cannot be read as an image: {row['evidence']}"
        return
    if suggested:
        yield f"given {labels(given)}, looks like {labels(suggested)}"
    else:
        yield f"flagged by {row['check']}"
    if row["row"] is not None:
        yield f"row {row['row']}"
    if row["p_error"] is not None:
        yield f"probability of an error {row['p_error']:.2f}"


def _fingerprint(row: dict[str, Any]) -> str:
    """Stays the same while the same bytes stand at the same place and fail the same check."""
    identity = [row[name] for name in ("check", "path", "row", "occurrence", "sha256")]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def _broken(result: Result) -> bool:
    return any(check.status == "error" for check in result.checks)
