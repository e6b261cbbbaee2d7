"""What an audit would do and how long it would take, before it is started."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from auditor import checks
from auditor.checks.base import CheckSpec
from auditor.ml.encoders.base import CLASSIC, parse
from auditor.ml.encoders.catalogue import catalogue, default_encoder, folder_of
from auditor.session import needs, other_findings, rates
from auditor.session.folder import ProjectFolder
from auditor.session.importing import SHARD
from auditor.session.needs import AuditOptions, Ready
from auditor.store import media, project, runs, samples
from auditor.store.db import Connection

LOOKING_AT_IMAGES = "looking at images"
_LAST_TIME = "as long as it took here before"
_ELSEWHERE = "as measured on another machine"
_UNKNOWN = "it has not been run here yet"
_KEPT = "nothing has changed since it was done"
_ALLOWED_ONCE = frozenset({"allow_remote"})
"""Parameters that let pictures leave the machine: nobody's answer of another day."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a check, enough to build a form field."""

    name: str
    kind: type[Any]
    """bool, int, float or str."""
    default: Any
    help: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """Part of the work: a computed need, or a check."""

    name: str
    title: str
    samples: int
    state: Literal["run", "reuse", "skip"]
    seconds: float | None
    """None where there is nothing to tell it from."""
    basis: str
    """Where `seconds` comes from, or why it is skipped."""


@dataclass(frozen=True, slots=True)
class Plan:
    stages: tuple[PlannedStage, ...]
    start: float = 0.0
    """Seconds until the workers are there; 0 where they are, or none is needed."""

    @property
    def known_seconds(self) -> float:
        """Of the start, and of the stages that would run and whose time is known."""
        return self.start + sum(one.seconds or 0.0 for one in self.stages if one.state == "run")

    @property
    def seconds(self) -> float | None:
        """Of all that would run; None where a stage is unknown."""
        is_known = all(one.seconds is not None for one in self.stages if one.state == "run")
        return self.known_seconds if is_known else None


@dataclass(frozen=True, slots=True)
class Failure:
    """A sample that could not be worked on."""

    sample_id: int
    path: str
    row: int | None
    stage: str
    reason: str
    detail: str


def specs() -> list[CheckSpec]:
    """Every check there is, by family and title."""
    found = [checks.load(check_id).spec for check_id in checks.names()]
    return sorted(found, key=lambda spec: (spec.family, spec.title))


def form(spec: CheckSpec) -> tuple[Parameter, ...]:
    """The check's parameters, in the order it declares them."""
    return tuple(
        Parameter(
            name=one.name,
            kind=type(one.default),
            default=one.default,
            help=one.metadata["help"],
            low=one.metadata["low"],
            high=one.metadata["high"],
            choices=one.metadata["choices"],
        )
        for one in dataclasses.fields(spec.params)
    )


def plan(db: Connection, options: AuditOptions, *, workers: int, warm: bool = False) -> Plan:
    """What `Session.audit` with these options would do; `warm` with workers at hand. Computes nothing.

    Raises what the audit would refuse with: ParameterError, UnknownCheckError, ModelIdError,
    ModelMissingError, ModelFormatError.
    """
    return _Planner(db, options, workers).plan(warm=warm)


def is_heavy(spec: CheckSpec) -> bool:
    """Whether the check fits models, with libraries that take seconds to load."""
    return spec.scope == "dataset"


def failures(db: Connection, *, limit: int = 10_000) -> list[Failure]:
    """Samples that could not be read, in import order."""
    return [Failure(stage=LOOKING_AT_IMAGES, **row) for row in media.unreadable_samples(db, limit)]


