"""`report.html`: the result as one self-contained page that asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from auditor.report import charts, words
from auditor.report.files import write_text
from auditor.report.findings import UNREADABLE
from auditor.report.pictures import BUDGET, NEIGHBOURS_SHOWN, Album
from auditor.report.result import CheckResult, Result

if TYPE_CHECKING:
    from jinja2 import Environment


def render(
    result: Result, thumbnails: Mapping[int, bytes] | None = None, *, budget: int = BUDGET
) -> str:
    """The page. `thumbnails` has a small JPEG or PNG for each of pictures.wanted(result)."""
    style, script = (_resource(name) for name in ("report.css", "report.js"))
    album = Album(thumbnails or {}, budget)
    template = _environment().from_string(_resource("report.html.j2"))
    return template.render(
        result=result,
        headline=words.headline(result),
        checks=_in_reading_order(result),
        album=album,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        policy=_policy(style, script),
        show_unreadable=result.unreadable_total > 0 and result.check(UNREADABLE) is None,
    )


def write(
    result: Result,
    path: Path,
    thumbnails: Mapping[int, bytes] | None = None,
    *,
    budget: int = BUDGET,
) -> None:
    write_text(path, render(result, thumbnails, budget=budget))


def _environment() -> Environment:
    # Here and not above: most commands start without ever making a page.
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=words.visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=words.number,
        percent=words.percent,
        interval=words.interval,
        name=words.label,
        labels=words.labels,
        chance=words.chance,
        chance_interval=words.chance_interval,
    )
    environment.globals.update(
        check_line=words.check_line,
        histogram=charts.histogram,
        heat_map=charts.heat_map,
        meter=charts.meter,
        columns=_class_columns,
        neighbours_shown=NEIGHBOURS_SHOWN,
    )
    return environment


def _in_reading_order(result: Result) -> list[CheckResult]:
    """What was found first, the label check before the others, what was not done last."""

    def rank(check: CheckResult) -> tuple[bool, bool, int, str]:
        undone = check.status in ("skipped", "error")
        return undone, check.id != words.LABEL_CHECK, -check.flagged, check.id

    return sorted(result.checks, key=rank)


def _class_columns(check: CheckResult) -> list[str]:
    """The metrics that any class has, by name."""
    return sorted({metric.name for row in check.classes for metric in row.metrics})


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _resource(name: str) -> str:
    return resources.files("resources").joinpath("report", name).read_text(encoding="utf-8")
