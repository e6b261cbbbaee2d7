"""Commands around known trouble: demo, plant, score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli import options
from auditor.cli.console import Talk, interruptible

if TYPE_CHECKING:
    from auditor.planting.base import Planting
    from auditor.report.result import TruthRow


def register(app: typer.Typer) -> None:
    for command in (demo, plant, score):
        app.command()(command)


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the demo's images.")
    ] = Path("demo"),
    samples: Annotated[int, typer.Option(min=100, help="How many scenes.")] = 2000,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    workers: options.Workers = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Build a data set with known errors, audit it, fix it on a copy, and say how well that went.

    Example: auditor demo -o /tmp/demo
    """
    from auditor.session import Session
    from auditor.session import demo as show

    talk = Talk(json_wanted=json, quiet=quiet, show_progress=not no_progress)
    places = show.Places(output)
    with talk.progress() as progress:
        show.prepare(places, seed, samples, progress)
        with (
            Session(places.project, workers=workers, progress=progress) as session,
            interruptible(session.cancel, talk),
        ):
            ended = show.audit(session, places, seed, options.device(device))
            result = show.finish(session, places, ended)
    if json:
        talk.result(result.model_dump(mode="json"))
        return
    if not quiet:
        _table(result.truth, talk)
        others = ", ".join(f"{n} {kind}" for kind, n in show.unlooked_for(places).items())
        talk.say(f"Also planted, and looked for by no check yet: {others}")
    talk.result(
        {},
        f"planted set: {places.images}\ncleaned set: {places.cleaned}\n"
        f"report:      {places.project.path / 'report.html'}",
    )


def _table(rows: tuple[TruthRow, ...], talk: Talk) -> None:
    talk.table(
        ("kind", "planted", "found", "fixed", "false alarms", "precision", "recall"),
        [
            (
                r.kind,
                r.planted,
                r.found,
                r.fixed,
                r.false_alarms if r.precision is not None else None,
                r.precision,
                r.recall,
            )
            for r in rows
        ],
        title="What was planted, found and fixed",
    )


def plant(
    source: Annotated[
        Path | None, typer.Argument(metavar="SOURCE", help="A data set; it is only read.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new folder for the planted copy.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="KIND=RATE, or KIND=RATE,option=value; repeatable. See --list-kinds."),
    ] = None,
    list_kinds: Annotated[
        bool, typer.Option("--list-kinds", help="List the kinds and stop.")
    ] = False,
    label_column: Annotated[str | None, typer.Option(metavar="NAME")] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Put known trouble into a copy of your data set, and write the truth beside it.

    Example: auditor plant photos/ -o photos-planted --kind flip_symmetric=0.05 --kind truncated=0.01
    """
    from auditor.formats.base import ImportOptions
    from auditor.planting import plant as planter

    talk = Talk(json_wanted=json, quiet=quiet, show_progress=not no_progress)
    if list_kinds:
        _list_kinds(talk)
        return
    if source is None or output is None or not kind:
        raise options.OptionError(
            "plant needs SOURCE, -o FOLDER and --kind KIND=RATE; see --list-kinds"
        )
    wanted = [_planting(text) for text in kind]
    with talk.progress() as progress:
        truth = planter.plant(
            source,
            output,
            wanted,
            seed=seed,
            options=ImportOptions(label_column=label_column),
            report=lambda done, total: progress("planting", done, total),
        )
    lines = [f"{name}: {count:,} samples" for name, count in truth.counts().items()]
    talk.result(
        {"output": str(output), "truth": str(truth.path), "planted": truth.counts()},
        "\n".join([*lines, f"planted copy: {output}", f"truth: {truth.path}"]),
    )


def _list_kinds(talk: Talk) -> None:
    from auditor.planting.plan import KINDS

    if talk.json_wanted:
        talk.result(
            {"kinds": {k.id: {"title": k.title, "options": k.options} for k in KINDS.values()}}
        )
        return
    for kind in KINDS.values():
        set_by = ", ".join(f"{name}={value}" for name, value in kind.options.items())
        print(f"{kind.id}  {kind.title}{f'  ({set_by})' if set_by else ''}")


def _planting(text: str) -> Planting:
    """`flip_pair=0.1,classes=3:8` as a planting. Raises OptionError."""
    from auditor.planting.base import Planting

    head, *rest = text.split(",")
    name, equals, rate = head.partition("=")
    pairs = [part.partition("=") for part in rest]
    try:
        share = float(rate.removesuffix("%")) / (100 if rate.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not equals or not 0 <= share <= 1 or any(not sign for _, sign, _ in pairs):
        raise options.OptionError(
            f"--kind {text}: write KIND=RATE with a rate from 0 to 1, for example flip_symmetric=0.05"
        )
    return Planting(name, share, {key: _value(value) for key, _, value in pairs})


def _value(text: str) -> Any:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def score(
    project: options.Project,
    truth: Annotated[
        Path | None, typer.Option(help="truth.parquet of a planting, or its folder.")
    ] = None,
    true_label_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Column of the source that holds the true label."),
    ] = None,
    check: options.CheckName = "label_errors",
    kinds: Annotated[
        str | None, typer.Option(help="Comma-separated kinds that count as errors for the check.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Compare findings with the truth: precision, recall, average precision, precision@k.

    Example: auditor score demo.audit --truth demo.truth --check label_errors
    """
    from auditor.session import scoring

    talk = Talk(json_wanted=json, quiet=quiet, show_progress=False)
    with options.opened(project, talk) as session:
        found = scoring.score(
            session,
            check,
            truth_file=truth,
            true_column=true_label_column,
            kinds=[k.strip() for k in kinds.split(",")] if kinds else (),
        )
    facts = found.to_json()
    if json:
        talk.result(facts)
        return
    names = ("average_precision", "precision", "tpr", "f1", "fpr", "auroc")
    rows = [(name, facts[name], *facts["intervals"][name]) for name in names]
    rows += [
        (f"precision@{k}", v, *facts["intervals"][f"precision_at.{k}"])
        for k, v in sorted(facts["precision_at"].items(), key=lambda item: int(item[0]))
    ]
    talk.table(("measure", "value", "low", "high"), rows)
    talk.say(
        f"{found.errors:,} errors among {found.samples:,}; {found.flagged:,} flagged."
        f" A random order has an average precision of {found.null_average_precision:.3f}."
    )
