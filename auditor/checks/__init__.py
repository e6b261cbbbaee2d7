"""Audit checks, by family. One module per check; the module's name is the check's id."""

from __future__ import annotations

import importlib
import pkgutil
from importlib import metadata
from typing import Any, cast

from auditor.checks.base import Check
from auditor.model import CheckId

ENTRY_POINTS = "auditor.checks"


class UnknownCheckError(LookupError):
    """No check has that id."""


def modules() -> dict[CheckId, str]:
    """Id and module of every check, bundled ones first, without importing one."""
    found = _bundled()
    for point in metadata.entry_points(group=ENTRY_POINTS):
        found.setdefault(CheckId(point.name), point.value)
    return found


def _bundled() -> dict[CheckId, str]:
    found: dict[CheckId, str] = {}
    for family in pkgutil.iter_modules(__path__):
        if family.ispkg:
            path = [f"{entry}/{family.name}" for entry in __path__]
            for module in pkgutil.iter_modules(path):
                found[CheckId(module.name)] = f"{__name__}.{family.name}.{module.name}"
    return found


def names() -> list[CheckId]:
    return sorted(modules())


def load(check_id: str) -> Check[Any]:
    """Import one check and nothing else."""
    known = _bundled()
    if check_id not in known:  # looking through what is installed takes long
        known = modules()
    if check_id not in known:
        raise UnknownCheckError(
            f"there is no check {check_id!r}; there are: {', '.join(sorted(known))}"
        )
    return cast("Check[Any]", importlib.import_module(known[CheckId(check_id)]).CHECK)
