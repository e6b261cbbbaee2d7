"""From a check's Arrow tables to its part of the result: counts, worst samples, tables, bands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.checks.base import CheckSpec
from auditor.report.result import (
    CheckResult,
    ClassRow,
    Finding,
    Histogram,
    Metric,
    PairRow,
    SplitRow,
    Status,
)
from auditor.report.words import evidence_of, evidence_words

TOP_FINDINGS = 60
TOP_CLASSES = 1000
TOP_PAIRS = 200
BANDS = 20
NULL_PREFIX = "null_"
"""A set metric so named is what the check finds where nothing is wrong."""


def check_result(
    spec: CheckSpec,
    findings: pa.Table,
    metrics: pa.Table,
    *,
    parameters: Mapping[str, bool | int | float | str | None],
    null_baseline: Sequence[Metric] = (),
    about: str = "",
    top: int = TOP_FINDINGS,
) -> CheckResult:
    """What a finished check contributes.

    `findings` has FINDING_SCHEMA joined with its samples' path, row, sha256, split and labels,
    and related_path where a finding names another sample. `metrics` has METRIC_SCHEMA. `about`
    says in a sentence what the check looks for.
    """
    flagged = findings.filter(pc.fill_null(findings["flagged"], False))
    by_scope = _by_scope(metrics)
    of_set = by_scope.get("set", {}).get("", [])
    classes, class_total = _class_rows(findings, flagged, by_scope.get("class", {}))
    pairs, pair_total = _pair_rows(flagged, by_scope.get("pair", {}))
    judged = findings.num_rows
    return CheckResult(
        id=spec.id,
        version=spec.version,
        title=spec.title,
        family=spec.family,
        status=_status(flagged.num_rows, judged),
        about=about,
        cannot_see=spec.cannot_see,
        sources=spec.sources,
        parameters=dict(parameters),
        judged=judged,
        flagged=flagged.num_rows,
        share_flagged=flagged.num_rows / judged if judged else None,
        metrics=tuple(m for m in of_set if not m.name.startswith(NULL_PREFIX)),
        null_baseline=(
            *null_baseline,
            *(
                m.model_copy(update={"name": m.name.removeprefix(NULL_PREFIX)})
                for m in of_set
                if m.name.startswith(NULL_PREFIX)
            ),
        ),
        splits=_split_rows(findings, flagged),
        classes=classes,
        class_total=class_total,
        pairs=pairs,
        pair_total=pair_total,
        histogram=_histogram(findings),
        top=_worst(flagged, top),
    )


def not_run(spec: CheckSpec, reason: str, *, failed: bool = False) -> CheckResult:
    """A check that was skipped, or that broke off, and the sentence that says why."""
    return CheckResult(
        id=spec.id,
        version=spec.version,
        title=spec.title,
        family=spec.family,
        status="error" if failed else "skipped",
        reason=reason,
        cannot_see=spec.cannot_see,
        sources=spec.sources,
    )


def _status(flagged: int, judged: int) -> Status:
    if judged == 0:
        return "info"
    return "warning" if flagged else "ok"


def _by_scope(metrics: pa.Table) -> dict[str, dict[str, list[Metric]]]:
    """scope -> key -> its metrics by name."""
    scopes: dict[str, dict[str, list[Metric]]] = {}
    for row in metrics.sort_by([(n, "ascending") for n in ("scope", "key", "name")]).to_pylist():
        metric = Metric(name=row["name"], value=row["value"], low=row["low"], high=row["high"])
        scopes.setdefault(row["scope"], {}).setdefault(row["key"], []).append(metric)
    return scopes


def _class_rows(
    findings: pa.Table, flagged: pa.Table, metrics: Mapping[str, list[Metric]]
) -> tuple[tuple[ClassRow, ...], int]:
    """The classes flagged most, and how many there are; a sample counts in each of its classes."""
    samples, suspects = (_tally(pc.list_flatten(t["labels"])) for t in (findings, flagged))
    names = sorted({*samples, *metrics}, key=lambda name: (-suspects.get(name, 0), name))
    rows = (
        ClassRow(
            name=name,
            samples=samples.get(name, 0),
            flagged=suspects.get(name, 0),
            metrics=tuple(metrics.get(name, ())),
        )
        for name in names[:TOP_CLASSES]
    )
    return tuple(rows), len(names)


def _pair_rows(
    flagged: pa.Table, metrics: Mapping[str, list[Metric]]
) -> tuple[tuple[PairRow, ...], int]:
    """Given -> suggested of single-label findings and of pairs the check measured; how many."""
    counts = _pair_counts(flagged)
    measured: dict[tuple[str, str], list[Metric]] = {}
    for key, values in metrics.items():
        given, suggested = json.loads(key)
        measured[given, suggested] = values
    pairs = sorted({*counts, *measured}, key=lambda pair: (-counts.get(pair, 0), pair))
    rows = (
        PairRow(
            given=given,
            suggested=suggested,
            flagged=counts.get((given, suggested), 0),
            metrics=tuple(measured.get((given, suggested), ())),
        )
        for given, suggested in pairs[:TOP_PAIRS]
    )
    return tuple(rows), len(pairs)


def _pair_counts(flagged: pa.Table) -> dict[tuple[str, str], int]:
    single = (pc.equal(pc.list_value_length(flagged[name]), 1) for name in ("labels", "suggested"))
    one_each = flagged.select(["labels", "suggested"]).filter(pc.and_(*single))
    given, suggested = (pc.list_flatten(column) for column in one_each.columns)
    joined = pa.table({"given": given, "suggested": suggested})
    counted = joined.group_by(["given", "suggested"]).aggregate([([], "count_all")])
    keys = zip(counted["given"].to_pylist(), counted["suggested"].to_pylist(), strict=True)
    return dict(zip(keys, counted["count_all"].to_pylist(), strict=True))


def _split_rows(findings: pa.Table, flagged: pa.Table) -> tuple[SplitRow, ...]:
    judged, suspects = (_tally(pc.fill_null(t["split"], "")) for t in (findings, flagged))
    return tuple(
        SplitRow(split=split, judged=judged[split], flagged=suspects.get(split, 0))
        for split in sorted(judged)
    )


def _tally(values: pa.ChunkedArray) -> dict[str, int]:
    return {pair["values"]: pair["counts"] for pair in pc.value_counts(values).to_pylist()}


def _histogram(findings: pa.Table) -> Histogram | None:
    """Bands of the probability of an error where it is calibrated, of the quality else."""
    has_p = findings["p_error"].null_count < findings.num_rows
    column = "p_error" if has_p else "quality"
    bare = findings.select([column, "flagged"])
    known = bare.filter(pc.is_valid(bare[column]))
    if known.num_rows == 0:
        return None
    values: npt.NDArray[Any] = known[column].to_numpy()
    is_flagged: npt.NDArray[np.bool_] = pc.fill_null(known["flagged"], False).to_numpy()
    edges = np.linspace(0.0, 1.0, BANDS + 1)
    return Histogram(
        score="p_error" if has_p else "quality",
        edges=tuple(round(float(edge), 6) for edge in edges),
        counts=tuple(int(n) for n in np.histogram(values, edges)[0]),
        flagged=tuple(int(n) for n in np.histogram(values[is_flagged], edges)[0]),
    )


def _worst(flagged: pa.Table, top: int) -> tuple[Finding, ...]:
    """Most probable errors first; where that is unknown, lowest quality first."""
    order = [("p_error", "descending"), ("quality", "ascending"), ("sample_id", "ascending")]
    keys = flagged.select([name for name, _ in order])
    rows = flagged.take(pc.sort_indices(keys, sort_keys=order)[:top]).to_pylist()
    return tuple(_finding(row) for row in rows)


def _finding(row: Mapping[str, Any]) -> Finding:
    evidence = evidence_of(row["evidence"])
    return Finding(
        sample_id=row["sample_id"],
        path=row["path"],
        row=row.get("row"),
        sha256=row.get("sha256"),
        split=row.get("split"),
        given=tuple(row["labels"] or ()),
        suggested=tuple(row["suggested"] or ()),
        quality=row["quality"],
        p_error=row["p_error"],
        p_error_low=row["p_error_low"],
        p_error_high=row["p_error_high"],
        reason=evidence_words(evidence),
        related_id=row["related_id"],
        related_path=row.get("related_path"),
        neighbours_given=tuple(evidence.get("neighbours_given") or ()),
        neighbours_suggested=tuple(evidence.get("neighbours_suggested") or ()),
    )
