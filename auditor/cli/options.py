"""The options that commands share, and the session they open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli.console import Talk, interruptible

if TYPE_CHECKING:
    from auditor.session import Session

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say only results, warnings and errors.")
]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="Show no progress.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda[:n].", metavar="DEVICE")]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Worker processes; default: one per core.")
]
Project = Annotated[
    Path, typer.Argument(metavar="PROJECT", help="The project folder (NAME.audit).")
]
CheckName = Annotated[str, typer.Option("--check", help="The check whose findings are meant.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Where to write it.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="CHECK.PARAM=VALUE", help="Set a check's parameter; repeatable."),
]


class OptionError(ValueError):
    """An option's value cannot be read."""


def settings(values: list[str] | None) -> dict[str, dict[str, Any]]:
    """`check.param=value` texts as values by check and parameter. Raises OptionError."""
    found: dict[str, dict[str, Any]] = {}
    for text in values or []:
        name, equals, value = text.partition("=")
        check, dot, param = name.partition(".")
        if not (equals and dot and check and param):
            raise OptionError(
                f"--set {text}: write CHECK.PARAM=VALUE, for example label_errors.folds=10"
            )
        found.setdefault(check, {})[param] = value
    return found


def device(value: str) -> str:
    """A device name that torch will understand. Raises OptionError."""
    if value in {"auto", "cpu", "cuda"} or (value.startswith("cuda:") and value[5:].isdigit()):
        return value
    raise OptionError(f"--device {value}: write auto, cpu, cuda or cuda:0")


@contextmanager
def opened(path: Path, talk: Talk, workers: int | None = None) -> Iterator[Session]:
    """An existing project, with progress shown and Ctrl+C heard."""
    from auditor.session import Session

    with (
        talk.progress() as progress,
        Session.open(path, workers=workers, progress=progress) as session,
        interruptible(session.cancel, talk),
    ):
        yield session
