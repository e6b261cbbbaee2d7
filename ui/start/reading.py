"""What the import dialog asks the engine; called off the Qt thread, where the engine is loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.session import Understanding


PACKET = ".packet"
"""How the name of a review packet ends."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A source as it was understood with the options given, or why it could not be."""

    titles: Mapping[str, str]
    """Every format, in words, by its id."""
    columns: tuple[str, ...]
    understood: Understanding | None
    problem: str = ""


class Place(Enum):
    """What is where a project is to be."""

    NEW = "new"
    PROJECT = "project"
    OTHER = "other"
    """A folder that holds something else."""
    WRONG = "wrong"
    """No project can be there."""


def read(source: Path, options: Mapping[str, Any]) -> Reading:
    """Understand the source; what is wrong with it becomes a sentence."""
    from auditor.session import ImportOptions, sources, understand

    titles = sources.format_titles()
    columns: tuple[str, ...] = ()
    try:
        columns = sources.column_names(source, options.get("format"))
        return Reading(titles, columns, understand(source, ImportOptions(**options)))
    except Exception as error:  # noqa: BLE001  the border: a source may be broken in any way
        from auditor.session.errors import sentence

        return Reading(titles, columns, None, sentence(error))


def project_beside(source: Path) -> Path:
    """NAME.audit beside the source, or in the user's own folder where nothing can be written."""
    from auditor.session import project_for

    name = project_for(source, None).path.name
    beside = source.absolute().parent
    return (beside if os.access(beside, os.W_OK) else Path.home()) / name


def place(project: Path) -> Place:
    """What making a project at that path would mean."""
    from auditor.session.folder import ProjectFolder

    if ProjectFolder(project).exists:
        return Place.PROJECT
    nearest = next((folder for folder in (project, *project.parents) if folder.exists()), None)
    if nearest is None or not nearest.is_dir() or not os.access(nearest, os.W_OK):
        return Place.WRONG
    is_taken = project.is_dir() and any(project.iterdir())
    return Place.OTHER if is_taken else Place.NEW


def is_packet(path: Path) -> bool:
    """Whether the path is a review packet by its name."""
    return path.suffix == PACKET


def project_at(path: Path) -> Path | None:
    """The project that the path is, or is the file of."""
    from auditor.session.folder import ProjectFolder

    places = (ProjectFolder(path), ProjectFolder(path.parent))
    return next((p.path for p in places if p.exists and path in {p.path, p.database}), None)
