"""Where out-of-sample class probabilities come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from auditor.ml.candidates import (
    ALL_UP_TO,
    Candidates,
    Ranked,
    Report,
    candidates,
    log_of,
    rank,
    read,
)

Ints = npt.NDArray[np.int64]


class Source(Protocol):
    """Out-of-sample log-probabilities of n samples, by rows."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def classes(self) -> int: ...
    def log_probabilities(self, rows: Ints) -> torch.Tensor:
        """(M, n, K) for M views, float32, on the CPU."""


@dataclass(frozen=True, slots=True)
class Attached:
    """The user's probabilities (N, K) as a view; `rows` are the judged ones (None: all)."""

    pred_probs: npt.NDArray[Any]
    rows: Ints | None = None
    names: tuple[str, ...] = ("attached",)
    ranked: Ranked | None = None

    @property
    def classes(self) -> int:
        return int(self.pred_probs.shape[1])

    def log_probabilities(self, rows: Ints) -> torch.Tensor:
        return log_of(read(self.pred_probs, rows if self.rows is None else self.rows[rows]))

    def with_ranks(self, given: Ints, report: Report) -> Attached:
        """Itself, with the likeliest of many classes at hand."""
        if self.classes <= ALL_UP_TO:
            return self
        return replace(self, ranked=rank(self.pred_probs, given, self.rows, report))


@dataclass(frozen=True, slots=True)
class Stacked:
    """The views of several sources together."""

    sources: tuple[Source, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for source in self.sources for name in source.names)

    @property
    def classes(self) -> int:
        return self.sources[0].classes

    def log_probabilities(self, rows: Ints) -> torch.Tensor:
        return torch.cat([source.log_probabilities(rows) for source in self.sources])


def candidates_of(source: Source, rows: Ints, given: Ints) -> Candidates:
    """Of `rows` with the labels given (n,) to them."""
    known = torch.from_numpy(given)
    if isinstance(source, Attached) and source.ranked is not None:
        return source.ranked.candidates(rows, known)
    return candidates(source.log_probabilities(rows), known)
