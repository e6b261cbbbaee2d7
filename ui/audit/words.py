"""How the audit panel and the progress strip put things into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication

from auditor.session.background import JobEvent, JobState
from auditor.session.planning import Plan, PlannedStage
from ui.moment import span, when
from ui.sentences import for_the_window

if TYPE_CHECKING:
    from auditor.checks.base import CheckSpec
    from auditor.session import CheckEnd

GLYPHS = {
    JobState.QUEUED: "○",
    JobState.RUNNING: "▶",
    JobState.PAUSED: "Ⅱ",
    JobState.CANCELLING: "…",
    JobState.DONE: "✓",
    JobState.FAILED: "▲",
    JobState.CANCELLED: "✕",
    JobState.SKIPPED: "○",
}
STOPPED = frozenset({"running", "cancelled"})
"""States of a run that nothing works on and that can go on from where it was."""


def tr(text: str) -> str:
    return QCoreApplication.translate("AuditWords", text)


def cost(kind: str) -> str:
    return {
        "seconds": tr("Takes seconds"),
        "minutes": tr("Takes minutes"),
        "hours": tr("Takes hours"),
    }.get(kind, kind)


def takes(spec: CheckSpec) -> str:
    """Time and inputs that a check takes, as one line."""
    return " · ".join(part for part in (cost(spec.cost), needs(spec)) if part)


def family(name: str) -> str:
    """The heading over a family's checks."""
    return {
        "labels": tr("Labels"),
        "health": tr("Health of the files"),
        "shortcuts": tr("Shortcuts"),
        "provenance": tr("Where pictures come from"),
        "stability": tr("Stability"),
        "sets": tr("The set as a whole"),
    }.get(name, name.replace("_", " ").capitalize())


def need(name: str) -> str:
    """One of a check's needs."""
    return {
        "image": tr("the pictures"),
        "label": tr("labels"),
        "embedding": tr("features of the pictures (computed once)"),
        "crops": tr("features of parts of the pictures (computed once)"),
        "mirrored_crops": tr("features of parts of the pictures (computed once)"),
        "pred_probs": tr("class probabilities that you bring"),
        "answers": tr("answers to questions about the pictures"),
        "reason": tr("a look into every file"),
        "detail": tr("a look into every file"),
        "sha256": tr("checksums of the files"),
        "pixel_hash": tr("checksums of the pictures"),
        "phash": tr("likeness of the pictures"),
        "quality": tr("measures of quality"),
        "group": tr("groups"),
        "split": tr("splits"),
    }.get(name, name.replace("_", " "))


def needs(spec: CheckSpec) -> str:
    """All that a check needs, as one phrase."""
    parts = list(dict.fromkeys(need(name) for name in sorted(spec.needs)))
    if spec.one_of:
        parts.append(tr(" or ").join(dict.fromkeys(need(name) for name in spec.one_of)))
    return tr("Needs {list}").format(list=", ".join(parts)) if parts else ""


def last_run(run: Mapping[str, Any] | None, *, is_going: bool) -> str:
    """How a check's newest run stands; `is_going` if an audit is under way."""
    if run is None:
        return tr("Not run yet")
    flagged = run.get("flagged") or 0
    state = run["state"]
    if state in STOPPED and not is_going:
        return tr("Stopped before its end: what was finished is kept")
    if state == "running":
        return tr("Running: {flagged:,} flagged so far").format(flagged=flagged)
    if state in {"failed", "skipped", "cancelled"}:
        said = {"failed": tr("Failed"), "skipped": tr("Skipped")}.get(state, tr("Stopped"))
        return f"{said}: {for_the_window(run['message'])}" if run.get("message") else said
    text = tr("{flagged:,} flagged").format(flagged=flagged)
    if (ended := moment(run.get("ended_on"))) is not None:
        text = tr("{flagged:,} flagged, {when}").format(
            flagged=flagged, when=when(ended, datetime.now(UTC))
        )
    noted = for_the_window(run["message"]) if run.get("message") else ""
    return ". ".join(part for part in (text, trust(run.get("trust")), noted) if part)


def trust(verdict: float | None) -> str:
    """Whether a run's class probabilities agree with the labels; "" where they do."""
    if not verdict:
        return ""
    if verdict == 1:
        return tr("Its class probabilities are not calibrated, which one temperature mends")
    return tr(
        "Its class probabilities are not calibrated, and one temperature does not mend it: trust "
        "the order more than the numbers"
    )


def moment(value: datetime | str | None) -> datetime | None:
    """The store's times, which are in UTC and do not say so."""
    if value is None:
        return None
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def plan(planned: Plan) -> str:
    """What an audit would take, in one line."""
    to_run = [stage for stage in planned.stages if stage.state == "run"]
    if not to_run:
        skipped = any(stage.state == "skip" for stage in planned.stages)
        return (
            tr("None of the chosen checks can run: see why below.")
            if skipped
            else tr("Nothing to do: this has been run on the data as they are.")
        )
    if planned.seconds is not None:
        basis = max(to_run, key=lambda stage: stage.seconds or 0).basis
        text = tr("About {span}").format(span=span(planned.seconds))
        return f"{text}, {basis}" if basis else text
    if any(stage.seconds for stage in to_run):
        return tr("More than {span}: part of it has not been run here yet").format(
            span=span(planned.known_seconds)
        )
    return tr("How long it takes is not known yet: it has not been run here")


def stage(one: PlannedStage) -> str:
    """One part of a plan."""
    head = tr("{title}: {samples:,} samples").format(title=one.title, samples=one.samples)
    if one.state == "reuse":
        return tr("{title}: done already").format(title=one.title)
    if one.state == "skip":
        return tr("{title}: left out, {why}").format(title=one.title, why=for_the_window(one.basis))
    if one.seconds is None:
        return head
    return tr("{head}, about {span}").format(head=head, span=span(one.seconds))


def job_state(event: JobEvent) -> str:
    """A job's state, with a shape, and how long it ran."""
    said = {
        JobState.QUEUED: tr("waiting"),
        JobState.RUNNING: tr("running"),
        JobState.PAUSED: tr("paused"),
        JobState.CANCELLING: tr("stopping"),
        JobState.DONE: tr("done"),
        JobState.FAILED: tr("failed"),
        JobState.CANCELLED: tr("stopped"),
        JobState.SKIPPED: tr("not run"),
    }[event.state]
    text = f"{GLYPHS[event.state]} {said}"
    return f"{text} · {span(event.seconds)}" if event.seconds >= 1 else text


def job_step(event: JobEvent) -> str:
    """Where a running job is."""
    if event.ended or event.state == JobState.QUEUED:
        return ""
    parts = [event.stage]
    if event.total:
        parts.append(tr("{done:,} of {total:,}").format(done=event.done, total=event.total))
    if event.seconds_left is not None and event.state == JobState.RUNNING:
        parts.append(tr("about {span} left").format(span=span(event.seconds_left)))
    return " · ".join(part for part in parts if part)


def not_run(ends: Sequence[CheckEnd], titles: Mapping[str, str]) -> list[str]:
    """A sentence for each check that was left out, failed, or has something to say."""
    said = {"skipped": tr("was left out"), "failed": tr("failed")}
    return [
        tr("{check} {what}: {why}").format(
            check=titles.get(end.check_id, end.check_id),
            what=said.get(end.state, tr("is done, but")),
            why=for_the_window(end.message),
        )
        for end in ends
        if end.message
    ]
