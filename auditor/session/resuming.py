"""What was asked of an audit that was stopped, so that it can be asked again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from auditor.checks import UnknownCheckError
from auditor.checks.base import ParameterError
from auditor.ml.encoders.base import ModelFormatError, ModelIdError, ModelMissingError
from auditor.progress import Progress
from auditor.session import needs, planning, rates
from auditor.session.background import Background
from auditor.session.needs import AuditOptions
from auditor.store import project
from auditor.store.db import Connection, Store
from auditor.store.unfinished import unfinished

_ASKED = "audit:asked"
"""Under this name the project keeps the options of an audit until it has ended."""
_REFUSALS = (
    UnknownCheckError,
    ParameterError,
    ModelFormatError,
    ModelIdError,
    ModelMissingError,
)


@contextmanager
def known(
    store: Store, jobs: Background, options: AuditOptions, progress: Progress
) -> Iterator[Progress]:
    """Have the project know of an audit until it ends, so that features, too, can be gone on with.

    Gives the progress that the audit is to tell. Raises ParameterError, UnknownCheckError.
    """
    light = [spec.title for spec, _ in needs.chosen(options) if not planning.is_heavy(spec)]
    store.write(project.PutFact(_ASKED, asdict(options))).result()
    start = rates.StartWatch(jobs, progress, [*light, planning.LOOKING_AT_IMAGES])
    yield start.report
    start.note(store)  # not where it was stopped or failed, and then the project still knows of it
    store.write(project.PutFact(_ASKED, None)).result()


def interrupted(db: Connection) -> AuditOptions | None:
    """The options that go on with the audit stopped last; None where every one has ended.

    Call it while no audit runs: one that runs has not ended either.
    """
    return _asked(db) or _of_runs(db)


def _asked(db: Connection) -> AuditOptions | None:
    """An audit that was stopped, whatever it was at, and would have something to do."""
    facts: dict[str, Any] | None = project.fact(db, _ASKED)
    if facts is None:
        return None
    options = AuditOptions(**{**facts, "checks": tuple(facts["checks"])})
    try:
        planned = planning.plan(db, options, workers=1)
    except _REFUSALS:  # it would be refused now
        return None
    return options if any(stage.state == "run" for stage in planned.stages) else None


def _of_runs(db: Connection) -> AuditOptions | None:
    """From the runs that were stopped, whoever asked for them."""
    left = unfinished(db)
    if not left:
        return None
    first = left[0].inputs
    same = [one for one in left if all(one.inputs[n] == first[n] for n in ("seed", "device"))]
    used = any(one.inputs.keys() & needs.COMPUTED.keys() for one in same)
    encoder = project.fact(db, "encoder") if used else None
    return AuditOptions(
        checks=tuple(one.check_id for one in same),
        parameters={one.check_id: one.params for one in same},
        encoder=encoder["id"] if encoder else None,
        seed=first["seed"],
        device=first["device"],
    )
