"""Which exit code an error ends with; those not listed are ours, and internal."""

from __future__ import annotations

from auditor.cli.options import OptionError
from auditor.session.errors import Cause, cause

_CODES = {Cause.STOPPED: 130, Cause.IN_USE: 4, Cause.INPUT: 2}


def code_of(error: Exception) -> int | None:
    """2 for wrong input, 4 for a project in use, 130 for stopped work, None for anything else."""
    return 2 if isinstance(error, OptionError) else _CODES.get(cause(error))
