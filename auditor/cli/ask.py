"""Commands about asking: the bank of questions, what an audit would ask, what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli import options
from auditor.cli.console import Talk

if TYPE_CHECKING:
    from auditor.session.interview import Asked, HeatMap, Question, Reliability
    from auditor.session.pictures import Picture

ask_app = typer.Typer(
    help="Questions about the pictures for the visual-linguistic check, and their answers.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    app.add_typer(ask_app, name="ask")


@ask_app.command("bank")
def bank(
    project: options.Project,
    export: Annotated[Path | None, typer.Option(help="Write the bank to this CSV file.")] = None,
    import_: Annotated[
        Path | None,
        typer.Option(
            "--import", help="Take in a CSV file: label, question, answer; or question alone."
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Make the questions anew; locked ones stay.")
    ] = False,
    language: Annotated[str, typer.Option(help="Language of the templates.")] = "en",
    model: Annotated[
        str, typer.Option(help="Have this model write the questions: server:URL#NAME.")
    ] = "",
    json: options.Json = False,
) -> None:
    """Show the bank of questions; make, import or export it.

    Example: auditor ask bank pets.audit --export bank.csv
    """
    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    with options.opened(project, talk) as session:
        interview = session.interview
        if import_ is not None:
            shown = interview.read_csv(_text(import_))
        elif model:
            shown = interview.from_model(model)
        elif again:
            shown = interview.from_templates(language)
        else:
            shown = interview.bank()
        if export is not None:
            export.write_text(interview.write_csv(), encoding="utf-8")
        learnt = session.read(interview.reliability)
    if json:
        talk.result({"questions": [asdict(one) for one in shown]})
        return
    talk.table(_BANK, _bank_rows(shown, learnt))


_BANK = (
    "about",
    "question",
    "expected",
    "kind",
    "source",
    "on",
    "fits if right",
    "fits if wrong",
    "counts",
)


def _bank_rows(shown: Sequence[Question], learnt: Sequence[Reliability]) -> list[tuple[Any, ...]]:
    known = {(one.about, one.text): one for one in learnt}
    rows = []
    for one in shown:
        of = known.get((one.about, one.text))
        shares = (f"{of.agrees_if_right:.2f}", f"{of.agrees_if_wrong:.2f}") if of else ("", "")
        counts = "" if not of else "no" if not of.is_used else "turned" if of.is_backward else "yes"
        state = "locked" if one.locked else "yes" if one.enabled else "no"
        rows.append(
            (one.about, one.text, one.expected, str(one.kind), one.source, state, *shares, counts)
        )
    return rows


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise options.OptionError(f"--import {path}: {error}") from None


@ask_app.command("plan")
def plan(
    project: options.Project,
    set_: options.Set = None,
    price: Annotated[
        float, typer.Option(min=0, help="What a thousand answers cost, for the total.")
    ] = 0.0,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """Say how many answers the check would ask for, how long that takes and what it costs.

    Example: auditor ask plan pets.audit --set visual_language.model=hf:local-dir:MODEL
    """
    from auditor.session import AuditOptions
    from auditor.session.interview import CAPTION_CHECK, CHECK

    talk = Talk(json_wanted=json, quiet=False, show_progress=not json)
    given = options.settings(set_)
    check = CAPTION_CHECK if CAPTION_CHECK in given else CHECK
    values = given.get(check, {})
    if not values.get("model"):
        raise options.OptionError(f"name who is asked: --set {check}.model=MODEL")
    chosen = AuditOptions(seed=seed, device=options.device(device))
    with options.opened(project, talk) as session:
        found = session.interview.plan(values, chosen, check)
    known = found.prompts - found.new
    time = "not asked here yet: no time known"
    if found.seconds is not None:
        time = f"about {found.seconds:,.0f} s"
    lines = [
        f"{found.answerer}: {found.prompts:,} questions about given "
        f"{'captions' if check == CAPTION_CHECK else 'labels'}, {known:,} answered before "
        "or of equal pictures",
        f"to ask: {found.new:,} ({time})" + (f", {found.cost(price):,.2f}" if price else ""),
    ]
    talk.result({**asdict(found), "cost": found.cost(price)}, "\n".join(lines))


@ask_app.command("show")
def show(
    project: options.Project,
    sample: Annotated[int, typer.Option(help="The sample's id.")],
    json: options.Json = False,
) -> None:
    """Show what was asked about a sample, and what was answered.

    Example: auditor ask show pets.audit --sample 17
    """
    from auditor.session.interview import transcript

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    with options.opened(project, talk) as session:
        rows = session.read(lambda db: transcript(db, sample))
    if json:
        talk.result({"asked": [asdict(one) for one in rows]})
        return
    talk.table(("about", "question", "expected", "answer", "by"), [_chip(one) for one in rows])


def _chip(one: Asked) -> tuple[str, ...]:
    said = one.reply or ""
    if one.p_yes is not None:
        said = f"yes {one.p_yes:.0%}"
    elif one.agree is None and one.answered_by:
        said = f"unclear {said}".strip()
    question = one.question
    return question.about, question.text, question.expected, said, one.answered_by


@ask_app.command("where")
def where(
    project: options.Project,
    sample: Annotated[int, typer.Option(help="The sample's id.")],
    model: Annotated[str, typer.Option(help="Who is asked, as in an audit.")],
    about: Annotated[
        str, typer.Option(help="A class, or a phrase of the caption; default: the given label.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Draw the map into this PNG file.")] = None,
    cells: Annotated[int, typer.Option(min=1, max=32, help="Cells along the longer side.")] = 8,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="The picture may leave this machine.")
    ] = False,
    device: options.Device = "auto",
    json: options.Json = False,
) -> None:
    """Say which part of a picture speaks against its label: parts are hidden, and it is asked again.

    Example: auditor ask where pets.audit --sample 17 --model hf:local-dir:MODEL --out map.png
    """
    from auditor.session import AuditOptions

    talk = Talk(json_wanted=json, quiet=False, show_progress=not json)
    chosen = AuditOptions(device=options.device(device))
    with options.opened(project, talk, workers=1) as session:
        found = session.interview.where(
            sample, model, chosen, about, cells=cells, allow_remote=allow_remote
        )
        if out is not None:
            _draw(session.pictures.picture(sample, 1024), found, out)
    facts = {"base": found.base, "hidden": found.hidden.tolist(), "is_hard": found.is_hard}
    talk.result(facts, _told(found, out))


def _draw(picture: Picture, heat: HeatMap, out: Path) -> None:
    import numpy as np
    from PIL import Image

    from auditor.ask.occlusion import drawn

    pixels = np.frombuffer(picture.rgb, np.uint8).reshape(picture.height, picture.width, 3)
    try:
        Image.fromarray(drawn(pixels, heat)).save(out, "PNG")
    except OSError as error:
        raise options.OptionError(f"--out {out}: {error}") from None


def _told(heat: HeatMap, out: Path | None) -> str:
    rows = "\n".join(" ".join(f"{value:+.2f}" for value in row) for row in heat.against.tolist())
    hard = "\nanswers are yes or no without a probability: these are shares" if heat.is_hard else ""
    where_to = f"\ndrawn into {out}" if out else ""
    return (
        f"fits by {heat.base:.0%}; hiding a part changes that by (above 0: it speaks against it)\n"
        f"{rows}{hard}{where_to}"
    )


@ask_app.command("tell")
def tell(
    project: options.Project,
    sample: Annotated[int, typer.Option(help="The sample's id.")],
    question: Annotated[str, typer.Option(help="The question, as `ask show` prints it.")],
    answer: Annotated[str, typer.Option(help="yes, no, unclear, or a number.")],
) -> None:
    """Answer a question about a sample yourself; your answer goes before a model's.

    Example: auditor ask tell pets.audit --sample 17 --question "Is this a cat?" --answer no
    """
    talk = Talk(json_wanted=False, quiet=False, show_progress=False)
    with options.opened(project, talk) as session:
        session.interview.tell(sample, question, answer)
    talk.result({}, "kept; the next audit counts it")
