"""What a check is: a pure function over Arrow tables, and the facts it declares about itself."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeVar

import numpy.typing as npt
import pyarrow as pa

from auditor.model import FINDING_SCHEMA, METRIC_SCHEMA, CheckId

ParamsT_contra = TypeVar("ParamsT_contra", contravariant=True)
ParamsT_co = TypeVar("ParamsT_co", covariant=True)


class Cancelled(Exception):
    """Raised inside a check when the user asked to stop. Not an error."""


class ParameterError(ValueError):
    """A parameter has no such name, or a value outside its range."""


def param(
    default: Any,
    about: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:  # the dataclass field of whatever type `default` has
    """A check's parameter: the command line's flags and the window's form are built from it."""
    facts = {"help": about, "low": low, "high": high, "choices": choices}
    return field(default=default, metadata=facts)


@dataclass(frozen=True, slots=True)
class NoParams:
    """A check with nothing to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSpec:
    """The facts the engine needs before the check's code is run."""

    id: CheckId
    version: int
    """Raise it when the numbers change: stored findings of older versions go stale."""
    title: str
    family: str
    scope: Literal["shard", "dataset"]
    """A shard check sees slices, in parallel; its metrics are counts, which the engine sums."""
    needs: frozenset[str]
    """Columns, arrays and tables the engine must supply: "label", "embedding", "answers", ..."""
    one_of: tuple[str, ...] = ()
    """Arrays of which at least one must be there, in order of preference."""
    uses: frozenset[str] = frozenset()
    """The same, but done without where they are not there."""
    params: type[Any] = NoParams
    on_request: bool = False
    """Not part of an audit of every check: it needs something that only the user can name."""
    cost: Literal["seconds", "minutes", "hours"] = "seconds"
    device: Literal["cpu", "gpu"] = "cpu"
    about: str = ""
    """What it looks for, in one sentence for people who do not know the method."""
    sources: tuple[str, ...] = ()
    cannot_see: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found. Tables have FINDING_SCHEMA and METRIC_SCHEMA."""

    findings: pa.Table = field(default_factory=FINDING_SCHEMA.empty_table)
    metrics: pa.Table = field(default_factory=METRIC_SCHEMA.empty_table)


class CheckContext(Protocol[ParamsT_co]):
    """All that a running check may know and do beyond its samples."""

    @property
    def params(self) -> ParamsT_co: ...
    @property
    def classes(self) -> tuple[str, ...]:
        """The data set's class names; the columns of `pred_probs` are in this order."""

    @property
    def multi_label(self) -> bool: ...
    @property
    def seed(self) -> int: ...
    @property
    def device(self) -> str:
        """A torch device, e.g. "cpu" or "cuda:0"."""

    def array(self, need: str) -> npt.NDArray[Any] | None:
        """The array of that name, row for row with `samples`; None if there is none.

        It may be a read-only memory map larger than the memory: read it in blocks.
        """

    def table(self, need: str) -> pa.Table | None:
        """The table of that name, with a column sample_id; None if there is none."""

    def report(self, done: int, total: int) -> None:
        """Tell how far the work is, and raise Cancelled if it should stop here."""


class Check(Protocol[ParamsT_contra]):
    spec: ClassVar[CheckSpec]

    def run(self, samples: pa.Table, ctx: CheckContext[ParamsT_contra]) -> Outcome:
        """Audit `samples`: columns sample_id, labels, split, group and those the spec names.

        Reads only its arguments. Never opens the database, never writes a file,
        never touches Qt: the engine does all of that, so a check can be tested
        with a table of three rows and retried after a crash.
        """


def findings(**columns: Any) -> pa.Table:
    """A FINDING_SCHEMA table from the columns that a check has; the others are null."""
    rows = len(columns["sample_id"])
    return pa.table(
        {
            f.name: pa.array(columns[f.name], f.type)
            if f.name in columns
            else pa.nulls(rows, f.type)
            for f in FINDING_SCHEMA
        },
        schema=FINDING_SCHEMA,
    )


def metrics(rows: list[tuple[str, str, str, float, float | None, float | None]]) -> pa.Table:
    """A METRIC_SCHEMA table from (scope, key, name, value, low, high) rows."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(METRIC_SCHEMA)
    return pa.table(
        {
            f.name: pa.array(list(column), f.type)
            for f, column in zip(METRIC_SCHEMA, columns, strict=True)
        },
        schema=METRIC_SCHEMA,
    )


def parameters(spec: CheckSpec, values: dict[str, Any]) -> Any:
    """The check's parameters with `values` set; text is read as the field's own type.

    Raises ParameterError for an unknown name or a value outside the declared range.
    """
    known = {f.name: f for f in dataclasses.fields(spec.params)}
    ready: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise ParameterError(
                f"{spec.id} has no parameter {name!r}; it has: {', '.join(known) or 'none'}"
            )
        ready[name] = _read(f"{spec.id}.{name}", known[name], value)
    return spec.params(**ready)


def _read(name: str, declared: dataclasses.Field[Any], value: Any) -> Any:
    wanted: type[Any] = type(declared.default)
    try:
        if wanted is bool and isinstance(value, str):
            value = {"true": True, "false": False}[value.lower()]
        value = wanted(value)
    except (KeyError, ValueError, TypeError):
        raise ParameterError(f"{name} must be {wanted.__name__}, not {value!r}") from None
    low, high, choices = (declared.metadata.get(key) for key in ("low", "high", "choices"))
    if choices and value not in choices:
        raise ParameterError(f"{name} must be one of {', '.join(choices)}, not {value!r}")
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        raise ParameterError(f"{name} must be between {low} and {high}, not {value!r}")
    return value


__all__ = [
    "Cancelled",
    "Check",
    "CheckContext",
    "CheckSpec",
    "NoParams",
    "Outcome",
    "ParameterError",
    "findings",
    "metrics",
    "param",
    "parameters",
]
