"""Decisions in bulk: a rule such as "accept where p_error > 0.95", or a patch file."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor.model import Verdict
from auditor.report import changes
from auditor.store import findings, samples
from auditor.store.db import Connection
from auditor.store.review import DECISION_SCHEMA

_RULE = re.compile(
    r"\s*(?P<verb>\w+)(?:\s+(?P<label>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\S+))??(?:\s+where\s+(?P<where>.+?))?\s*",
    re.IGNORECASE | re.DOTALL,
)


NOTE = "note"
"""The verdict of a change that is only a note."""


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
    records = _records(path)
    places = [f"{path.name}, record {number}" for number in range(1, len(records) + 1)]
    keys = [_key(record, place) for record, place in zip(records, places, strict=True)]
    ids = samples.find(db, pa.Table.from_pylist(keys, schema=samples.KEY_SCHEMA)).to_pylist()
    decisions = []
    for record, place, key, sample_id in zip(records, places, keys, ids, strict=True):
        if sample_id is None:
            raise PatchError(f"{place}: the project has no sample {_words(key)}")
        decisions.append({"sample_id": sample_id, **_decision(record, place)})
    return pa.Table.from_pylist(decisions, schema=DECISION_SCHEMA)


def _words(key: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in key.items() if value is not None)


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".csv":
            rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
            return [{k: _unguarded(v) for k, v in row.items()} for row in rows]
        records = [json.loads(line) for line in text.splitlines() if line.strip()]
    except FileNotFoundError:
        raise PatchError(f"there is no file {path}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise PatchError(f"{path} is neither JSON lines nor CSV: {error}") from None
    if strange := [number for number, one in enumerate(records, 1) if not isinstance(one, dict)]:
        raise PatchError(f"{path.name}, record {strange[0]}: it is no JSON object")
    return records


def _unguarded(cell: Any) -> Any:
    """A cell without the apostrophe that keeps spreadsheets from running it."""
    if isinstance(cell, str) and cell[:1] == "'" and cell[1:].startswith(changes.FORMULA_STARTS):
        return cell[1:]
    return cell


def _decision(record: dict[str, Any], place: str) -> dict[str, Any]:
    given = str(record.get("verdict") or Verdict.RELABEL)
    try:
        verdict = None if given == NOTE else Verdict(given)
        p_error = float(p) if (p := record.get("p_error")) not in (None, "") else None
    except (ValueError, TypeError):
        raise PatchError(
            f"{place}: verdict must be one of {', '.join(Verdict)}, and p_error a number"
        ) from None
    labels = None
    if verdict in {Verdict.ACCEPT, Verdict.RELABEL}:
        labels = _labels(record, place)
    return {
        "verdict": verdict,
        "labels": labels,
        "note": record.get("note") or None,
        "check_id": record.get("check_id") or None,
        "p_error": p_error,
    }


def _key(record: dict[str, Any], place: str) -> dict[str, Any]:
    """Path, row and sample id of the record, as samples.KEY_SCHEMA."""
    path, row = record.get("path"), record.get("row")
    sample_id = next((record[k] for k in ("sample_id", "id") if _says(record.get(k))), None)
    try:
        key = {
            "path": str(path) if _says(path) else None,
            "row": int(str(row)) if _says(row) else None,
            "sample_id": int(str(sample_id)) if _says(sample_id) else None,
        }
    except (ValueError, TypeError):
        raise PatchError(f"{place}: sample_id and row are whole numbers") from None
    if key["path"] is None and not _says(record.get("sample_id")):
        raise PatchError(f"{place}: it names no sample: give sample_id or path")
    return key


def _says(value: Any) -> bool:
    return value is not None and value != ""


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
