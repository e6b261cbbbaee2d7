"""The result of an audit, from the store: for `result.json`, the report, the gate and CI."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from auditor import checks, version
from auditor.formats.base import Understanding
from auditor.model import Verdict
from auditor.report import build, findings, gate, html, junit, pictures, result, sarif, summary
from auditor.report.files import input_fingerprint
from auditor.session.auditing import CheckEnd
from auditor.session.deciding import NOTE
from auditor.session.folder import ProjectFolder
from auditor.store import arrays, media, project, review, runs, samples
from auditor.store.db import Connection, Store

_LIBRARIES = ("cleanlab", "duckdb", "numpy", "pandas", "pyarrow", "scikit-learn", "torch", "pillow")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which gate to hold the result against, and which extra files to write."""

    fail_on: Sequence[str] = ()
    baseline: Path | None = None
    junit: Path | None = None
    sarif: Path | None = None
    summary: Path | None = None
    command: str | None = None
    truth: tuple[result.TruthRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Reporter:
    store: Store
    folder: ProjectFolder
    understood: Understanding

    def write(self, out: Path, wanted: Wanted, ended: Sequence[CheckEnd] = ()) -> result.Result:
        """Write `result.json`, `findings.parquet` and `report.html` into `out`, and what else is wanted.

        Raises GateSpecError and ResultError before anything is written.
        """
        rules = gate.parse_all(wanted.fail_on, checks.names())
        baseline = gate.read_baseline(wanted.baseline) if wanted.baseline else None
        with self.store.reader() as db:
            whole, flagged = self._collect(db, wanted, ended)
        if rules:
            outcome = gate.evaluate(rules, whole, flagged, baseline)
            whole = whole.model_copy(update={"gate": outcome})
        reference = findings.write(flagged, out / findings.FILE_NAME)
        whole = whole.model_copy(update={"findings": reference})
        result.write(whole, out / "result.json")
        with self.store.reader() as db:
            thumbnails = media.thumbnails(db, self.folder.thumbnails, list(pictures.wanted(whole)))
        html.write(whole, out / "report.html", thumbnails)
        if wanted.junit:
            junit.write(whole, wanted.junit)
        if wanted.sarif:
            sarif.write(whole, flagged, wanted.sarif)
        if wanted.summary:
            summary.write(whole, wanted.summary)
        return whole

    def _collect(
        self, db: Connection, wanted: Wanted, ended: Sequence[CheckEnd]
    ) -> tuple[result.Result, pa.Table]:
        parts: list[result.CheckResult] = []
        flagged: list[pa.Table] = []
        timings: dict[str, float | None] = {}
        not_run = _not_run(ended)
        for check_id in runs.audited(db):
            # Older findings of a check that failed now would pass for those of this audit.
            if check_id not in checks.names() or check_id in {part.id for part in not_run}:
                continue
            part, rows, seconds = _check(db, check_id)
            parts.append(part)
            flagged.append(rows)
            timings[check_id] = seconds
        parts += not_run
        unread = samples.read(db, ["reason", "detail", "sha256"], where="m.reason is not null")
        if findings.UNREADABLE not in {part.id for part in parts}:
            flagged.append(findings.unreadable_rows(unread))
        whole = result.Result(
            tool=_tool(),
            project=self.folder.name,
            created=datetime.now(UTC),
            configuration=_configuration(db, wanted),
            input=self._input(db),
            counts=_counts(db),
            timings=timings,
            checks=tuple(parts),
            unreadable=tuple(_unreadable(row) for row in unread.slice(0, 200).to_pylist()),
            decisions=_decisions(db),
            truth=wanted.truth,
        )
        return whole, findings.concat(flagged)

    def _input(self, db: Connection) -> result.Input:
        return result.Input(
            source=str(self.understood.source),
            format=self.understood.format,
            samples=samples.count(db),
            fingerprint=input_fingerprint(pa.array(media.hashes(db), pa.string())),
        )


def _check(db: Connection, check_id: str) -> tuple[result.CheckResult, pa.Table, float]:
    run = runs.latest(db, check_id)
    if run is None:
        raise LookupError(check_id)
    rows = runs.findings(db, check_id)
    rows = rows.drop_columns(["labels"]).rename_columns({"given": "labels"})
    part = build.check_result(
        checks.load(check_id).spec, rows, runs.metrics(db, check_id), parameters=run.params
    )
    return part, findings.flagged_rows(check_id, rows), run.seconds


def _not_run(ended: Sequence[CheckEnd]) -> list[result.CheckResult]:
    return [
        build.not_run(
            checks.load(end.check_id).spec, end.message or end.state, failed=end.state == "failed"
        )
        for end in ended
        if end.state in {"skipped", "failed"}
    ]


def _tool() -> result.Tool:
    return result.Tool(
        version=version.VERSION,
        python=platform.python_version(),
        platform=sys.platform,
        libraries={name: metadata.version(name) for name in _LIBRARIES},
    )


def _configuration(db: Connection, wanted: Wanted) -> result.Configuration:
    facts = project.fact(db, "audit") or {}
    # Attached embeddings take an encoder's place; one used before them says nothing of this audit.
    encoder = None if arrays.attached(db, "embedding") else project.fact(db, "encoder")
    return result.Configuration(
        seed=facts.get("seed", 0),
        device=facts.get("device", "auto"),
        encoder=result.Encoder(id=encoder["id"], fingerprint=encoder["fingerprint"])
        if encoder
        else None,
        checks=runs.audited(db),
        command=wanted.command,
    )


def _counts(db: Connection) -> result.Counts:
    facts = samples.tally(db)
    return result.Counts(
        samples=facts["samples"],
        labelled=facts["labelled"],
        classes=facts["classes"],
        splits=facts["splits"],
        unreadable=media.unreadable(db),
    )


def _unreadable(row: Mapping[str, Any]) -> result.UnreadableSample:
    return result.UnreadableSample(
        path=row["path"], row=row["row"], reason=row["reason"], detail=row["detail"] or ""
    )


def _decisions(db: Connection) -> result.Decisions | None:
    rows = review.decisions(db)
    if not rows.num_rows:
        return None
    verdicts = rows["verdict"].fill_null(NOTE)
    out = pc.equal(verdicts, Verdict.EXCLUDE)
    changes = [
        result.Change(
            path=row["path"],
            row=row["row"],
            old=tuple(row["given"]),
            new=() if row["verdict"] == Verdict.EXCLUDE else tuple(row["labels"]),
            verdict=row["verdict"],
            reviewer=row["reviewer"],
        )
        for row in rows.filter(pc.or_(out, rows["relabelled"])).to_pylist()
    ]
    return result.decisions(
        _tally(verdicts), _tally(rows["reviewer"]), review.confirmed(db), tuple(changes)
    )


def _tally(values: pa.ChunkedArray) -> dict[str, int]:
    return {row["values"]: row["counts"] for row in pc.value_counts(values).to_pylist()}
