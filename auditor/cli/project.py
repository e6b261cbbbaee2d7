"""Commands that make and audit a project: import, attach, audit, findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli import options
from auditor.cli.console import Talk, interruptible

if TYPE_CHECKING:
    from auditor.formats.base import Understanding
    from auditor.report.result import Result
    from auditor.session import CheckEnd, Imported, Session

Source = Annotated[
    Path,
    typer.Argument(
        metavar="SOURCE", help="Image folder, CSV or Parquet manifest, or Parquet of images."
    ),
]
InFolder = Annotated[
    Path | None, typer.Option("--project", "-p", help="Project folder; default: NAME.audit here.")
]
_Column = Annotated[str | None, typer.Option(metavar="NAME")]


def register(app: typer.Typer) -> None:
    app.command("import")(import_)
    app.command()(attach)
    app.command()(audit)
    app.command()(findings)


def import_(
    source: Source,
    project: InFolder = None,
    label_column: _Column = None,
    image_column: _Column = None,
    split_column: _Column = None,
    group_column: _Column = None,
    label_separator: Annotated[
        str | None, typer.Option(help="Splits one cell into several labels, for example ';'.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="Folder that a manifest's relative paths start from.")
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="Read as this format instead of guessing.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only say what was understood, and the first problems."),
    ] = False,
    workers: options.Workers = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Take a data set into a project. Again: add what is new, notice what changed.

    Example: auditor import photos/ · auditor import train.csv --label-column species
    """
    from auditor.session import ImportOptions, Session, project_for, understand

    talk = Talk(json_wanted=json, quiet=quiet, show_progress=not no_progress)
    understood = understand(
        source,
        ImportOptions(
            format=format_,
            image_column=image_column,
            label_column=label_column,
            split_column=split_column,
            group_column=group_column,
            label_separator=label_separator,
            images=images,
        ),
    )
    _explain(understood, talk, whole=dry_run)
    if dry_run:
        talk.result(_facts(understood))
        return
    folder = project_for(source, project)
    with (
        talk.progress() as progress,
        Session(folder, workers=workers, progress=progress) as session,
        interruptible(session.cancel, talk),
    ):
        imported = session.import_source(understood)
    talk.result(
        {"project": str(folder.path), **_facts(understood), **_numbers(imported)},
        f"{folder.path}: {_in_words(imported)}",
    )


def _facts(understood: Understanding) -> dict[str, Any]:
    return {name: getattr(understood, name) for name in understood.__dataclass_fields__}


def _numbers(imported: Imported) -> dict[str, Any]:
    facts = asdict(imported)
    return {**facts.pop("counts"), **facts}


def _in_words(imported: Imported) -> str:
    counts = imported.counts
    words = [_count(counts.total, "sample")]
    news = {
        "new": counts.added,
        "with another label": counts.relabelled,
        "in another split or group": counts.moved,
        "no longer in the source": counts.missing,
        "back again": counts.returned,
        "whose file changed": imported.changed_files,
    }
    words += [f"{number:,} {what}" for what, number in news.items() if number]
    if imported.unreadable:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in imported.unreadable.items())
        words.append(f"{sum(imported.unreadable.values()):,} unreadable ({reasons})")
    return ", ".join(words)


def _count(total: int, noun: str, plural: str = "") -> str:
    return f"{total:,} {noun if total == 1 else plural or f'{noun}s'}"


def _explain(understood: Understanding, talk: Talk, *, whole: bool) -> None:
    kind = "multi-label" if understood.multi_label else "single-label"
    talk.say(
        f"{understood.source}: {_count(understood.samples, 'sample')}, {kind}, read as {understood.format}"
    )
    for role, column in understood.columns.items():
        talk.say(f"  {role}: column {column!r}")
    if understood.extra_columns:
        talk.say(f"  kept beside: {', '.join(understood.extra_columns)}")
    if understood.splits:
        talk.say("  splits: " + ", ".join(f"{k} {n:,}" for k, n in understood.splits.items()))
    shown = understood.classes if whole else understood.classes[:12]
    more = len(understood.classes) - len(shown)
    names = ", ".join(shown) + (f" and {more:,} more" if more else "")
    talk.say(f"  {_count(len(understood.classes), 'class', 'classes')}{names and f': {names}'}")
    for problem in understood.problems if whole else understood.problems[:3]:
        talk.warn(f"  problem: {problem}")
    hidden = understood.problem_count - (
        len(understood.problems) if whole else min(3, len(understood.problems))
    )
    if hidden > 0:
        talk.warn(f"  and {hidden:,} more problems")


