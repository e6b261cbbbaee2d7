"""Decisions in bulk: a rule such as "accept where p_error > 0.95", or a patch file."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.model import Verdict
from auditor.store import findings
from auditor.store.db import Connection
from auditor.store.review import DECISION_SCHEMA

_RULE = re.compile(
    r"\s*(?P<verb>\w+)(?:\s+(?P<label>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\S+))??(?:\s+where\s+(?P<where>.+?))?\s*",
    re.IGNORECASE | re.DOTALL,
)


class RuleError(ValueError):
    """The rule cannot be read."""


class PatchError(ValueError):
    """The patch file cannot be applied. Names the line."""


@dataclass(frozen=True, slots=True)
class Rule:
    verdict: Verdict | None
    """None clears the decision."""
    label: str | None
    where: str


def parse_rule(text: str) -> Rule:
    """`VERB [LABEL] [where FILTER]`; the verbs are accept, keep, relabel, exclude, defer, clear."""
    found = _RULE.fullmatch(text)
    verb = found["verb"].lower() if found else ""
    if not found or verb not in {*Verdict, "clear"}:
        raise RuleError(
            f'cannot read the rule {text!r}: write for example "accept where p_error > 0.95";'
            f" the verbs are {', '.join(Verdict)} and clear"
        )
    label = found["label"]
    if (label is not None) != (verb == Verdict.RELABEL):
        raise RuleError("`relabel` takes one label, and no other verb does: relabel 'cat' where …")
    if label and label[0] in "'\"":
        label = label[1:-1].replace(label[0] * 2, label[0])
    return Rule(None if verb == "clear" else Verdict(verb), label, found["where"] or "")


def from_rule(db: Connection, rule: Rule, check_id: str, note: str | None = None) -> pa.Table:
    """Decisions that the rule makes on the newest findings of a check, as DECISION_SCHEMA."""
    chosen = findings.select(db, check_id, rule.where)
    if rule.verdict is Verdict.ACCEPT:
        chosen = chosen.filter(chosen["suggested"].is_valid())
    rows = chosen.num_rows
    labels: Any = pa.nulls(rows, DECISION_SCHEMA.field("labels").type)
    if rule.verdict is Verdict.ACCEPT:
        labels = chosen["suggested"]
    elif rule.verdict is Verdict.RELABEL:
        labels = pa.array([[rule.label]] * rows, DECISION_SCHEMA.field("labels").type)
    return pa.table(
        {
            "sample_id": chosen["sample_id"],
            "verdict": pa.array([rule.verdict] * rows, pa.string()),
            "labels": labels,
            "note": pa.array([note] * rows, pa.string()),
            "check_id": pa.array([check_id] * rows, pa.string()),
            "p_error": chosen["p_error"],
        },
        schema=DECISION_SCHEMA,
    )


def from_patch(db: Connection, path: Path) -> pa.Table:
    """Decisions of a patch file (changes.jsonl, changes.csv or a CSV of your own).

    Each record names its sample by `sample_id`, or by `path` (and `row`), and gives `verdict`
    and, for relabel and accept, `new`, `labels` or `label`. Raises PatchError.
    """
    ids = _sample_ids(db)
    records = [
        _decision(record, ids, f"{path.name}, record {number}")
        for number, record in enumerate(_records(path), start=1)
    ]
    return pa.Table.from_pylist(records, schema=DECISION_SCHEMA)


def _sample_ids(db: Connection) -> dict[Any, int]:
    rows = db.execute('select sample_id, path, "row" from sample where present').fetchall()
    by_place: dict[Any, int] = {(path, row): sample_id for sample_id, path, row in reversed(rows)}
    return by_place | {sample_id: sample_id for sample_id, _, _ in rows}


def _records(path: Path) -> Iterable[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".csv":
            return list(csv.DictReader(text.splitlines(keepends=True)))
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except FileNotFoundError:
        raise PatchError(f"there is no file {path}") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise PatchError(f"{path} is neither JSON lines nor CSV: {error}") from None


def _decision(record: dict[str, Any], ids: dict[Any, int], place: str) -> dict[str, Any]:
    key = _key(record, place)
    if key not in ids:
        raise PatchError(f"{place}: the project has no sample {key}")
    try:
        verdict = Verdict(str(record.get("verdict") or Verdict.RELABEL))
    except ValueError:
        raise PatchError(f"{place}: verdict must be one of {', '.join(Verdict)}") from None
    labels = None
    if verdict in {Verdict.ACCEPT, Verdict.RELABEL}:
        labels = _labels(record, place)
    p_error = record.get("p_error")
    return {
        "sample_id": ids[key],
        "verdict": verdict.value,
        "labels": labels,
        "note": record.get("note") or None,
        "check_id": record.get("check_id") or None,
        "p_error": float(p_error) if p_error not in (None, "") else None,
    }


def _key(record: dict[str, Any], place: str) -> Any:
    sample_id, path, row = record.get("sample_id"), record.get("path"), record.get("row")
    try:
        if path not in (None, ""):
            return str(path), int(row) if row not in (None, "") else None
        if sample_id not in (None, ""):
            return int(str(sample_id))
    except ValueError:
        raise PatchError(f"{place}: sample_id and row are whole numbers") from None
    raise PatchError(f"{place}: it names no sample: give sample_id or path")


def _labels(record: dict[str, Any], place: str) -> list[str]:
    value = next(
        (record[k] for k in ("new", "labels", "label") if record.get(k) not in (None, "")), None
    )
    if value is None:
        raise PatchError(f"{place}: it gives no new label: a field `new`, `labels` or `label`")
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            value = [value]
    return [str(label) for label in value] if isinstance(value, list) else [str(value)]
