"""`result.json`: everything one audit says about a data set, as versioned types.

Read by people, by CI and by later versions of the program. The order is fixed and numbers are
rounded, so that two runs differ only where the audit differs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from auditor.report.files import write_text

SCHEMA_VERSION: Literal["1.0"] = "1.0"
SCHEMA_ID = "urn:dataset-auditor:result:1.0"
SIGNIFICANT_DIGITS = 6


class ResultError(ValueError):
    """A file is not a result that this version can read."""


class ExitCode(IntEnum):
    """What a headless command tells its caller."""

    OK = 0
    GATE_FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERNAL = 4
    INTERRUPTED = 130


def _tidy(value: Any) -> Any:
    """A number without the noise of float32, which would make two equal runs differ."""
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if math.isfinite(value) else None
    return value


def _sayable(value: Any) -> Any:
    """Text from the operating system, its lone surrogates (odd bytes) written as escapes."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _by_key(values: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(values.items()))


Number = Annotated[float | None, BeforeValidator(_tidy)]
"""A finite number, or null where there is none (NaN and infinity are not JSON)."""
Text = Annotated[str, BeforeValidator(_sayable)]
"""For names of files and what people typed; both may hold bytes that are not UTF-8."""
Count = Annotated[int, Field(ge=0)]
Tally = Annotated[dict[str, Count], AfterValidator(_by_key)]
Texts = Annotated[dict[str, str], AfterValidator(_by_key)]
Seconds = Annotated[dict[str, Number], AfterValidator(_by_key)]
Scalars = Annotated[dict[str, bool | int | float | str | None], AfterValidator(_by_key)]
Status = Literal["ok", "info", "warning", "error", "skipped"]


class Part(BaseModel):
    """A value of the result: immutable, and nothing in it goes unnamed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Metric(Part):
    """One number with its interval, where it has one."""

    name: str
    value: Number
    low: Number = None
    high: Number = None


class Tool(Part):
    """What produced the result."""

    name: str = "dataset-auditor"
    version: str
    python: str
    platform: str
    libraries: Texts = {}


class Encoder(Part):
    """The model whose features were used, by its canonical id and the hash of its files."""

    id: str
    fingerprint: str


class Configuration(Part):
    """What was asked for; the parameters of each check stand with the check."""

    seed: int
    device: str
    encoder: Encoder | None = None
    checks: tuple[str, ...] = ()
    command: Text | None = None


class Input(Part):
    """What was audited."""

    source: Text
    format: str
    samples: Count
    fingerprint: str
    """See files.input_fingerprint."""


class Counts(Part):
    """How much was audited; `unreadable` counts by reason code."""

    samples: Count
    labelled: Count
    classes: Count
    splits: Tally = {}
    unreadable: Tally = {}


class Finding(Part):
    """One of a check's worst flagged samples, for people; all of them are in the findings file."""

    sample_id: int
    path: str
    row: int | None = None
    sha256: str | None = None
    split: str | None = None
    given: tuple[str, ...] = ()
    suggested: tuple[str, ...] = ()
    quality: Number
    p_error: Number = None
    p_error_low: Number = None
    p_error_high: Number = None
    reason: str = ""
    related_id: int | None = None
    related_path: str | None = None
    neighbours_given: tuple[int, ...] = ()
    neighbours_suggested: tuple[int, ...] = ()


class ClassRow(Part):
    """A class as a check sees it."""

    name: str
    samples: Count
    flagged: Count
    metrics: tuple[Metric, ...] = ()


class PairRow(Part):
    """Samples given one class that look like another."""

    given: str
    suggested: str
    flagged: Count
    metrics: tuple[Metric, ...] = ()


class SplitRow(Part):
    """A check's counts in one split; "" is the samples that are in none."""

    split: str
    judged: Count
    flagged: Count


class Histogram(Part):
    """Samples per band of a score; `edges` has one number more than `counts`."""

    score: Literal["p_error", "quality"]
    edges: tuple[float, ...]
    counts: tuple[Count, ...]
    flagged: tuple[Count, ...]


class CheckResult(Part):
    """One check: what it is, what it found, and what it finds where nothing is wrong."""

    id: str
    version: int
    title: str
    family: str
    status: Status
    reason: Text | None = None
    """Why it was skipped or failed."""
    about: str = ""
    cannot_see: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    parameters: Scalars = {}
    judged: Count = 0
    flagged: Count = 0
    share_flagged: Number = None
    metrics: tuple[Metric, ...] = ()
    null_baseline: tuple[Metric, ...] = ()
    """The same numbers on data with nothing wrong in it."""
    splits: tuple[SplitRow, ...] = ()
    classes: tuple[ClassRow, ...] = ()
    class_total: Count = 0
    pairs: tuple[PairRow, ...] = ()
    pair_total: Count = 0
    histogram: Histogram | None = None
    top: tuple[Finding, ...] = ()

    def metric(self, name: str) -> Metric | None:
        return next((m for m in self.metrics if m.name == name), None)


