"""Commands that decide and hand out: decide, undo, redo, export, report."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import options
from auditor.cli.console import Talk

if TYPE_CHECKING:
    from auditor.formats.base import FileMode


def register(app: typer.Typer) -> None:
    for command in (decide, undo, redo, export, report):
        app.command()(command)


def decide(
    project: options.Project,
    rule: Annotated[
        str | None, typer.Option(help="For example: accept where p_error > 0.95")
    ] = None,
    from_: Annotated[
        Path | None,
        typer.Option("--from", help="A patch (changes.jsonl or CSV) or a text file with one rule."),
    ] = None,
    check: options.CheckName = "label_errors",
    note: Annotated[str | None, typer.Option(help="Kept with each decision.")] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Decide by a rule or a patch file, as one step that `undo` takes back.

    Verbs: accept, keep, relabel 'LABEL', exclude, defer, clear. Example:
    auditor decide birds.audit --rule "accept where p_error > 0.95 and split = 'train'"
    """
    talk = Talk(json_wanted=json, quiet=quiet, show_progress=False)
    if (rule is None) == (from_ is None):
        raise options.OptionError("decide needs either --rule or --from")
    with options.opened(project, talk) as session:
        if from_ is not None and _is_patch(from_):
            changed = session.decide_by_patch(from_)
        else:
            text = rule if rule is not None else _rule_in(from_)
            changed = session.decide_by_rule(text, check, note)
    talk.result(
        {"decided": changed},
        f"decided {changed:,} {'sample' if changed == 1 else 'samples'}; `auditor undo` takes it back",
    )


def _is_patch(path: Path) -> bool:
    return path.suffix.lower() in {".jsonl", ".csv", ".ndjson"}


def _rule_in(path: Path | None) -> str:
    text = path.read_text(encoding="utf-8-sig") if path else ""
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    return " ".join(lines)


def undo(
    project: options.Project,
    steps: Annotated[int, typer.Option(min=1, help="How many steps.")] = 1,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Take back the last decision, also one of an earlier day.

    Example: auditor undo birds.audit
    """
    talk = Talk(json_wanted=json, quiet=quiet, show_progress=False)
    with options.opened(project, talk) as session:
        taken = [session.undo() for _ in range(steps)]
    _tell("undone", taken, talk)


def redo(
    project: options.Project,
    steps: Annotated[int, typer.Option(min=1, help="How many steps.")] = 1,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Do again what was undone last.

    Example: auditor redo birds.audit
    """
    talk = Talk(json_wanted=json, quiet=quiet, show_progress=False)
    with options.opened(project, talk) as session:
        taken = [session.redo() for _ in range(steps)]
    _tell("done again", taken, talk)


def _tell(what: str, steps: list[tuple[str, int]], talk: Talk) -> None:
    lines = [f"{what}: {title} ({count:,} samples)" for title, count in steps]
    talk.result({"steps": [{"title": t, "samples": n} for t, n in steps]}, "\n".join(lines))


def export(
    project: options.Project,
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder.")],
    files: Annotated[
        str, typer.Option(help="Image folders: copy, symlink or hardlink the images.")
    ] = "copy",
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Write the cleaned data set in the format it came in, changed only where you decided so.

    Example: auditor export birds.audit -o birds-clean/
    """
    talk = Talk(json_wanted=json, quiet=quiet, show_progress=not no_progress)
    modes: dict[str, FileMode] = {"copy": "copy", "symlink": "symlink", "hardlink": "hardlink"}
    if files not in modes:
        raise options.OptionError(f"--files {files}: write one of {', '.join(modes)}")
    with options.opened(project, talk) as session:
        done = session.export(output, modes[files])
    for path in done.skipped[:10]:
        talk.warn(f"not copied: {path}")
    talk.result(
        asdict(done),
        f"{done.out}: {done.relabelled:,} relabelled, {done.excluded:,} excluded, {done.files:,} files",
    )


def report(
    project: options.Project,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder; default: the project.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Write report.html, result.json and findings.parquet again, with the decisions so far.

    Example: auditor report birds.audit -o public/
    """
    from auditor.report.result import Result
    from auditor.session import Wanted

    talk = Talk(json_wanted=json, quiet=quiet, show_progress=False)
    out = output or project
    with options.opened(project, talk) as session:
        result, code = session.report(out, Wanted())
    talk.result(Result.model_dump(result, mode="json"), str(out / "report.html"))
    return int(code)
