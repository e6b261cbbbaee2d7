"""What was asked of an audit that was stopped, so that it can be asked again."""

from __future__ import annotations

from auditor.session.needs import AuditOptions
from auditor.store import project
from auditor.store.db import Connection
from auditor.store.unfinished import unfinished


def interrupted(db: Connection) -> AuditOptions | None:
    """The options that go on with the runs stopped last; None where every run has ended.

    Call it while no audit runs: one that runs has not ended either.
    """
    left = unfinished(db)
    if not left:
        return None
    first = left[0].inputs
    same = [one for one in left if all(one.inputs[n] == first[n] for n in ("seed", "device"))]
    used = any("embedding" in one.inputs for one in same)
    encoder = project.fact(db, "encoder") if used else None
    return AuditOptions(
        checks=tuple(one.check_id for one in same),
        parameters={one.check_id: one.params for one in same},
        encoder=encoder["id"] if encoder else None,
        seed=first["seed"],
        device=first["device"],
    )
