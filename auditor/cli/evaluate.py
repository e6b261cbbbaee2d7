"""The command that measures predictions by label sets."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import options
from auditor.cli.console import Talk

if TYPE_CHECKING:
    from auditor.evaluate.bootstrap import Share
    from auditor.evaluate.measures import Group
    from auditor.evaluate.stability import Stability
    from auditor.ml.calibration import Calibration
    from auditor.session.evaluating import Evaluated, Labels

_TRUST = {
    "fine": "agree with the labels",
    "temperature_enough": "need a temperature",
    "temperature_insufficient": "no temperature mends them",
}

_PAIRS = 10
"""So many pairs of models are told of."""


def register(app: typer.Typer) -> None:
    app.command("evaluate")(evaluate)


def evaluate(
    where: Annotated[
        Path,
        typer.Argument(
            metavar="PROJECT|FILE", help="A project, or JSON with label sets by itself."
        ),
    ],
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE.npy]...", help="Further predictions.")
    ] = None,
    predictions: Annotated[
        list[Path] | None,
        typer.Option(
            "--predictions",
            metavar="FILE.npy",
            help="Scores (samples, classes) or classes (samples,); further files may follow.",
        ),
    ] = None,
    order: Annotated[
        Path | None,
        typer.Option(help="FILE: JSON list of the samples' names, one a row of the predictions."),
    ] = None,
    given: Annotated[
        Path | None, typer.Option(help="FILE: NPY with the class that each sample came with.")
    ] = None,
    mix_of: Annotated[
        Path | None,
        typer.Option(
            "--mix-of",
            metavar="PROJECT|FILE",
            help="Also say how it were with as many labels a sample as in this other set.",
        ),
    ] = None,
    votes: Annotated[
        str | None,
        typer.Option(
            metavar="majority|dawid_skene",
            help="Take what the project's votes say together as the valid labels of their samples.",
        ),
    ] = None,
    slice_: Annotated[
        Path | None,
        typer.Option(
            "--slice", help="FILE: a must-pass slice of `auditor mistakes export`; runs just that."
        ),
    ] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Measure models by every valid label, and say whether wrong labels decide which is best.

    Rows of predictions are the samples in order, columns the classes in order, as for `attach`.
    Example: auditor evaluate birds.audit --predictions old.npy new.npy
    """
    from auditor.evaluate.measures import mix_of as shares
    from auditor.evaluate.predictions import opened
    from auditor.session import evaluating

    talk = Talk(json_wanted=json, quiet=False, show_progress=not no_progress)
    files = [*(predictions or []), *(more or [])]
    if not files:
        raise options.OptionError("name at least one file of predictions: --predictions FILE.npy")
    labels = _labels(where, order, given, votes, talk)
    if slice_ is not None:
        _run_slice(slice_, labels, files, talk)
        return
    mix = None if mix_of is None else shares(_labels(mix_of, None, None, None, talk).accepted)
    classes = None if labels.classes is None else len(labels.classes)
    with talk.progress() as progress:
        models = opened(files, len(labels.accepted), classes)
        found, stable = evaluating.evaluate(labels, models, seed, progress, mix)
    talk.result(
        {
            **_counted(labels),
            "models": [asdict(one) for one in found],
            "stability": None if stable is None else asdict(stable),
        },
        "\n".join(_lines(labels, found, stable)),
    )


def _labels(
    where: Path, order: Path | None, given: Path | None, votes: str | None, talk: Talk
) -> Labels:
    from auditor.session import evaluating

    if not where.is_dir():
        if votes is not None:
            raise options.OptionError("--votes needs a project: a file of label sets has no votes")
        return evaluating.of_file(where, order, given)
    if order is not None or given is not None:
        raise options.OptionError(
            "a project has names and given labels of its own: leave --order and --given out"
        )
    with options.opened(where, talk) as session:
        return evaluating.of_project(session, votes)


