"""An audit that asks a server, for the tests of the checks that do."""

from __future__ import annotations

from auditor.session import AuditOptions, Session
from tests.answer_server import ScriptedServer


def audit(session: Session, check: str, server: ScriptedServer, **values: object) -> str:
    """How the check ended, with its sentence."""
    options = AuditOptions(
        checks=[check], parameters={check: {"model": server.id, **values}}, device="cpu"
    )
    (end,) = session.audit(options)
    return f"{end.state} {end.message or ''}".strip()
