"""`junit.xml`: one test case per check and split, for CI systems that show tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from auditor.report.files import write_text
from auditor.report.result import CheckResult, Finding, Result, SplitRow
from auditor.report.words import chance_interval, check_line, labels

WORST = 20
# What XML 1.0 cannot hold, not even as an escape.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(result: Result) -> str:
    """The result as JUnit XML; a check that flagged samples in a split is a failed case there."""
    cases = [case for check in result.checks for case in _cases(check, result)]
    cases += (
        [_rule_case(index, result) for index in range(len(result.gate.rules))]
        if result.gate
        else []
    )
    suite = ET.Element("testsuite", _totals(cases))
    suite.set("name", _clean(f"dataset-auditor: {result.project}"))
    suite.set("timestamp", result.created.replace(microsecond=0).isoformat())
    suite.extend(cases)
    suites = ET.Element("testsuites", _totals(cases))
    suites.append(suite)
    ET.indent(suites, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def write(result: Result, path: Path) -> None:
    write_text(path, render(result))


def _cases(check: CheckResult, result: Result) -> Iterator[ET.Element]:
    for split in check.splits or (SplitRow(split="", judged=check.judged, flagged=check.flagged),):
        case = _case(f"auditor.{check.family}.{check.id}", split.split or "all", check, result)
        if check.status == "skipped":
            ET.SubElement(case, "skipped", message=_clean(check.reason or ""))
        elif check.status == "error":
            ET.SubElement(case, "error", message=_clean(check.reason or ""))
        elif split.flagged:
            _fail(case, check, split)
        yield case


def _case(classname: str, name: str, check: CheckResult, result: Result) -> ET.Element:
    seconds = (result.timings.get(check.id) or 0.0) / max(1, len(check.splits))
    facts = {"classname": _clean(classname), "name": _clean(name), "time": f"{seconds:.3f}"}
    return ET.Element("testcase", facts)


def _fail(case: ET.Element, check: CheckResult, split: SplitRow) -> None:
    message = f"{check.title}: {split.flagged:,} of {split.judged:,} samples flagged"
    failure = ET.SubElement(case, "failure", type=check.id, message=_clean(message))
    here = [f for f in check.top if (f.split or "") == split.split or not check.splits]
    lines = [check_line(check), *(_line(finding) for finding in here[:WORST])]
    if split.flagged > len(here[:WORST]):
        lines.append(f"... and {split.flagged - len(here[:WORST]):,} more in the findings file")
    failure.text = _clean("\n".join(lines))


def _rule_case(index: int, result: Result) -> ET.Element:
    rule = result.gate.rules[index] if result.gate else None
    case = ET.Element("testcase", classname="auditor.gate", name="", time="0.000")
    if rule is None:
        return case
    case.set("name", _clean(rule.rule))
    if rule.status == "failed":
        ET.SubElement(case, "failure", type="gate", message=_clean(rule.words))
    elif rule.status == "not_measured":
        ET.SubElement(case, "error", type="gate", message=_clean(rule.words))
    return case


def _line(finding: Finding) -> str:
    place = finding.path if finding.row is None else f"{finding.path}, row {finding.row}"
    arrow = f" -> {labels(finding.suggested)}" if finding.suggested else ""
    return f"{place}: {labels(finding.given)}{arrow} [{chance_interval(finding)}] {finding.reason}".rstrip()


def _totals(cases: list[ET.Element]) -> dict[str, str]:
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counts = {name: str(sum(c.find(tag) is not None for c in cases)) for name, tag in kinds.items()}
    return {"tests": str(len(cases)), **counts}


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
