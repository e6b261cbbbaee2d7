"""`summary.md`: the result on one screen, for the step summary of a CI system."""

from __future__ import annotations

import html
import re
from pathlib import Path

from auditor.report.files import write_text
from auditor.report.result import GateOutcome, Result
from auditor.report.words import chance_interval, check_line, headline, labels, percent

WORST = 10
# What Markdown would take for markup or make a link of; a backslash makes it plain text again.
MARKUP = re.compile(r"([\\`*_{}\[\]#|~@]|:(?=//)|(?<=www)\.)")
SIGN = {"passed": "passed", "failed": "**failed**", "not_measured": "**not measured**"}


def render(result: Result) -> str:
    """The result as Markdown, in which no name from the data is markup."""
    first, second = headline(result)
    lines = [f"## Audit of {_text(result.project)}", "", _text(first)]
    if second:
        lines += ["", _text(second)]
    if result.gate:
        lines += _gate(result.gate)
    lines += ["", "| Check | Outcome | Flagged | Share |", "|---|---|---:|---:|"]
    lines += [
        f"| {_text(c.title)} | {_text(check_line(c))} | {c.flagged:,} | {percent(c.share_flagged)} |"
        for c in result.checks
    ]
    for check in result.checks:
        lines += _worst(result, check.id)
    return "\n".join(lines) + "\n"


def write(result: Result, path: Path) -> None:
    write_text(path, render(result))


def _gate(gate: GateOutcome) -> list[str]:
    state = "passed" if gate.passed else "did not pass"
    against = f", against {_text(gate.baseline)}" if gate.baseline else ""
    lines = ["", f"### The gate {state}{against}", "", "| Rule | | Measured |", "|---|---|---|"]
    return lines + [
        f"| {_text(r.rule)} | {SIGN[r.status]} | {_text(r.words)} |" for r in gate.rules
    ]


def _worst(result: Result, check_id: str) -> list[str]:
    check = result.check(check_id)
    if check is None or not check.top:
        return []
    title = f"<details><summary>{html.escape(check.title)}: the worst {min(WORST, len(check.top))}"
    lines = ["", f"{title}</summary>", "", "| Sample | Given | Looks like | |", "|---|---|---|---|"]
    for finding in check.top[:WORST]:
        place = finding.path if finding.row is None else f"{finding.path}, row {finding.row}"
        suggested = labels(finding.suggested) if finding.suggested else ""
        cells = (place, labels(finding.given), suggested, chance_interval(finding))
        lines.append(f"| {' | '.join(_text(cell) for cell in cells)} |")
    return [*lines, "", "</details>"]


def _text(value: str) -> str:
    """Literal text: HTML and Markdown signs escaped, on one line."""
    return MARKUP.sub(r"\\\1", html.escape(" ".join(value.split()), quote=False))
