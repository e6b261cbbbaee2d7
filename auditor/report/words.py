"""The report's sentences: numbers as a person would say them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from auditor.checks.label_inputs import SEPARABLE
from auditor.checks.label_trust import TRUST
from auditor.model import Reason
from auditor.report.findings import UNREADABLE
from auditor.report.result import CheckResult, Finding, Metric, Result

DASH = "\u2013"
ESTIMATED_ERRORS = "estimated_errors"
"""The set metric from which the headline says how many labels look wrong."""
LABEL_CHECK = "label_errors"

SHARES = ("accuracy", "noise", "precision", "rate", "recall", "separability", "share")
"""Metrics whose names end so are said as percentages."""

AGREEMENT = frozenset({"agree", "of", "views"})
SILENT_EVIDENCE = frozenset(
    {
        "neighbours_given",
        "neighbours_suggested",
        "classes",
        "reason",
        "map",
        "boxes",
        "own",
        "others",
        "shows",
    }
)
"""Evidence that the report shows in another way than as words, or that is for other checks."""

# Signs that would vanish or turn the text around them: C0, C1, bidi controls, lone surrogates.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(value: Any) -> Any:
    """Text in which no sign hides or reorders another: those are written as escapes."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return INVISIBLE.sub(lambda sign: f"\\u{ord(sign.group()):04x}", value)
    return value


def number(value: float | None) -> str:
    """A number as people read it: 2,000 · 0.873 · 1.2e-07, or a dash for none."""
    if value is None:
        return DASH
    if value == round(value) and abs(value) < 1e15:
        return f"{round(value):,}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def percent(value: float | None) -> str:
    if value is None:
        return DASH
    share = 100 * value
    if share in (0, 100):
        return f"{share:.0f} %"
    if share >= 99.95:
        return "> 99.9 %"
    return f"{share:.2g} %" if share < 1 else f"{share:.1f} %"


def interval(metric: Metric) -> str:
    """A number with its interval, as in 98 (84 to 113), or alone where it has none."""
    say = percent if metric.name.endswith(SHARES) else number
    if metric.low is None or metric.high is None:
        return say(metric.value)
    return f"{say(metric.value)} ({say(metric.low)}{DASH}{say(metric.high)})"


def label(name: str) -> str:
    """A metric's or a kind's name as words."""
    return name.replace("_", " ").replace("->", "→").strip().capitalize()


def labels(values: tuple[str, ...]) -> str:
    return ", ".join(values) if values else "no label"


def chance(p_error: float | None) -> str:
    """What a calibrated probability means, as a frequency people can picture."""
    if p_error is None:
        return "No probability for this one"
    if p_error >= 0.995:
        return "Nearly all of those like this are wrong"
    if p_error < 0.05:
        return "Hardly any of those like this are wrong"
    if p_error > 0.95:
        return f"{min(round(100 * p_error), 99)} in 100 of those like this are wrong"
    return f"{max(1, min(round(10 * p_error), 9))} in 10 of those like this are wrong"


def chance_interval(finding: Finding) -> str:
    """The probability with its interval, or the quality where there is none."""
    if finding.p_error is None:
        return f"quality {number(finding.quality)}"
    if finding.p_error_low is None or finding.p_error_high is None:
        return f"p {finding.p_error:.2f}"
    return f"p {finding.p_error:.2f} ({finding.p_error_low:.2f}{DASH}{finding.p_error_high:.2f})"


def error_words(p_error: float | None, low: float | None, high: float | None) -> str:
    """A calibrated probability in plain English with its interval; "" for none."""
    if p_error is None:
        return ""
    steps = (
        (0.9, "Almost surely wrong"),
        (0.6, "Probably wrong"),
        (0.4, "As likely wrong as right"),
    )
    said = next((words for least, words in steps if p_error >= least), None)
    said = said or ("Probably right" if p_error >= 0.1 else "Almost surely right")
    share = f"{said}: {_whole_percent(p_error)} %"
    if low is None or high is None:
        return share
    least, most = _whole_percent(low), _whole_percent(high)
    if least == most == _whole_percent(p_error):
        return share  # an interval of one number tells nothing more
    return f"{share} ({least} to {most} %)"


