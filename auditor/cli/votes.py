"""Commands about annotators' votes: take in, hand out, count, merge, find what is disputed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli import options
from auditor.cli.console import Talk

if TYPE_CHECKING:
    import pyarrow as pa

    from auditor.session.ballots import Merged

votes_app = typer.Typer(
    help="Several annotators' votes about labels: import, export, summary, merge, conflicts.",
    no_args_is_help=True,
)

File = Annotated[
    Path, typer.Argument(metavar="FILE", help="CSV, JSON, JSON lines, Parquet or NPZ.")
]
Where = Annotated[
    Path, typer.Argument(metavar="PROJECT|FILE", help="A project, or a file of votes by itself.")
]
By = Annotated[
    str, typer.Option("--by", help="majority, dawid_skene, or cleanlab (with probabilities).")
]
WithGiven = Annotated[
    bool, typer.Option("--with-given", help="Let the data set's own label vote beside the people.")
]
Threshold = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, help="A label is taken above this score; default: 0.5, or by --gold."
    ),
]


def register(app: typer.Typer) -> None:
    app.add_typer(votes_app, name="votes")


@votes_app.command("import")
def import_(
    project: options.Project,
    file: File,
    annotator: Annotated[
        str | None, typer.Option(help="Who voted, where the file does not tell.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Take votes in. What a file says twice, or said before, is taken in once.

    A record has path (and row) or sample_id, label, answer (no, maybe, yes), annotator, made_on; with
    a column `suggested` the answer is given, suggested, both or neither.
    Example: auditor votes import birds.audit votes.csv --annotator ann
    """
    from auditor.session.votes import Voting

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    with options.opened(project, talk) as session:
        held, added = Voting(session.store, session.folder).take_in(file, annotator)
    talk.result({"votes": held, "new": added}, f"{held:,} votes read, {added:,} of them new")


@votes_app.command("export")
def export(
    project: options.Project,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A .csv, .jsonl or .parquet file.")
    ],
    json: options.Json = False,
) -> None:
    """Write the votes that count: of each annotator the newest about each question.

    Example: auditor votes export birds.audit -o votes.parquet
    """
    from auditor.session.votes import Voting

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    with options.opened(project, talk) as session:
        written = Voting(session.store, session.folder).export(output)
    talk.result({"votes": written, "file": str(output)}, f"{output}: {written:,} votes")


@votes_app.command("summary")
def summary(where: Where, json: options.Json = False) -> None:
    """Count votes by outcome, say how far the annotators agree, and how many labels are in error.

    Example: auditor votes summary votes.json --json
    """
    from auditor.session import vote_counts

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    found = vote_counts.summary(_votes(where, talk))
    agreed = "–" if found.fleiss_kappa is None else f"{found.fleiss_kappa:.3f}"  # noqa: RUF001
    lines = [
        f"{found.votes:,} votes by {found.annotators or 'unnamed'} annotators on"
        f" {found.questions:,} questions about {found.samples:,} samples",
        "outcomes: " + ", ".join(f"{name} {count:,}" for name, count in found.outcomes.items()),
        f"Fleiss' kappa: {agreed}",
        *(f"Cohen's kappa of {pair}: {value:.3f}" for pair, value in found.cohen_kappa.items()),
    ]
    if found.errors is not None:
        lines.append(f"errors (too few votes for the given label alone): {found.errors:,}")
    talk.result(asdict(found), "\n".join(lines))


def _votes(where: Path, talk: Talk) -> pa.Table:
    from auditor.formats import votes
    from auditor.session.votes import Voting

    if where.is_dir():
        with options.opened(where, talk) as session:
            return Voting(session.store, session.folder).all()
    return votes.read(where)


@votes_app.command("show")
def show(
    project: options.Project,
    sample: Annotated[int, typer.Option(help="The sample's id.")],
    json: options.Json = False,
) -> None:
    """Show every vote about a sample, oldest first: who, when, and from where.

    Example: auditor votes show birds.audit --sample 17
    """
    from auditor.session.votes import Voting

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    with options.opened(project, talk) as session:
        found = Voting(session.store, session.folder).history(sample)
    if json:
        talk.result({"votes": found})
        return
    names = ("made_on", "annotator", "label", "suggested", "answer", "note", "source")
    talk.table(names, [[one[name] for name in names] for one in found])


