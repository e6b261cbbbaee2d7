"""The projects opened last on this machine, newest first."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

from auditor import address
from auditor.session.folder import ProjectFolder

log = logging.getLogger(__name__)

MOST = 20


@dataclass(frozen=True, slots=True)
class Recent:
    """One project, as it was when the list was read."""

    path: Path
    name: str
    opened_at: datetime
    """In UTC."""
    is_there: bool


def state_file() -> Path:
    """Where the list lies; AUDITOR_STATE names another folder."""
    named = os.environ.get("AUDITOR_STATE")
    folder = Path(named) if named else user_state_path("dataset-auditor")
    return folder / "recent.json"


def load() -> list[Recent]:
    """At most `MOST` projects, newest first; none where the list cannot be read."""
    file = state_file()
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        found = [_entry(one) for one in entries]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("the list of recent projects in %s cannot be read: %s", file, error)
        return []
    return found[:MOST]


def add(path: Path) -> None:
    """Put a project first. A list that cannot be written is done without: the log says so."""
    folder = ProjectFolder(Path(os.path.abspath(path)))  # noqa: PTH100  resolve() would follow links
    first = Recent(folder.path, folder.name, datetime.now(UTC), is_there=True)
    _save([first, *(one for one in load() if one.path != folder.path)])


def remove(path: Path) -> None:
    """Take a project off the list; the project itself is left alone."""
    _save([one for one in load() if one.path != path])


def _entry(facts: dict[str, Any]) -> Recent:
    path = Path(address.decode(facts["path"]))
    opened_at = datetime.fromisoformat(facts["opened_at"]).astimezone(UTC)
    return Recent(path, str(facts["name"]), opened_at, ProjectFolder(path).exists)


def _save(entries: Sequence[Recent]) -> None:
    file = state_file()
    facts = [
        {
            "path": address.encode(one.path),
            "name": one.name,
            "opened_at": one.opened_at.isoformat(timespec="seconds"),
        }
        for one in entries[:MOST]
    ]
    fresh = file.with_suffix(".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(facts, indent=1), encoding="utf-8")
        fresh.replace(file)
    except OSError as error:
        log.warning("the list of recent projects in %s cannot be kept: %s", file, error)