def _whole_percent(share: float) -> str:
    """Certainty is not claimed by rounding."""
    if 0 < share < 0.005:
        return "under 1"
    if 0.995 <= share < 1:
        return "over 99"
    return str(round(100 * share))


def sentences(evidence: Mapping[str, Any], p_error: float | None = None) -> tuple[str, ...]:
    """A check's evidence and what its probability means, a sentence each; may be none."""
    parts = evidence_parts(evidence)
    if p_error is not None and evidence.get("reason") not in _REASONS:  # that is a fact
        parts.append(chance(p_error))
    return tuple(f"{part[:1].upper()}{part[1:]}".rstrip(".") + "." for part in parts)


def evidence_of(text: str | None) -> dict[str, Any]:
    """A finding's evidence as it was stored; whatever is no object comes under "evidence"."""
    value = json.loads(text) if text else {}
    return value if isinstance(value, dict) else {"evidence": value}


def evidence_words(evidence: Mapping[str, Any]) -> str:
    """A check's evidence as one line."""
    return " · ".join(evidence_parts(evidence))


def evidence_parts(evidence: Mapping[str, Any]) -> list[str]:
    """A check's evidence in words; its own `reason`, if it gives one, comes first."""
    parts = [unreadable(evidence["reason"])] if evidence.get("reason") else []
    if {"agree", "of", "views"} <= evidence.keys():
        parts.append(_agreement(evidence))
    for key, value in evidence.items():
        if key in SILENT_EVIDENCE or key in AGREEMENT or value is None or value == []:
            continue
        parts.append(_said(key, value))
    return parts


def _said(key: str, value: Any) -> str:
    """Evidence that the checks here give, in words; of others the key with its value."""
    match key, value:
        case "margin", int() | float():
            return _margin(value)
        case "add" | "remove" | "phrases" | "alike", [[str(), float() | int()], *_]:
            return f"{_NAMED[key]} {_doubted(value)}"
        case "also", [[str(), float() | int(), _], *_]:
            return f"also shows: {_further(value)}"
        case "support", float() | int():
            return f"the given label supports {_whole_percent(value)} % of the picture"
        case "against" | "affirmed", [str(), *_]:
            said, between = _SPOKEN[key]
            return f"{said} {between.join(value)}"
        case "vote" | "by_answers" | "by_label_check", int() | float():
            return f"{_SHARES[key]} {percent(value)}"
        case "asked" | "unknown", int():
            return f"{value} {_COUNTS[key]}"
        case "detail", str():
            return value
        case _:
            return f"{key.replace('_', ' ')} {_value(value)}"


_NAMED = {
    "add": "it seems to lack",
    "remove": "it seems not to be",
    "phrases": "does not fit the picture:",
    "alike": "parts that look like this come from pictures of",
}
_SPOKEN = {
    "against": ("the answers speak against the label:", " "),
    "affirmed": ("asked about, the model sees it as well:", ", "),
}
_SHARES = {
    "vote": "answers that fit the label:",
    "by_answers": "wrong by the answers alone:",
    "by_label_check": "wrong by the label check alone:",
}
_COUNTS = {"asked": "questions asked", "unknown": "without a clear answer"}

_REASONS: dict[str, str] = {
    Reason.MISSING: "the file is not where it was",
    Reason.EMPTY: "the file is empty",
    Reason.TRUNCATED: "the file is cut short or damaged",
    Reason.NOT_AN_IMAGE: "the file is no image",
    Reason.BOMB: "the image has too many pixels to be opened safely",
    Reason.UNSUPPORTED_MODE: "the image is of a kind that cannot be read here",
    Reason.SYMLINK_LOOP: "the link to the file leads to itself",
    Reason.PERMISSION: "you may not read the file",
    Reason.KILLS_WORKER: "the file ends the program that tries to read it",
    Reason.UNREADABLE: "the file cannot be read as an image",
}


def unreadable(reason: str) -> str:
    """A reason code in words; a check's own words stay as they are."""
    return _REASONS.get(reason, str(reason))


def _margin(lead: float) -> str:
    if lead < 0:
        return f"by the image alone another class leads the given one by {percent(-lead)}"
    return f"by the image alone the given class leads by {percent(lead)}"


def _doubted(named: list[tuple[str, float]]) -> str:
    return ", ".join(f"{name} ({percent(p)})" for name, p in named)