def attach(
    project: options.Project,
    embeddings: Annotated[Path | None, typer.Option(help=".npy of samples x values.")] = None,
    pred_probs: Annotated[
        Path | None, typer.Option(help=".npy of samples x classes, out of sample.")
    ] = None,
    order: Annotated[
        Path | None, typer.Option(help="Text file with the path or sample id of each row.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Bring your own embeddings or predicted probabilities; they are checked first.

    Example: auditor attach birds.audit --embeddings dino.npy --pred-probs cv.npy
    """
    talk = Talk(json_wanted=json, quiet=quiet, show_progress=not no_progress)
    brought = {"embedding": embeddings, "pred_probs": pred_probs}
    if not any(brought.values()):
        raise options.OptionError("attach needs --embeddings or --pred-probs")
    with options.opened(project, talk) as session:
        taken = [session.attach(name, path, order) for name, path in brought.items() if path]
    for one in taken:
        if one.warning:
            talk.warn(f"warning: {one.warning}")
    lines = [f"{one.name}: {' x '.join(f'{n:,}' for n in one.shape)} {one.dtype}" for one in taken]
    talk.result({"attached": [asdict(one) for one in taken]}, "\n".join(lines))


def audit(
    target: Annotated[
        Path,
        typer.Argument(metavar="PROJECT|SOURCE", help="A project, or a data set to import first."),
    ],
    checks: Annotated[
        str | None, typer.Option(help="Comma-separated check ids; default: all.")
    ] = None,
    set_: options.Set = None,
    encoder: Annotated[
        str | None, typer.Option(help="Model for features; see `auditor models list`.")
    ] = None,
    project: InFolder = None,
    label_column: _Column = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for result.json and report.html; default: the project."
        ),
    ] = None,
    fail_on: Annotated[
        list[str] | None, typer.Option(help="Gate, for example 'label_errors>1%'; repeatable.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Older result.json: fail only on what is new or worse.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML here.")] = None,
    sarif: Annotated[Path | None, typer.Option(help="Write SARIF 2.1.0 here.")] = None,
    summary: Annotated[Path | None, typer.Option(help="Write a Markdown summary here.")] = None,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    workers: options.Workers = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
) -> int:
    """Run checks, write the report, and hold the result against a gate.

    Example: auditor audit birds.audit --checks label_errors --fail-on 'label_errors>1%'
    """
    from auditor import checks as known_checks
    from auditor.report import gate
    from auditor.report.result import Result
    from auditor.session import AuditOptions, Wanted

    talk = Talk(json_wanted=json, quiet=quiet, show_progress=not no_progress)
    gate.parse_all(fail_on or [], known_checks.names())  # a typing error costs no audit
    if baseline:
        gate.read_baseline(baseline)
    wanted = Wanted(
        fail_on=fail_on or [], baseline=baseline, junit=junit, sarif=sarif, summary=summary
    )
    chosen = AuditOptions(
        checks=[name.strip() for name in checks.split(",")] if checks else (),
        parameters=options.settings(set_),
        encoder=encoder,
        seed=seed,
        device=options.device(device),
    )
    path = _as_project(target, project, label_column, talk, workers)
    with options.opened(path, talk, workers) as session:
        ended = session.audit(chosen)
        result, code = session.report(output or path, wanted, ended)
    _tell(result, ended, output or path, talk)
    if json:
        talk.result(Result.model_dump(result, mode="json"))
    return int(code)


def _as_project(
    target: Path, project: Path | None, label_column: str | None, talk: Talk, workers: int | None
) -> Path:
    """The project itself, or one made from the data set that the user named instead."""
    from auditor.session import ImportOptions, Session, project_for, understand
    from auditor.session.folder import ProjectFolder

    if ProjectFolder(target).exists:
        if project or label_column:
            raise options.OptionError(
                f"{target} is a project already: --project and --label-column are for a data set"
            )
        return target
    understood = understand(target, ImportOptions(label_column=label_column))
    _explain(understood, talk, whole=False)
    folder = project_for(target, project)
    with (
        talk.progress() as progress,
        Session(folder, workers=workers, progress=progress) as session,
        interruptible(session.cancel, talk),
    ):
        talk.say(f"{folder.path}: {_in_words(session.import_source(understood))}")
    return folder.path


def _tell(result: Result, ended: Sequence[CheckEnd], out: Path, talk: Talk) -> None:
    from auditor.report import words

    for sentence in words.headline(result):
        if sentence:
            talk.say(sentence)
    for end in ended:
        if end.message:
            talk.warn(f"{end.check_id}: {end.state}: {end.message}")
    if not talk.json_wanted and not talk.quiet:
        rows = [
            (c.id, c.status, c.judged, c.flagged, result.timings.get(c.id)) for c in result.checks
        ]
        talk.table(("check", "status", "judged", "flagged", "seconds"), rows)
    for rule in result.gate.rules if result.gate else ():
        (talk.say if rule.status == "passed" else talk.warn)(
            f"gate {rule.rule}: {rule.status}: {rule.words}"
        )
    talk.say(f"report: {out / 'report.html'}")


def findings(
    project: options.Project,
    check: options.CheckName = "label_errors",
    all_: Annotated[
        bool, typer.Option("--all", help="Every sample, not only the flagged ones.")
    ] = False,
    format_: Annotated[
        str, typer.Option("--format", help="csv, json or parquet; default: by the file's name.")
    ] = "",
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """List a check's findings in sample_id order, with cleanlab's column names and ours.

    Example: auditor findings birds.audit --check label_errors --all -o all.csv
    """
    from auditor.session import listing

    talk = Talk(json_wanted=False, quiet=quiet, show_progress=False)
    with options.opened(project, talk) as session:
        _require_run(session, check)
        table = listing.table(session.findings(check, only_flagged=not all_))
        if session.is_stale(check):
            talk.warn("warning: the data set changed since this audit: run `auditor audit` again")
    listing.write(table, output, format_ or (output.suffix.lstrip(".") if output else "csv"))
    if output:
        talk.say(f"{output}: {table.num_rows:,} rows")


def _require_run(session: Session, check: str) -> None:
    from auditor import checks
    from auditor.session.listing import NoFindingsError

    checks.load(check)
    if not session.has_run(check):
        raise NoFindingsError(
            f"{check} has not been run: `auditor audit {session.folder.path} --checks {check}`"
        )
