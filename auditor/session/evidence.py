"""Everything that is known about one sample, for the person who decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from auditor import checks
from auditor.checks.base import CheckSpec
from auditor.checks.label_evidence import NO_CLASS
from auditor.report import words
from auditor.session.transcript import Asked, transcript
from auditor.store import cards, history, project
from auditor.store.db import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFinding:
    """One check's newest finding about the sample."""

    check_id: str
    title: str
    flagged: bool
    stale: bool
    quality: float
    p_error: float | None
    p_error_low: float | None
    p_error_high: float | None
    suggested: tuple[str, ...]
    related_id: int | None
    sentences: tuple[str, ...]
    """Why, in words a user understands; at least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One step of the sample's history, oldest first; an undoing is a step of its own."""

    made_on: datetime
    reviewer: str
    title: str
    verdict: str | None
    labels: tuple[str, ...] | None
    note: str | None
    check_id: str | None


@dataclass(frozen=True, slots=True)
class MapCell:
    """A part of the picture and the class that is likeliest there."""

    left: float
    top: float
    right: float
    bottom: float
    """Edges as shares of the picture."""
    name: str
    """"" where it shows none of the classes."""
    share: float
    """Probability of that class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    sample_id: int
    path: str
    row: int | None
    split: str | None
    group: str | None
    given: tuple[str, ...]
    labels: tuple[str, ...]
    verdict: str | None
    is_settled: bool
    """Whether the decision, if there is one, holds for what the check in focus flags as well."""
    note: str | None
    width: int | None
    height: int | None
    format: str | None
    byte_size: int | None
    reason: str | None
    """Why the image cannot be read."""
    detail: str | None
    suggested: tuple[str, ...]
    """By the check in focus, else by the first that suggests something."""
    ranked: tuple[tuple[str, float | None], ...]
    """Classes likeliest first, for the digit keys: at most ten with a probability, then the others."""
    p_error: float | None
    p_error_words: str
    """"Probably wrong: 87 % (79 to 93 %)"; "" where no check gives one."""
    views_suggested: tuple[str, ...]
    views_given: tuple[str, ...]
    views_total: int
    neighbours_given: tuple[int, ...]
    neighbours_suggested: tuple[int, ...]
    findings: tuple[CheckFinding, ...]
    """The check in focus first, then flagged ones."""
    label_map: tuple[MapCell, ...]
    """Which class each part of the picture shows, where a check says so."""
    transcript: tuple[Asked, ...]
    """What was asked about the sample, and answered."""
    history: tuple[Decided, ...]
    extra: tuple[tuple[str, str], ...]
    """The source's own further columns, as text."""


def evidence(db: Connection, sample_id: int, check_id: str | None = None) -> Evidence:
    """All about one sample. Raises LookupError where the project has no such sample."""
    sample = cards.sample(db, sample_id)
    if sample is None:
        raise LookupError(f"the project has no sample {sample_id}")
    rows = cards.findings(db, sample_id)
    rows.sort(key=lambda row: (row["check_id"] != check_id, not row["flagged"], row["check_id"]))
    told = [words.evidence_of(row["evidence"]) for row in rows]
    given, decided = tuple(sample["given"]), cards.review(db, sample_id, check_id) or {}
    is_flagged = any(row["flagged"] for row in rows if row["check_id"] == check_id)
    suggested = _suggested(rows)
    chance = next((row for row in rows if row["p_error"] is not None), None)
    views = next((one for one in told if isinstance(one.get("views"), dict)), {})
    return Evidence(
        **{**sample, "given": given},
        labels=given if decided.get("labels") is None else tuple(decided["labels"]),
        verdict=decided.get("verdict"),
        is_settled=not (is_flagged and decided.get("is_before")),
        note=decided.get("note"),
        suggested=suggested,
        ranked=_ranked(_classes(told), (*suggested, *given, *project.classes(db))),
        p_error=chance["p_error"] if chance else None,
        p_error_words=_p_error_words(chance) if chance else "",
        views_suggested=tuple(views.get("views", {}).get("suggested", ())),
        views_given=tuple(views.get("views", {}).get("given", ())),
        views_total=views.get("of", 0),
        neighbours_given=_neighbours(told, "neighbours_given"),
        neighbours_suggested=_neighbours(told, "neighbours_suggested"),
        findings=_findings(db, rows, told),
        label_map=_label_map(told),
        transcript=transcript(db, sample_id),
        history=tuple(_decided(row) for row in history.of_sample(db, sample_id)),
        extra=tuple(cards.further(db, sample_id).items()),
    )