@votes_app.command("merge")
def merge(
    where: Where,
    by: By = "dawid_skene",
    gold: Annotated[
        Path | None, typer.Option(help="Experts' votes: the threshold is chosen on them.")
    ] = None,
    gold_votes: Annotated[
        Path | None,
        typer.Option(help="The annotators' votes about --gold: they teach how each one errs."),
    ] = None,
    threshold: Threshold = None,
    with_given: WithGiven = False,
    one: Annotated[
        bool, typer.Option("--one", help="Exactly one label holds: take the likeliest.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write each label's score (.csv or .parquet)."),
    ] = None,
    decide: Annotated[
        bool, typer.Option("--decide", help="Record the merged labels as one step of decisions.")
    ] = False,
    at_least: Annotated[
        int, typer.Option(min=1, help="Decide only samples that so many annotators voted on.")
    ] = 1,
    json: options.Json = False,
) -> None:
    """Merge votes into one set of labels per sample; with --decide, as decisions of the project.

    Example: auditor votes merge birds.audit --by dawid_skene --with-given --decide
    """
    from auditor.session import ballots, listing
    from auditor.session.votes import Voting

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    if not where.is_dir() and (decide or with_given or by == "cleanlab"):
        raise options.OptionError("--decide, --with-given and --by cleanlab need a project")
    chosen: dict[str, Any] = {
        "gold": _read(gold),
        "gold_votes": _read(gold_votes),
        "threshold": threshold,
    }
    finish = ballots.one_each if one else (lambda merged: merged)
    decided = None
    if where.is_dir():
        with options.opened(where, talk) as session:
            voting = Voting(session.store, session.folder)
            merged = finish(voting.merged(by, with_given=with_given, **chosen))
            if decide:
                rows = voting.decisions(merged, at_least=at_least)
                decided = session.decide(rows, f"Take the labels that {by} makes of the votes")
    else:
        merged = finish(ballots.merge(_votes(where, talk), by, **chosen))
    if output is not None:
        listing.write(ballots.scored(merged), output, output.suffix.removeprefix("."))
    _tell(talk, merged, by, one, decided, output)


def _read(file: Path | None) -> pa.Table | None:
    from auditor.formats import votes

    return None if file is None else votes.read(file)


def _tell(
    talk: Talk, merged: Merged, by: str, one: bool, decided: int | None, output: Path | None
) -> None:
    quality = sorted(merged.quality.items(), key=lambda pair: pair[1])
    lines = [
        f"{by}: {int(merged.taken.sum()):,} of {len(merged.score):,} labels asked about are taken"
        + (" (one a sample)" if one else f" (score > {merged.threshold:.3f})")
    ]
    if quality:
        lines.append(
            "answers right: " + ", ".join(f"{name} {value:.1%}" for name, value in quality[:10])
        )
    if decided is not None:
        lines.append(f"decided {decided:,} samples; `auditor undo` takes it back")
    if output is not None:
        lines.append(f"scores: {output}")
    facts: dict[str, Any] = {
        "questions": len(merged.score),
        "taken": int(merged.taken.sum()),
        "threshold": merged.threshold,
        "quality": merged.quality,
        "decided": decided,
    }
    talk.result(facts, "\n".join(lines))


@votes_app.command("conflicts")
def conflicts(
    project: options.Project,
    by: By = "majority",
    order: Annotated[
        str, typer.Option(help="disputed (the most split first) or wrong (the likeliest wrong).")
    ] = "disputed",
    with_given: WithGiven = False,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    json: options.Json = False,
) -> None:
    """List the samples that annotators differ about, the most disputed first.

    Example: auditor votes conflicts birds.audit --limit 50
    """
    from auditor.session.votes import Voting

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    if order not in ("disputed", "wrong"):
        raise options.OptionError(f"--order {order}: write disputed or wrong")
    with options.opened(project, talk) as session:
        voting = Voting(session.store, session.folder)
        merged = voting.merged(by, with_given=with_given)
        found = voting.conflicts(merged, "wrong" if order == "wrong" else "disputed", limit)
    if json:
        talk.result({"conflicts": [asdict(one) for one in found]})
        return
    rows = [
        (c.sample_id, c.path, _words(c.labels), _words(c.merged), c.votes, c.disputed, c.p_wrong)
        for c in found
    ]
    talk.table(("sample", "path", "label", "votes say", "votes", "disputed", "p wrong"), rows)


def _words(labels: Sequence[str]) -> str:
    return ", ".join(labels) or "none"
