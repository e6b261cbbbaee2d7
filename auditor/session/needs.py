"""What checks need beyond the samples, and what makes a run a new one: for audits and their plans."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from auditor import checks
from auditor.checks.base import CheckSpec, ParameterError, parameters
from auditor.ml import crops
from auditor.store import arrays, project, runs
from auditor.store.db import Connection

ARRAYS = ("embedding", "pred_probs")


@dataclass(frozen=True, slots=True)
class Computed:
    """An array that an encoder computes where the user has brought none."""

    stage: str
    """Its name in a plan, and that of its rate."""
    title: str
    views: int
    """How often the encoder is called for each picture."""
    places: int
    """Of how many places a row holds the features."""
    layout: str
    """What tells it in its file's name from the same of other places."""


_PLACES = len(crops.LAYOUT)
COMPUTED = {
    "embedding": Computed("features", "features", 1, 1, ""),
    "crops": Computed("crops", "features of crops", _PLACES, _PLACES, f"-{crops.digest()}"),
    "mirrored_crops": Computed(
        "mirrored_crops",
        "features of crops and their mirror images",
        2 * _PLACES,
        _PLACES,
        f"-{crops.digest()}",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """What the user asked for; empty `checks` means every one."""

    checks: Sequence[str] = ()
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Values by check id and parameter name."""
    encoder: str | None = None
    seed: int = 0
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Ready:
    """An array a check may read, and what identifies its content."""

    path: Path
    identity: str
    flaw: str | None = None
    """Why it does not fit the data set as it is now."""
    without: frozenset[int] = frozenset()
    """Samples that have no row in it."""


def chosen(options: AuditOptions) -> list[tuple[CheckSpec, Any]]:
    """The checks asked for with their parameters. Raises ParameterError, UnknownCheckError."""
    specs = [checks.load(check_id).spec for check_id in options.checks or _every(options)]
    for check_id in options.parameters:
        if check_id not in checks.names():
            raise ParameterError(f"--set names the check {check_id!r}, which there is not")
    both = [(s, parameters(s, dict(options.parameters.get(s.id, {})))) for s in specs]
    return [(_read(spec, params), params) for spec, params in both]


def _read(spec: CheckSpec, params: Any) -> CheckSpec:
    """The spec without what the check does not read with these parameters (their `unread`)."""
    unread: frozenset[str] = getattr(params, "unread", frozenset())
    one_of = tuple(name for name in spec.one_of if name not in unread)
    return replace(spec, needs=spec.needs - unread, uses=spec.uses - unread, one_of=one_of)


def _every(options: AuditOptions) -> list[str]:
    """All checks but those to be asked for, by name or by a parameter of theirs."""
    return [
        check_id
        for check_id in checks.names()
        if check_id in options.parameters or not checks.load(check_id).spec.on_request
    ]


def unnamed(spec: CheckSpec, params: Any) -> str | None:
    """Why nobody can be asked, with the way out; None where somebody is named or none is needed."""
    if "answers" in spec.needs and not params.model:
        return (
            f"it needs somebody to ask: --set {spec.id}.model=MODEL, with MODEL hf:ORG/REPO,"
            " hf:local-dir:PATH, server:URL#NAME or zero-shot:ENCODER"
        )
    return None


def attached(db: Connection, folder: Path) -> dict[str, Ready]:
    """The arrays that the user brought, by name; they lie in `folder`."""
    found = {name: arrays.attached(db, name) for name in ARRAYS}
    return {
        name: Ready(folder / facts["file"], facts["sha256"], arrays.flaw(db, name))
        for name, facts in found.items()
        if facts
    }


def to_compute(specs: Sequence[CheckSpec], ready: Mapping[str, Ready]) -> tuple[str, ...]:
    """The arrays that have to be computed by an encoder for one of the checks."""
    return tuple(
        name
        for name in COMPUTED
        if name not in ready and any(_lacks(spec, name, ready) for spec in specs)
    )


def _lacks(spec: CheckSpec, name: str, ready: Mapping[str, Ready]) -> bool:
    if name in spec.needs:
        return True
    return name in spec.one_of and not any(other in ready for other in spec.one_of)


def features_key(encoder: Mapping[str, Any]) -> str:
    """What tells features of this encoder from all others."""
    facts = f"{encoder['id']} {encoder['fingerprint']}"
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def features(folder: Path, key: str, name: str = "embedding") -> arrays.Features:
    """Features of whole pictures, or of their "crops": a row holds one after the other."""
    return arrays.Features(folder, f"{name}{COMPUTED[name].layout}-{key}")


def lacking(spec: CheckSpec, ready: Mapping[str, Ready]) -> str | None:
    """Why the check cannot be run, with the way out; None where it can."""
    if missing := [name for name in ARRAYS if name in spec.needs and name not in ready]:
        return f"it needs {' and '.join(missing)}: bring them with `auditor attach`"
    flaws = (one.flaw for name, one in ready.items() if name in names(spec))
    return next((flaw for flaw in flaws if flaw), None)


def names(spec: CheckSpec) -> frozenset[str]:
    """All that the check reads where it is there."""
    return spec.needs | spec.uses | frozenset(spec.one_of)


def used(spec: CheckSpec, ready: Mapping[str, Ready]) -> dict[str, Ready]:
    return {name: one for name, one in ready.items() if name in names(spec)}


def identity(
    db: Connection,
    spec: CheckSpec,
    params: Any,
    inputs: Mapping[str, Ready],
    options: AuditOptions,
) -> runs.RunIdentity:
    return runs.RunIdentity(
        check_id=spec.id,
        version=spec.version,
        params={name: getattr(params, name) for name in params.__dataclass_fields__},
        inputs={
            **{name: one.identity for name, one in inputs.items()},
            "seed": options.seed,
            "device": options.device,
        },
        data_version=project.data_version(db),
    )