def _suggested(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return next((tuple(row["suggested"]) for row in rows if row["suggested"] is not None), ())


def _classes(told: Sequence[Mapping[str, Any]]) -> list[tuple[str, float]]:
    """Classes with their probabilities, from the first finding that has them."""
    return next((one["classes"] for one in told if one.get("classes")), [])


def _neighbours(told: Sequence[Mapping[str, Any]], key: str) -> tuple[int, ...]:
    return next((tuple(one[key]) for one in told if one.get(key)), ())


def _label_map(told: Sequence[Mapping[str, Any]]) -> tuple[MapCell, ...]:
    """Of the first finding that has one; a cell begins with its likeliest class and its per cent."""
    found = next((one["map"] for one in told if isinstance(one.get("map"), dict)), None)
    if found is None:
        return ()
    names, lines = found["classes"], found["cells"]
    return tuple(
        MapCell(
            column / len(line),
            row / len(lines),
            (column + 1) / len(line),
            (row + 1) / len(lines),
            "" if names[cell[0]] == NO_CLASS else names[cell[0]],
            cell[1] / 100,
        )
        for row, line in enumerate(lines)
        for column, cell in enumerate(line)
    )


def _ranked(
    likeliest: Sequence[tuple[str, float]], others: Iterable[str]
) -> tuple[tuple[str, float | None], ...]:
    known: dict[str, float | None] = dict(likeliest)
    for name in others:
        known.setdefault(name, None)
    return tuple(known.items())


def _p_error_words(row: Mapping[str, Any]) -> str:
    return words.error_words(row["p_error"], row["p_error_low"], row["p_error_high"])


def _findings(
    db: Connection, rows: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, Any]]
) -> tuple[CheckFinding, ...]:
    now = project.data_version(db)
    return tuple(_finding(row, one, now) for row, one in zip(rows, told, strict=True))


def _finding(row: Mapping[str, Any], told: Mapping[str, Any], data_version: int) -> CheckFinding:
    spec = _spec(row["check_id"])
    version = spec.version if spec else None
    nothing = (
        "The check flags it, and says no more." if row["flagged"] else "It found nothing wrong."
    )
    return CheckFinding(
        check_id=row["check_id"],
        title=spec.title if spec else row["check_id"],
        flagged=row["flagged"],
        stale=(row["data_version"], row["version"]) != (data_version, version),
        quality=row["quality"],
        p_error=row["p_error"],
        p_error_low=row["p_error_low"],
        p_error_high=row["p_error_high"],
        suggested=tuple(row["suggested"] or ()),
        related_id=row["related_id"],
        sentences=words.sentences(told, row["p_error"]) or (nothing,),
    )


def _spec(check_id: str) -> CheckSpec | None:
    """None where the package that brought the check is gone."""
    try:
        return checks.load(check_id).spec
    except checks.UnknownCheckError:
        return None


def _decided(row: tuple[Any, ...]) -> Decided:
    made_on, reviewer, title, verdict, labels, note, check_id = row
    return Decided(
        made_on=made_on.replace(tzinfo=UTC),
        reviewer=reviewer,
        title=title,
        verdict=verdict,
        labels=None if labels is None else tuple(labels),
        note=note,
        check_id=check_id,
    )
