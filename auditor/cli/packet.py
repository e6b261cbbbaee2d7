"""Commands about review packets: hand out, look into, answer, take back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import options
from auditor.cli.console import Talk

packet_app = typer.Typer(
    help="Files that let one reviewer judge samples without the project: make, show, answer, merge.",
    no_args_is_help=True,
)

PacketFile = Annotated[Path, typer.Argument(metavar="FILE", help="The packet.")]


def register(app: typer.Typer) -> None:
    app.add_typer(packet_app, name="packet")


@packet_app.command("make")
def make(
    project: options.Project,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new file, such as ann.packet.")],
    reviewer: Annotated[str, typer.Option(help="Who gets it; their votes go by this name.")],
    check: Annotated[
        str | None, typer.Option(help="Hand out what this check flags, the most suspicious first.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="At most so many samples.")] = 200,
    blind: Annotated[
        bool, typer.Option("--blind", help="Tell neither the given label nor the suggestion.")
    ] = False,
    gold: Annotated[
        int, typer.Option(min=0, help="Mix in so many decided samples, to judge the reviewer by.")
    ] = 0,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Write a file with pictures and questions for one reviewer. Two reviewers: the same --seed.

    Example: auditor packet make birds.audit ann.packet --reviewer ann --check label_errors --blind
    """
    from auditor.session.packets import PacketOptions, Packets

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    wanted = PacketOptions(
        reviewer=reviewer, check_id=check, count=count, is_blind=blind, gold=gold, seed=seed
    )
    with options.opened(project, talk) as session:
        made = Packets(session.store, session.folder).make(out, wanted)
    text = f"{made.path}: {made.items:,} items for {reviewer}, {made.gold:,} of them gold"
    talk.result(asdict(made), text)


@packet_app.command("show")
def show(file: PacketFile, json: options.Json = False) -> None:
    """List a packet's questions and what was answered; no project is needed.

    Example: auditor packet show ann.packet
    """
    from auditor.session.packets import Reviewing

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    held = Reviewing.open(file)
    answers = held.answers
    if json:
        items = [
            {**asdict(one), "answer": asdict(said) if (said := answers.get(one.item)) else None}
            for one in held.manifest.items
        ]
        talk.result({"reviewer": held.manifest.reviewer, "items": items})
        return
    rows = []
    for one in held.manifest.items:
        said = answers.get(one.item)
        yes, maybe = (", ".join(said.yes) or "none", ", ".join(said.maybe)) if said else ("", "")
        given = ", ".join(one.given) if one.given is not None else "?"
        rows.append((one.item, one.path or "?", given, ", ".join(one.candidates), yes, maybe))
    talk.table(("item", "path", "given", "asked about", "yes", "maybe"), rows)
    talk.say(f"{len(answers):,} of {len(held.manifest.items):,} answered")


@packet_app.command("answer")
def answer(
    file: PacketFile,
    item: Annotated[str, typer.Option(help="The item's number, as `packet show` prints it.")],
    yes: Annotated[
        list[str] | None, typer.Option(help="A label that fits; repeatable; none: no label fits.")
    ] = None,
    maybe: Annotated[
        list[str] | None, typer.Option(help="A label that may fit; repeatable.")
    ] = None,
    note: Annotated[str, typer.Option(help="Kept with the answer.")] = "",
) -> None:
    """Answer one item of a packet; answering again replaces the answer.

    Example: auditor packet answer ann.packet --item 17 --yes cat --maybe dog
    """
    from auditor.session.packets import Reviewing

    talk = Talk(json_wanted=False, quiet=False, show_progress=False)
    held = Reviewing.open(file)
    held.put(item, yes or (), maybe or (), note)
    held.save()
    talk.result({}, f"kept; {len(held.answers):,} of {len(held.manifest.items):,} answered")


@packet_app.command("merge")
def merge(
    project: options.Project,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Packets that came back.")],
    skip_stale: Annotated[
        bool, typer.Option("--skip-stale", help="Leave out samples that changed since.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Take reviewers' answers in as votes; all packets or, where one is refused, none.

    Then `auditor votes conflicts` lists what they differ about and `auditor votes merge --decide`
    decides. Example: auditor packet merge birds.audit ann.packet bob.packet
    """
    from auditor.session.packets import Packets

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    with options.opened(project, talk) as session:
        done = Packets(session.store, session.folder).merge(files, skip_stale=skip_stale)
    lines = [
        f"{done.answered:,} answers, {done.votes:,} new votes; {done.unanswered:,} items unanswered",
        *(f"gold: {who} right in {g.right} of {g.judged}" for who, g in done.gold.items()),
    ]
    if done.stale:
        lines.append(f"left out as stale: {done.stale:,}")
    if done.conflicts:
        lines.append(
            f"{len(done.conflicts):,} samples that annotators differ about: `auditor votes conflicts`"
        )
    talk.result(asdict(done), "\n".join(lines))