def _further(named: list[tuple[str, float, str | None]]) -> str:
    """Further labels with their scores and, where it is known, their place."""
    return ", ".join(
        f"{name} ({score:.2f}{f', {place}' if place else ''})" for name, score, place in named
    )


def _agreement(evidence: Mapping[str, Any]) -> str:
    """How many of a check's views say what it suggests, and which say what is given."""
    words = f"{evidence['agree']} of {evidence['of']} views say what is suggested"
    given = evidence["views"].get("given") or []
    return words + (f", {' and '.join(given)} what is given" if given else "")


def headline(result: Result) -> tuple[str, str]:
    """The answer in one sentence, and how far it goes in a second one."""
    looked = f"We looked at {_count(result.counts.samples, 'image')}."
    check = result.check(LABEL_CHECK)
    if check is None or check.status in ("skipped", "error"):
        return looked, _rest(result, without=None)
    rest = f"{_hard_to_tell(check)} {_rest(result, without=check)}".strip()
    estimate = check.metric(ESTIMATED_ERRORS)
    if check.judged == 0:
        found = "There was no label to judge."
    elif check.flagged == 0:
        found = "No label looks wrong."
    elif estimate is None:
        found = f"{_count(check.flagged, 'label')} {_verb(check.flagged, 'look')} wrong."
    else:
        found = (
            f"About {interval(estimate)} labels look wrong; "
            f"{check.flagged:,} {'is' if check.flagged == 1 else 'are'} flagged."
        )
    return f"{looked} {found}", rest


def _hard_to_tell(check: CheckResult) -> str:
    """A warning where hard images and wrong labels look alike to the features."""
    metric = check.metric("separability")
    separability = None if metric is None else metric.value
    if separability is None or separability >= SEPARABLE:
        return ""
    return (
        f"The features tell the classes apart in only {100 * separability:.0f} % of the "
        "images, so most flags may be hard images and not wrong labels: bring better embeddings "
        "(`auditor models list`, `auditor attach`)."
    )


def check_line(check: CheckResult) -> str:
    """One check's outcome in a sentence."""
    if check.status in ("skipped", "error"):
        return f"{'Skipped' if check.status == 'skipped' else 'Broken off'}: {check.reason}"
    if check.judged == 0:
        return "There was nothing to judge."
    judged = _count(check.judged, "sample")
    found = f"None of {judged} flagged."
    if check.flagged:
        found = f"{check.flagged:,} of {judged} flagged ({percent(check.share_flagged)})."
    return f"{found} {_trust(check)}".strip()


def _trust(check: CheckResult) -> str:
    """Whether the probabilities behind the findings agree with the labels."""
    names = (TRUST, "calibration_error", "calibration_error_scaled")
    verdict, error, scaled = (
        None if (found := check.metric(name)) is None else found.value for name in names
    )
    if verdict is None:
        return ""
    before, after = (f"{100 * (value or 0):.1f} %" for value in (error, scaled))
    return (
        f"The class probabilities agree with the labels (calibration error {before}).",
        "The class probabilities are surer or less sure than they are right (calibration error "
        f"{before}); one temperature mends it ({after}).",
        "The class probabilities are surer or less sure than they are right (calibration error "
        f"{before}), and one temperature does not mend it ({after}): classes overlap, or some are "
        "mislabelled more than others. Trust the order of the findings more than their numbers.",
    )[int(verdict)]


def _rest(result: Result, without: CheckResult | None) -> str:
    parts = [
        f"{check.title}: {check.flagged:,} flagged"
        for check in result.checks
        if check is not without and check.flagged
    ]
    if result.unreadable_total and result.check(UNREADABLE) is None:
        total = result.unreadable_total
        parts.append(f"{_count(total, 'file')} could not be read")
    undone = [c.title for c in result.checks if c.status in ("skipped", "error")]
    if undone:
        parts.append(f"not done: {', '.join(undone)}")
    return f"{'; '.join(parts)}." if parts else ""


def _count(total: int, noun: str) -> str:
    return f"{total:,} {noun}" if total == 1 else f"{total:,} {noun}s"


def _verb(total: int, verb: str) -> str:
    return f"{verb}s" if total == 1 else verb


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, list | tuple):
        return ", ".join(_value(item) for item in value[:6])
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(item)}" for key, item in list(value.items())[:6])
    return str(value)
