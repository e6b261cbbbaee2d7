"""Commands about a model's mistakes: take in, list, judge, count, export."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import options
from auditor.cli.console import Talk

if TYPE_CHECKING:
    from auditor.evaluate.mistakes import MistakeCounts, Word
    from auditor.session.triage import Triage

mistakes_app = typer.Typer(
    help="A model's predictions that no accepted label agrees with: judge them one by one.",
    no_args_is_help=True,
)

Model = Annotated[
    str | None, typer.Option("--model", help="The model's name; not needed where there is one.")
]


def register(app: typer.Typer) -> None:
    app.add_typer(mistakes_app, name="mistakes")


@contextmanager
def _triage(project: Path, talk: Talk) -> Iterator[Triage]:
    from auditor.session.triage import Triage

    with options.opened(project, talk) as session:
        yield Triage(session.store, session.folder, session.who)


@mistakes_app.command("import")
def import_(
    project: options.Project,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Predictions (.npy), or judged mistakes (.json)."),
    ],
    model: Annotated[
        str | None, typer.Option("--model", help="The model's name; default: the file's.")
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(help="FILE: what class numbers mean, a name a line; default: the project's."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Take in what a model predicts, a row per sample, or mistakes that were judged elsewhere.

    Example: auditor mistakes import birds.audit resnet.npy
    """
    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    names = None if classes is None else classes.read_text("utf-8").splitlines()
    with _triage(project, talk) as triage:
        taken = triage.take_in(file, model, names)
    text = f"{taken.model}: {taken.predictions:,} predictions, {taken.mistakes:,} mistakes"
    if taken.judged:
        text += f", {taken.judged:,} judgements taken in; `auditor undo` takes these back"
    talk.result(asdict(taken), text)


@mistakes_app.command("list")
def list_(
    project: options.Project,
    model: Model = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    json: options.Json = False,
) -> None:
    """List mistakes, those not judged first, with what a cheap rule makes of each.

    Example: auditor mistakes list birds.audit --limit 50
    """
    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    with _triage(project, talk) as triage:
        found = triage.queue(triage.model(model))[:limit]
    if json:
        talk.result({"mistakes": [asdict(one) for one in found]})
        return
    rows = [
        (
            one.sample_id,
            one.path,
            ", ".join(one.accepted) or "none",
            one.predicted,
            one.p,
            _word(one.word) or "open",
            "" if one.guess is None else f"{one.guess.category}: {one.guess.rule}",
        )
        for one in found
    ]
    talk.table(("sample", "path", "accepted", "predicted", "p", "judged", "rule says"), rows)


def _word(word: Word | None) -> str:
    return (
        ""
        if word is None
        else ", ".join(filter(None, (word.verdict, word.category, word.severity)))
    )


@mistakes_app.command("judge")
def judge(
    project: options.Project,
    sample: Annotated[int, typer.Option(help="The sample's id.")],
    verdict: Annotated[str, typer.Option(help="right, unclear, wrong, or clear.")],
    category: Annotated[
        str | None,
        typer.Option(
            help="Of wrong: fine_grained, fine_grained_oov, oov, spurious, non_prototypical or"
            " fine_grained_multi_label."
        ),
    ] = None,
    severity: Annotated[
        str | None, typer.Option(help="Of wrong: major, minor or borderline.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Why.")] = None,
    model: Model = None,
    json: options.Json = False,
) -> None:
    """Judge a prediction; right adds it to the sample's labels. `auditor undo` takes it back.

    Example: auditor mistakes judge birds.audit --sample 17 --verdict wrong --category spurious
    --severity major
    """
    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    word = _judged(verdict, category, severity)
    with _triage(project, talk) as triage:
        found = {one.sample_id: one for one in triage.queue(triage.model(model), guesses=False)}
        if sample not in found:
            raise options.OptionError(f"--sample {sample}: that is no mistake of the model")
        predicted = found[sample].predicted
        new = triage.judge(sample, predicted, word, note)
    said = _word(word) or "not judged"
    talk.result(
        {"sample_id": sample, "predicted": predicted, "new": bool(new)},
        f"sample {sample}, {predicted}: {said}" + ("" if new else " (as before)"),
    )


def _judged(verdict: str, category: str | None, severity: str | None) -> Word | None:
    from auditor.evaluate.mistakes import Category, Judged, Severity, Word

    if (category or severity) and verdict != "wrong":
        raise options.OptionError("--category and --severity belong to --verdict wrong")
    if verdict == "clear":
        return None
    for kind, value, option in (
        (Judged, verdict, "verdict"),
        (Category, category, "category"),
        (Severity, severity, "severity"),
    ):
        if value is not None and value not in list(kind):
            raise options.OptionError(f"--{option} {value}: write one of {', '.join(kind)}")
    return Word(
        Judged(verdict),
        None if category is None else Category(category),
        None if severity is None else Severity(severity),
    )


@mistakes_app.command("summary")
def summary(
    where: Annotated[
        Path, typer.Argument(metavar="PROJECT|FILE", help="A project, or judged mistakes (.json).")
    ],
    model: Model = None,
    json: options.Json = False,
) -> None:
    """Count mistakes by verdict, category and severity.

    Example: auditor mistakes summary vit3b_mistakes.json --json
    """
    from auditor.session.triage import summary_of_file

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    if where.is_dir():
        with _triage(where, talk) as triage:
            found = triage.summary(triage.model(model))
    else:
        found = summary_of_file(where)
    talk.result(asdict(found), _counts(found))


def _counts(found: MistakeCounts) -> str:
    lines = [f"{found.mistakes:,} mistakes, {found.open:,} not judged"]
    for name in ("verdicts", "categories", "severities"):
        counts: dict[str, int] = getattr(found, name)
        lines.append(f"{name}: " + ", ".join(f"{one} {count:,}" for one, count in counts.items()))
    return "\n".join(lines)


@mistakes_app.command("export")
def export(
    project: options.Project,
    slice_: Annotated[
        Path | None,
        typer.Option("--slice", help="FILE.json: the model's major errors, a must-pass slice."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="FILE (.csv, .json or .parquet): every sample's accepted labels."),
    ] = None,
    model: Model = None,
    json: options.Json = False,
) -> None:
    """Write the corrected label sets, and the slice that `auditor evaluate --slice` runs.

    Example: auditor mistakes export birds.audit --slice birds-M.json --labels birds.csv
    """
    from auditor.session import triage_export

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    if slice_ is None and labels is None:
        raise options.OptionError("say what to write: --slice FILE or --labels FILE")
    written: dict[str, int] = {}
    with _triage(project, talk) as triage:
        if slice_ is not None:
            written[str(slice_)] = triage_export.must_pass(triage, slice_, triage.model(model))
        if labels is not None:
            written[str(labels)] = triage_export.labels(triage.store, labels)
    lines = [f"{name}: {count:,} samples" for name, count in written.items()]
    talk.result({"written": written}, "\n".join(lines))