def _sorted_checks(rows: tuple[CheckResult, ...]) -> tuple[CheckResult, ...]:
    return tuple(sorted(rows, key=lambda check: check.id))


class UnreadableSample(Part):
    """A file that is not an image, and why."""

    path: str
    row: int | None = None
    reason: str
    detail: Text = ""


class Change(Part):
    """A label that a decision changed, or a sample it excluded."""

    path: str
    row: int | None = None
    old: tuple[str, ...]
    new: tuple[str, ...]
    verdict: str
    reviewer: str


class Decisions(Part):
    """What people have decided so far; `precision` is of the flags they looked at."""

    total: Count
    by_verdict: Tally = {}
    by_reviewer: Tally = {}
    precision: Annotated[dict[str, Metric], AfterValidator(_by_key)] = {}
    changes: tuple[Change, ...] = ()
    """The first of them; all are in changes.jsonl of an export."""
    change_total: Count = 0


class TruthRow(Part):
    """Planted trouble of one kind against what the audit made of it."""

    kind: str
    planted: Count
    found: Count
    fixed: Count = 0
    false_alarms: Count = 0
    precision: Number = None
    recall: Number = None


class RuleOutcome(Part):
    """One gate rule as it was evaluated."""

    rule: str
    status: Literal["passed", "failed", "not_measured"]
    measured: Number
    limit: Number
    words: str


class GateOutcome(Part):
    """The gate: passed only if every rule did."""

    passed: bool
    rules: tuple[RuleOutcome, ...]
    baseline: Text | None = None


class FileReference(Part):
    """A file beside the result, by its relative path and hash."""

    path: str
    rows: Count
    sha256: str


class Result(Part):
    """The whole of `result.json`."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    tool: Tool
    project: Text
    created: AwareDatetime
    configuration: Configuration
    input: Input
    counts: Counts
    timings: Seconds = {}
    checks: Annotated[tuple[CheckResult, ...], AfterValidator(_sorted_checks)] = ()
    unreadable: tuple[UnreadableSample, ...] = ()
    """The first of them; `counts.unreadable` has them all."""
    decisions: Decisions | None = None
    truth: tuple[TruthRow, ...] = ()
    gate: GateOutcome | None = None
    findings: FileReference | None = None

    def check(self, check_id: str) -> CheckResult | None:
        return next((c for c in self.checks if c.id == check_id), None)

    @property
    def unreadable_total(self) -> int:
        return sum(self.counts.unreadable.values())


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of `result.json`."""
    schema = Result.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **schema,
    }


def dumps(result: Result) -> str:
    """The result as JSON text, one value a line."""
    return json.dumps(result.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def write(result: Result, path: Path) -> None:
    write_text(path, dumps(result))


def read(path: Path) -> Result:
    """The result in a file. Raises ResultError with what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ResultError(f"{path} cannot be read: {error}") from None
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ResultError(f"{path} is not JSON: {error}") from None
    found = data.get("schema_version") if isinstance(data, dict) else None
    if found != SCHEMA_VERSION:
        raise ResultError(
            f"{path} has schema version {found!r}, and this version of the program reads "
            f"{SCHEMA_VERSION!r}; write it again with `auditor report`"
        )
    try:
        return Result.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise ResultError(f"{path} is not a result: {place}: {first['msg']}") from None


def precision_so_far(right: int, judged: int) -> Metric | None:
    """Share of reviewed flags that were right, with the 95 % Wilson score interval.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if judged == 0:
        return None
    z = 1.959964
    share = right / judged
    scale = 1 + z * z / judged
    middle = (share + z * z / (2 * judged)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / judged + z * z / (4 * judged * judged))
    return Metric(
        name="review_precision",
        value=share,
        low=max(0.0, middle - half),
        high=min(1.0, middle + half),
    )


def decisions(
    by_verdict: Mapping[str, int],
    by_reviewer: Mapping[str, int],
    reviewed: Mapping[str, tuple[int, int]],
    changes: tuple[Change, ...] = (),
    *,
    shown: int = 200,
) -> Decisions:
    """The summary of all decisions; `reviewed` has (flags confirmed, flags judged) per check."""
    precision = {check: precision_so_far(*counts) for check, counts in reviewed.items()}
    return Decisions(
        total=sum(by_verdict.values()),
        by_verdict=dict(by_verdict),
        by_reviewer=dict(by_reviewer),
        precision={check: metric for check, metric in precision.items() if metric},
        changes=changes[:shown],
        change_total=len(changes),
    )