def last_runs(db: Connection, check_ids: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """By check id, its newest run: state, started_on, ended_on, seconds, message, stale, flagged."""
    version = project.data_version(db)
    found: dict[str, dict[str, Any]] = {}
    for row in runs.newest(db):
        check_id, of = row.pop("check_id"), (row.pop("data_version"), row.pop("version"))
        if not check_ids or check_id in check_ids:
            found[check_id] = {**row, "stale": of != (version, _version(check_id))}
    return found


def last_parameters(db: Connection) -> dict[str, dict[str, Any]]:
    """By check id, what it was last run with, without what is allowed once only."""
    return {
        check_id: {name: value for name, value in params.items() if name not in _ALLOWED_ONCE}
        for check_id, params in runs.last_params(db).items()
    }


def _version(check_id: str) -> int | None:
    """None for a check that is not installed any more."""
    try:
        return checks.load(check_id).spec.version
    except checks.UnknownCheckError:
        return None


class _Planner:
    """Goes through the stages as the audit would, and asks at each what is there already."""

    def __init__(self, db: Connection, options: AuditOptions, workers: int) -> None:
        self._db, self._options, self._workers = db, options, workers
        self._folder = project.folder(db)
        self._unseen = media.unscanned(db).num_rows
        self._readable = media.readable(db)
        self._stages: list[PlannedStage] = []
        self._heavy = False
        self._new: set[str] = set()
        """Checks that will have findings of their own by then."""

    def plan(self, *, warm: bool) -> Plan:
        chosen = needs.chosen(self._options)
        folder = ProjectFolder(self._folder).embeddings
        ready = needs.attached(self._db, folder)
        if self._unseen:
            rate = rates.LOOKING
            self._will_run("scan", LOOKING_AT_IMAGES, self._unseen, rate, rate)
        for name in needs.to_compute([spec for spec, _ in chosen], ready):
            ready[name] = self._features(folder, name)
        for spec, params in chosen:
            self._check(spec, params, ready)
        stages = tuple(self._stages)
        cold = not warm and any(one.state == "run" for one in stages)
        return Plan(stages, rates.start(self._db, heavy=self._heavy) if cold else 0.0)

    def _features(self, folder: Path, name: str) -> Ready:
        """Plan the features, and tell which they are; the identity is "" before they are there."""
        encoder = _encoder(self._options.encoder)
        title = rates.stage(encoder, name)
        work = rates.of_features(encoder, self._options, name)
        ids = self._readable["sample_id"].to_numpy()
        facts = project.fact(self._db, f"encoder:{encoder}")
        key = needs.features_key(facts) if facts else ""
        missing, path = len(ids), folder / "none.npy"
        if facts:
            features = needs.features(folder, key, name)
            missing, path = len(features.pending(self._readable["pixel_hash"], ids)), features.path
        missing += self._unseen
        stage = needs.COMPUTED[name].stage
        if not missing:
            self._stages.append(PlannedStage(stage, title, len(ids), "reuse", 0.0, _KEPT))
            return Ready(path, key)
        self._heavy = True
        self._will_run(
            stage, title, missing, work, f"features:{encoder}", each=needs.COMPUTED[name].views
        )
        return Ready(path, "")

    def _check(self, spec: CheckSpec, params: Any, ready: Mapping[str, Ready]) -> None:
        inputs = needs.used(spec, ready)
        samples_seen = self._seen(inputs)
        if reason := needs.lacking(spec, ready) or needs.unnamed(spec, params):
            stage = PlannedStage(spec.id, spec.title, samples_seen, "skip", None, reason)
            self._stages.append(stage)
            return
        tables = other_findings.identities(self._db, spec) | dict.fromkeys(
            other_findings.NAMES & spec.uses & self._new, ""
        )
        inputs |= {name: Ready(Path(), one) for name, one in tables.items()}
        left = samples_seen
        if not self._unseen and all(one.identity for one in inputs.values()):
            left = self._left(spec, params, inputs, samples_seen)
        if left:
            self._new.add(spec.id)
            self._run_check(spec, inputs, left)
        else:
            self._stages.append(
                PlannedStage(spec.id, spec.title, samples_seen, "reuse", 0.0, _KEPT)
            )

    def _left(self, spec: CheckSpec, params: Any, inputs: Mapping[str, Ready], total: int) -> int:
        """Samples that an earlier run of the same identity has not judged."""
        identity = needs.identity(self._db, spec, params, inputs, self._options)
        known = runs.find(self._db, identity)
        if known is None or spec.scope == "dataset":
            return 0 if known and known[1] == "done" else total
        run_id, state = known
        return 0 if state == "done" else total - SHARD * len(runs.done_shards(self._db, run_id))

    def _run_check(self, spec: CheckSpec, inputs: Mapping[str, Ready], samples_left: int) -> None:
        self._heavy |= is_heavy(spec)
        run = runs.latest(self._db, spec.id)
        names = set(inputs)
        if run is not None and names == set(run.inputs) - {"seed", "device"}:
            rate = rates.Rate(max(1, runs.judged(self._db, run.run_id)), run.seconds, 1)
            seconds = rate.seconds_for(samples_left, 1)
            self._stages.append(
                PlannedStage(spec.id, spec.title, samples_left, "run", seconds, _LAST_TIME)
            )
            return
        source = next((f"{spec.id}:{n}" for n in spec.one_of if n in names), spec.id)
        self._will_run(spec.id, spec.title, samples_left, source, source)

    def _will_run(
        self, name: str, title: str, rows: int, work: str, measured: str, *, each: int = 1
    ) -> None:
        """Plan it; `each`: how often what was measured elsewhere is done for a sample."""
        rate, basis, times = rates.noted(self._db, work), _LAST_TIME, 1
        if rate is None:
            rate, basis, times = rates.MEASURED.get(measured), _ELSEWHERE, each
        seconds = rate.seconds_for(rows * times, self._workers) if rate else None
        basis = basis if rate else _UNKNOWN
        self._stages.append(PlannedStage(name, title, rows, "run", seconds, basis))

    def _seen(self, inputs: Mapping[str, Ready]) -> int:
        """How many samples the check is given."""
        if inputs.keys() & needs.COMPUTED.keys():
            return int(self._readable.num_rows + self._unseen)
        return samples.count(self._db)


def _encoder(wanted: str | None) -> str:
    """The id of the encoder that the audit would load.

    Whether its files are here is asked where that needs none of the model libraries.
    """
    model = parse(wanted or default_encoder())
    listed = {entry.id for entry in catalogue()} - {CLASSIC}
    if model.folder is not None or str(model) in listed:
        folder_of(model)
    return str(model)
