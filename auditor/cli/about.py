"""Commands about the program itself: checks, models, doctor, schema."""

from __future__ import annotations

import dataclasses
import json as json_text
from pathlib import Path
from typing import Annotated, Any

import typer

from auditor.cli import options
from auditor.cli.console import Talk

models_app = typer.Typer(
    help="Models for features: what is here, and fetching more.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    for command in (checks, doctor, schema):
        app.command()(command)
    app.add_typer(models_app, name="models")


def checks(json: options.Json = False) -> None:
    """List the checks: what each needs, costs, can be set to, and cannot see.

    Example: auditor checks --json
    """
    from auditor import checks as known

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    specs = [known.load(check_id).spec for check_id in known.names()]
    if json:
        talk.result({"checks": [_facts(spec) for spec in specs]})
        return
    for spec in specs:
        needs = sorted(spec.needs) + ([" or ".join(spec.one_of)] if spec.one_of else [])
        print(f"{spec.id}  {spec.title} ({spec.family}, {spec.cost}); needs {', '.join(needs)}")
        for one in _parameters(spec):
            print(f"    --set {spec.id}.{one['name']}={one['default']}  {one['help']}")
        for sentence in spec.cannot_see:
            print(f"    cannot see: {sentence}")


def _facts(spec: Any) -> dict[str, Any]:
    facts = {f.name: getattr(spec, f.name) for f in dataclasses.fields(spec) if f.name != "params"}
    return {
        **{k: sorted(v) if isinstance(v, frozenset) else v for k, v in facts.items()},
        "parameters": _parameters(spec),
    }


def _parameters(spec: Any) -> list[dict[str, Any]]:
    return [
        {"name": f.name, "default": f.default, **f.metadata}
        for f in dataclasses.fields(spec.params)
    ]


def doctor(json: options.Json = False) -> int:
    """Say what this machine has: versions, device, models, and what the window lacks.

    Example: auditor doctor
    """
    from auditor.session import doctor as examination

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    report = examination.examine()
    lines = [f"{name}: {value}" for name, value in report.facts.items()]
    lines += [f"problem: {problem}" for problem in report.problems]
    talk.result({**report.facts, "problems": list(report.problems)}, "\n".join(lines))
    return 0


def schema() -> None:
    """Print the JSON Schema of result.json.

    Example: auditor schema > result.schema.json
    """
    from auditor.report.result import json_schema

    print(json_text.dumps(json_schema(), indent=2))


Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="For example open_clip:ViT-B-32/laion2b_s34b_b79k.")
]


@models_app.command("list")
def models_list(
    folder: Annotated[
        Path | None, typer.Option(help="Look for vision-language models in this folder as well.")
    ] = None,
    json: options.Json = False,
) -> None:
    """List the models: those present, and those that can be fetched.

    Example: auditor models list
    """
    from auditor.session import models

    talk = Talk(json_wanted=json, quiet=False, show_progress=False)
    rows = models.listed(folder)
    if json:
        talk.result({"models": rows})
        return
    talk.table(
        ("model", "present", "values", "licence", "good for"),
        [
            (r["id"], "yes" if r["present"] else "no", r["dim"], r["licence"], r["good_for"])
            for r in rows
        ],
    )


@models_app.command("fetch")
def models_fetch(model: Model, quiet: options.Quiet = False) -> None:
    """Download a model: the only command that opens a connection.

    Example: auditor models fetch timm:vit_small_patch14_dinov2.lvd142m
    """
    from auditor.session import models

    talk = Talk(json_wanted=False, quiet=quiet, show_progress=False)
    talk.result({}, models.fetch(model))


@models_app.command("verify")
def models_verify(model: Model) -> int:
    """Hash a model's files and compare them with those of its first use.

    Example: auditor models verify classic
    """
    from auditor.session import models

    talk = Talk(json_wanted=False, quiet=False, show_progress=False)
    good, text = models.verify(model)
    talk.result({"ok": good}, text)
    return 0 if good else 1