def _run_slice(file: Path, labels: Labels, predictions: list[Path], talk: Talk) -> None:
    from auditor.session.triage_export import score_slice

    names, classes = labels.names, labels.classes
    one, scores = score_slice(file, names, len(labels.accepted), classes, predictions)
    lines = [f"{one.name}, the major errors of {one.model}:"]
    lines += [f"  {score.model}: {score.passed:,} of {score.samples:,} passed" for score in scores]
    found = {"slice": one.name, "of_model": one.model, "models": [asdict(s) for s in scores]}
    talk.result(found, "\n".join(lines))


def _counted(labels: Labels) -> dict[str, float | None]:
    count, wrong = labels.accepted.count, labels.wrong
    valid = int((count > 0).sum())
    both = 0 if labels.given is None else int(((count > 0) & (labels.given >= 0)).sum())
    return {
        "samples": len(count),
        "with_valid_label": valid,
        "multi_label_share": float((count > 1).sum() / max(valid, 1)),
        "given_valid_share": None if wrong is None or not both else float(1 - wrong.sum() / both),
    }


def _lines(labels: Labels, found: list[Evaluated], stable: Stability | None) -> list[str]:
    counts = _counted(labels)
    first = (
        f"{counts['with_valid_label']:,} of {counts['samples']:,} samples have a valid label, "
        f"{100 * (counts['multi_label_share'] or 0):.1f} % of them several"
    )
    if counts["given_valid_share"] is not None:
        first += f"; the given label is valid in {100 * counts['given_valid_share']:.1f} %"
    lines = [first]
    for one in found:
        lines += ["", f"{one.model}:"]
        scores = one.measures
        for name, share in (
            ("top-1 (given label)", scores.top1),
            ("any valid label", scores.any_valid),
            ("variable top-k", scores.variable_top_k),
            ("mean over k", scores.mean_over_k),
            ("any valid, other mix", scores.reweighted),
        ):
            if share is not None:
                lines.append(f"  {name:<22}{_share(share)}")
        lines += [f"  {_group(group)}" for group in scores.groups]
        if one.calibration is not None:
            lines.append(f"  {_calibration(one.calibration)}")
    return lines + ([] if stable is None else ["", *_stability(stable)])


def _share(share: Share) -> str:
    return f"{share.value:.4f} ({share.low:.4f} to {share.high:.4f}, {share.samples:,} samples)"


def _group(group: Group) -> str:
    named = (
        ("top-1", group.top1),
        ("any valid", group.any_valid),
        ("variable top-k", group.variable_top_k),
    )
    scores = ", ".join(f"{name} {share.value:.4f}" for name, share in named if share is not None)
    labels = f"{group.labels} label{'s' * (group.labels > 1)}"
    return f"{labels:<22}{scores} ({group.samples:,} samples)"


def _calibration(found: Calibration) -> str:
    before, after = found.before, found.after
    return (
        f"probabilities {_TRUST[found.trust]}: calibration error {before.ece:.4f}, "
        f"{after.ece:.4f} at temperature {found.temperature:.2f}; NLL {before.nll:.4f}, "
        f"{after.nll:.4f}; Brier {before.brier:.4f}, {after.brier:.4f}"
    )


def _stability(stable: Stability) -> list[str]:
    orders = [", ".join(name for name, _ in ranks) for ranks in (stable.original, stable.corrected)]
    lines = [f"{stable.wrong:,} given labels are not valid ({100 * stable.prevalence:.1f} %)."]
    if stable.is_same_order:
        lines.append(f"The order is the same by given and by valid labels: {orders[0]}")
    else:
        lines += [f"Best first by given labels: {orders[0]}", f"by valid labels: {orders[1]}"]
    lines += [
        f"By valid labels {one.better_below} is better than {one.better_beyond} while fewer than "
        f"{100 * one.prevalence:.1f} % ({100 * one.low:.1f} to {100 * one.high:.1f}) of the given "
        "labels are wrong, and worse beyond"
        for one in stable.crossovers[:_PAIRS]
    ]
    if len(stable.crossovers) > _PAIRS:
        lines.append(f"({len(stable.crossovers) - _PAIRS:,} more such pairs: --json)")
    return lines
