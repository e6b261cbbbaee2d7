"""A check's context for tests: real parameters, arrays in memory, calls to report counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.checks.base import Cancelled, Outcome
from auditor.checks.labels.label_errors import CHECK, Params
from auditor.model import LABELS


class World:
    """See checks.base.CheckContext."""

    device = "cpu"

    def __init__(
        self,
        classes: Sequence[str],
        arrays: Mapping[str, npt.NDArray[Any]],
        params: Params = Params(),  # noqa: B008 - frozen
        *,
        multi_label: bool = False,
        seed: int = 0,
        cancel_after: int | None = None,
        tables: Mapping[str, pa.Table] | None = None,
    ) -> None:
        self.classes, self.params = tuple(classes), params
        self.multi_label, self.seed = multi_label, seed
        self.reports: list[tuple[int, int]] = []
        self._arrays, self._cancel_after = arrays, cancel_after
        self._tables = tables or {}

    def array(self, need: str) -> npt.NDArray[Any] | None:
        return self._arrays.get(need)

    def table(self, need: str) -> pa.Table | None:
        return self._tables.get(need)

    def report(self, done: int, total: int) -> None:
        self.reports.append((done, total))
        if self._cancel_after is not None and len(self.reports) > self._cancel_after:
            raise Cancelled


def samples(labels: Sequence[str | Sequence[str] | None], **extra: Any) -> pa.Table:
    """A table as the engine passes it; a label is one class, several, or None."""
    several = [[x] if isinstance(x, str) else list(x or ()) for x in labels]
    columns: dict[str, Any] = {
        "sample_id": pa.array(np.arange(len(several)), pa.int64()),
        "labels": pa.array(several, LABELS),
        "split": pa.nulls(len(several), pa.string()),
        "group": pa.nulls(len(several), pa.string()),
    }
    return pa.table(columns | {name: pa.array(values) for name, values in extra.items()})


def run(table: pa.Table, world: World) -> Outcome:
    return CHECK.run(table, world)


def blobs(
    rows: int, classes: int, *, apart: float = 4.0, columns: int = 8, seed: int = 0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Gaussian clouds around random centres, and the cloud of each row."""
    draw = np.random.default_rng(seed)
    truth = np.arange(rows) % classes
    centres = np.random.default_rng(1).normal(size=(classes, columns)) * apart / np.sqrt(2)
    return (centres[truth] + draw.normal(size=(rows, columns))).astype(np.float32), truth


def flip(
    truth: npt.NDArray[np.int64], classes: int, rate: float, seed: int = 0
) -> npt.NDArray[np.int64]:
    """Labels of which exactly `rate` are moved to another class at random."""
    draw = np.random.default_rng(seed)
    chosen = draw.choice(len(truth), round(rate * len(truth)), replace=False)
    given = truth.copy()
    given[chosen] = (given[chosen] + draw.integers(1, classes, len(chosen))) % classes
    return given
