"""The CI gate: rules such as `label_errors>1%`, held against a result and, if asked, a baseline.

    CHECK > LIMIT                        flagged samples, as a number or as % of those judged
    CHECK.METRIC > LIMIT                 a number the check reports about the whole set
    CHECK.COLUMN > VALUE:count > LIMIT   flagged samples whose p_error, quality, ... is beyond VALUE
    COLUMN > VALUE:count > LIMIT         the same over all checks

`unreadable_images` counts as a check; its reason codes count as its metrics. A rule fails when
what it says is true. With a baseline it counts only what is new (a sample the check had not
flagged, or other bytes at the same place) or worse (a sample that did not meet the rule's
condition then and does now); a metric must also be beyond its old value.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from auditor.report import findings as findings_file
from auditor.report.findings import UNREADABLE, FindingsError
from auditor.report.result import (
    ExitCode,
    GateOutcome,
    Result,
    RuleOutcome,
)
from auditor.report.result import (
    read as read_result,
)

COLUMNS = ("p_error", "p_error_low", "p_error_high", "quality")
COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
ARROW_COMPARE = {">=": pc.greater_equal, "<=": pc.less_equal, ">": pc.greater, "<": pc.less}
KEY = ("check", "path", "row", "occurrence")

_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_COMPARISON = re.compile(rf"\s*([A-Za-z_][\w.-]*)\s*(>=|<=|>|<)\s*({_NUMBER})\s*(%?)\s*")
EXAMPLES = "label_errors>1%, exact_duplicates>0 or label_errors.p_error>0.9:count>50"


class GateSpecError(ValueError):
    """A `--fail-on` rule cannot be understood or cannot be evaluated."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Narrows the flagged samples that a rule counts."""

    column: str
    compare: str
    value: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One parsed `--fail-on`."""

    text: str
    check: str | None
    """None: all checks together."""
    metric: str | None
    condition: Condition | None
    compare: str
    limit: float
    percent: bool


@dataclass(frozen=True, slots=True)
class Baseline:
    """An older result, with its flagged samples where they could be found beside it."""

    name: str
    result: Result
    findings: pa.Table | None


def parse(text: str, known: Collection[str]) -> Rule:
    """One rule. Raises GateSpecError, which lists the known checks where the name is unknown."""
    head, colon, tail = text.partition(":")
    first = _comparison(text, head)
    if not colon:
        return _plain(text, first, known)
    second = _comparison(text, tail)
    if second[0] != "count":
        raise GateSpecError(f"{text!r}: after ':' comes count, such as count>50, not {second[0]!r}")
    return _conditioned(text, first, second, known)


def parse_all(texts: Sequence[str], known: Collection[str]) -> tuple[Rule, ...]:
    """Every rule of every `--fail-on`; one of them may hold several, parted by commas."""
    parts = [part.strip() for text in texts for part in text.split(",")]
    return tuple(parse(part, known) for part in parts)


def read_baseline(path: Path) -> Baseline:
    """The older result and the findings file it names. Raises ResultError or GateSpecError."""
    result = read_result(path)
    beside = path.parent / (result.findings.path if result.findings else findings_file.FILE_NAME)
    if not beside.exists():
        return Baseline(path.name, result, None)
    try:
        return Baseline(path.name, result, findings_file.read(beside))
    except FindingsError as error:
        raise GateSpecError(f"the baseline's {error}") from None


def evaluate(
    rules: Sequence[Rule], result: Result, findings: pa.Table, baseline: Baseline | None = None
) -> GateOutcome:
    """Hold the rules against a result and its flagged samples (findings.TABLE_SCHEMA)."""
    outcomes = tuple(_outcome(rule, result, findings, baseline) for rule in rules)
    return GateOutcome(
        passed=all(outcome.status == "passed" for outcome in outcomes),
        rules=outcomes,
        baseline=baseline.name if baseline else None,
    )


def exit_code(result: Result) -> ExitCode:
    """1 where a rule failed, else 3 where a check or a rule could not be done, else 0."""
    rules = result.gate.rules if result.gate else ()
    if any(rule.status == "failed" for rule in rules):
        return ExitCode.GATE_FAILED
    undone = any(check.status in ("error", "skipped") for check in result.checks)
    if undone or any(rule.status == "not_measured" for rule in rules):
        return ExitCode.INCOMPLETE
    return ExitCode.OK


# -- parsing


def _comparison(text: str, part: str) -> tuple[str, str, float, bool]:
    match = _COMPARISON.fullmatch(part)
    if not match:
        raise GateSpecError(f"{text!r} is not a rule; write {EXAMPLES}")
    name, compare, number, percent = match.groups()
    return name, compare, float(number), percent == "%"


def _plain(text: str, parsed: tuple[str, str, float, bool], known: Collection[str]) -> Rule:
    name, compare, limit, percent = parsed
    check, dot, metric = name.partition(".")
    if metric in COLUMNS or (not dot and name in COLUMNS):
        raise GateSpecError(
            f"{text!r}: {name} is a number of each sample; say how many may be beyond it, "
            f"such as {text.strip()}:count>50"
        )
    _require_known(text, check, known)
    if dot and percent:
        raise GateSpecError(f"{text!r}: a % limit is for counts of samples, not for {name}")
    if not dot:
        _require_count(text, compare, limit, percent=percent)
    return Rule(text.strip(), check, metric if dot else None, None, compare, limit, percent)


def _conditioned(
    text: str,
    first: tuple[str, str, float, bool],
    second: tuple[str, str, float, bool],
    known: Collection[str],
) -> Rule:
    check, dot, column = first[0].rpartition(".")
    if dot:
        _require_known(text, check, known)
    if column not in COLUMNS:
        raise GateSpecError(
            f"{text!r}: {column!r} is not a number of each sample; those are {', '.join(COLUMNS)}"
        )
    value = first[2] / 100 if first[3] else first[2]
    _, compare, limit, percent = second
    _require_count(text, compare, limit, percent=percent)
    condition = Condition(column, first[1], value)
    return Rule(text.strip(), check or None, None, condition, compare, limit, percent)


def _require_known(text: str, check: str, known: Collection[str]) -> None:
    names = sorted({*known, UNREADABLE})
    if check in names:
        return
    near = difflib.get_close_matches(check, names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise GateSpecError(f"{text!r}: no check is called {check!r}; {hint}known: {', '.join(names)}")


def _require_count(text: str, compare: str, limit: float, *, percent: bool) -> None:
    if compare in ("<", "<="):
        raise GateSpecError(f"{text!r}: a rule on a count fails above its limit; use > or >=")
    if percent and limit > 100:
        raise GateSpecError(f"{text!r}: a share cannot be above 100 %")
    if compare == ">=" and limit == 0:
        raise GateSpecError(f"{text!r} would always fail; use >0")


# -- evaluation


def _outcome(
    rule: Rule, result: Result, findings: pa.Table, baseline: Baseline | None
) -> RuleOutcome:
    missing = _not_measured(rule, result)
    if missing:
        return RuleOutcome(
            rule=rule.text, status="not_measured", measured=None, limit=rule.limit, words=missing
        )
    if rule.metric and rule.check != UNREADABLE:
        return _metric_outcome(rule, result, baseline)
    return _count_outcome(rule, result, findings, baseline)


def _not_measured(rule: Rule, result: Result) -> str | None:
    """Why the rule cannot be held against the result, if so."""
    if rule.check is None or rule.check == UNREADABLE:
        return None
    check = result.check(rule.check)
    if check is None:
        return f"{rule.check} was not run"
    if check.status in ("skipped", "error"):
        return f"{rule.check} was {'skipped' if check.status == 'skipped' else 'broken off'}: {check.reason}"
    if rule.metric and _metric(result, rule) is None:
        names = ", ".join(m.name for m in check.metrics) or "none"
        return f"{rule.check} reports no {rule.metric}; it reports: {names}"
    return None


def _metric(result: Result, rule: Rule) -> float | None:
    check = result.check(rule.check or "")
    metric = check.metric(rule.metric or "") if check else None
    return metric.value if metric else None


def _metric_outcome(rule: Rule, result: Result, baseline: Baseline | None) -> RuleOutcome:
    measured = _metric(result, rule) or 0.0
    beyond = COMPARE[rule.compare](measured, rule.limit)
    words = f"{rule.check}.{rule.metric} is {measured:g}, the limit {rule.limit:g}"
    old = _metric(baseline.result, rule) if baseline else None
    if beyond and old is not None:
        # At or inside its old value, the number is no worse.
        beyond = COMPARE[rule.compare[0]](measured, old)
        words += f"; it was {old:g} in the baseline"
    return _judged(rule, measured, failed=beyond, words=words)


def _count_outcome(
    rule: Rule, result: Result, findings: pa.Table, baseline: Baseline | None
) -> RuleOutcome:
    rows = matching(rule, findings)
    count, note = rows.num_rows, ""
    if baseline:
        count, note = _count_new(rule, rows, baseline)
    judged = _judged_total(rule, result)
    measured = 100 * count / judged if rule.percent and judged else float(count)
    what = "new or worse " if baseline else ""
    subject = rule.check or "all checks"
    words = f"{subject}: {count:,} {what}{_noun(rule)} of {judged:,}{_limit_words(rule, measured)}{note}"
    return _judged(rule, measured, failed=COMPARE[rule.compare](measured, rule.limit), words=words)


def matching(rule: Rule, findings: pa.Table) -> pa.Table:
    """The flagged samples that a counting rule counts."""
    if rule.check is not None:
        findings = findings.filter(pc.equal(findings["check"], rule.check))
    if rule.metric is not None:  # an unreadable file's reason code
        return findings.filter(pc.equal(findings["evidence"], rule.metric))
    if rule.condition is None:
        return findings
    # In the column's own precision, so that 0.9 is 0.9 on both sides.
    value = pa.scalar(rule.condition.value, pa.float32())
    met = ARROW_COMPARE[rule.condition.compare](findings[rule.condition.column], value)
    return findings.filter(pc.fill_null(met, fill_value=False))


def new_rows(rows: pa.Table, old: pa.Table) -> pa.Table:
    """The rows whose sample the older rows do not hold, or hold with other bytes."""
    if old.num_rows == 0 or rows.num_rows == 0:
        return rows
    places = pc.index_in(_keys(rows), value_set=_keys(old).combine_chunks())
    then = pc.take(old["sha256"].combine_chunks(), places)
    changed = pc.fill_null(pc.not_equal(rows["sha256"], then), fill_value=False)
    return rows.filter(pc.or_(pc.is_null(places), changed))


def _keys(rows: pa.Table) -> pa.ChunkedArray:
    # Check ids and numbers hold no NUL, and neither does a path: the joined text is unambiguous.
    parts = [pc.fill_null(rows[name].cast(pa.string()), "") for name in KEY]
    return pc.binary_join_element_wise(*parts, "\0")


def _count_new(rule: Rule, rows: pa.Table, baseline: Baseline) -> tuple[int, str]:
    if baseline.findings is not None:
        return new_rows(rows, matching(rule, baseline.findings)).num_rows, ""
    if rule.condition is not None or rule.check is None:
        raise GateSpecError(
            f"{rule.text!r} needs the baseline's flagged samples: "
            f"keep {findings_file.FILE_NAME} beside {baseline.name}"
        )
    note = f" (by number only: no {findings_file.FILE_NAME} beside {baseline.name})"
    return max(0, rows.num_rows - _flagged_total(rule, baseline.result)), note


def _flagged_total(rule: Rule, result: Result) -> int:
    if rule.check == UNREADABLE:
        unreadable = result.counts.unreadable
        return unreadable.get(rule.metric, 0) if rule.metric else result.unreadable_total
    check = result.check(rule.check or "")
    return check.flagged if check else 0


def _judged_total(rule: Rule, result: Result) -> int:
    check = result.check(rule.check) if rule.check else None
    return check.judged if check else result.counts.samples


def _noun(rule: Rule) -> str:
    if rule.check == UNREADABLE:
        return f"unreadable ({rule.metric})" if rule.metric else "unreadable"
    if rule.condition is None:
        return "flagged"
    return f"flagged with {rule.condition.column} {rule.condition.compare} {rule.condition.value:g}"


def _limit_words(rule: Rule, measured: float) -> str:
    if rule.percent:
        return f" ({measured:.3g} %), the limit {rule.limit:g} %"
    return f", the limit {rule.limit:g}"


def _judged(rule: Rule, measured: float, *, failed: bool, words: str) -> RuleOutcome:
    return RuleOutcome(
        rule=rule.text,
        status="failed" if failed else "passed",
        measured=measured,
        limit=rule.limit,
        words=words,
    )
