"""Each label's probability of being wrong, from any out-of-sample class probabilities, in blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from auditor.ml import confident_learning, noise
from auditor.ml.noise import NoiseModel

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Report = Callable[[int, int], None]

BAYES = "p_error"
"""The rule that flags what is more likely wrong than right."""

_LEAST = 1e-6  # float16 probabilities of many classes are often zero
_BLOCK = 1 << 22  # probabilities in one block of one view
_FIT = 4_000_000  # probabilities to fit the noise model on: its time must not grow with the data
_BINS = 50
_Z = 1.645  # 90 % intervals


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

    @property
    def classes(self) -> int:
        return int(self.pred_probs.shape[1])

    def log_probabilities(self, rows: Ints) -> torch.Tensor:
        wanted = rows if self.rows is None else self.rows[rows]
        steady = len(wanted) and wanted[-1] - wanted[0] + 1 == len(wanted)
        part = self.pred_probs[wanted[0] : wanted[-1] + 1] if steady else self.pred_probs[wanted]
        table = torch.from_numpy(np.array(part)).float()
        return table.clamp_(min=_LEAST).log_()[None]


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


@dataclass(frozen=True, slots=True)
class Total:
    """A number with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Null:
    """What the same model finds where every given label was drawn from the views themselves."""

    estimated: float
    flagged: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdicts on n labels; arrays (n,) in the order of the given labels."""

    model: NoiseModel
    quality: Floats
    flagged: Mask
    p_error: Floats
    p_error_low: Floats
    p_error_high: Floats
    alternative: Ints
    """Most probable class, given image and label, other than the given one."""
    suggested: Ints
    """The alternative where flagged; else the most probable class, mostly the given one."""
    margin: Floats
    """p(given) - p(best other class), from the image alone: in [-1, 1]."""
    joint: npt.NDArray[np.float64]
    """(K, K) expected number with that given (row) and that true class (column)."""
    errors: Total
    agreement: float
    """Share whose given label is the likeliest class of the image."""
    null: Null


def judge(source: Source, given: Ints, rule: str, seed: int, report: Report) -> Judgement:
    """Fit the noise model to the source and apply it to every given label (n,).

    Args: rule: `p_error` flags what is more likely wrong than right, and quality is 1 - p_error;
    a name of cleanlab's FILTERS flags exactly what cleanlab does with the source's averaged
    probabilities, and quality is the normalised margin scaled to [0, 1].
    """
    sample = noise.fitting_rows(len(given), max(500, _FIT // source.classes))
    views, known = source.log_probabilities(sample), torch.from_numpy(given[sample])
    tick = lambda: report(0, len(given))  # noqa: E731
    model = noise.fit(views, known, tick)
    band, spread = _doubt(model, views, known, seed, tick)
    null = _null(model, views, seed, len(given), tick)
    verdict = _apply(model, source, given, report)
    low, high = band.around(verdict.p_error)
    flagged, quality = verdict.p_error > 0.5, 1 - verdict.p_error
    if rule != BAYES:
        flagged, quality = _by_cleanlab(model, source, given, rule, report)
        # One number for both: the published ranking is by this margin.
    return Judgement(
        model=model,
        quality=np.clip(quality, 0, 1).astype(np.float32),
        flagged=flagged,
        p_error=verdict.p_error,
        p_error_low=low,
        p_error_high=high,
        alternative=verdict.alternative,
        suggested=np.where(flagged | verdict.beaten, verdict.alternative, given),
        margin=verdict.margin,
        joint=verdict.joint,
        errors=_total(verdict.p_error, spread),
        agreement=float((verdict.margin >= 0).mean()),
        null=null,
    )


@dataclass(frozen=True, slots=True)
class _Verdict:
    p_error: Floats
    alternative: Ints
    beaten: Mask
    margin: Floats
    joint: npt.NDArray[np.float64]


def _apply(model: NoiseModel, source: Source, given: Ints, report: Report) -> _Verdict:
    size, count = max(1, _BLOCK // source.classes), len(given)
    p_error, margin = np.empty(count, np.float32), np.empty(count, np.float32)
    alternative, beaten = np.empty(count, np.int64), np.empty(count, bool)
    joint = torch.zeros(source.classes, source.classes)
    for start in range(0, count, size):
        rows = np.arange(start, min(start + size, count))
        labels = torch.from_numpy(given[rows])
        belief = model.posterior(source.log_probabilities(rows), labels)
        joint.index_add_(0, labels, torch.from_numpy(belief.true))
        p_error[rows] = belief.p_error
        margin[rows], _ = _margin(belief.classes, given[rows])
        lead, alternative[rows] = _margin(belief.true, given[rows])
        beaten[rows] = lead < 0
        report(start + len(rows), count)
    return _Verdict(p_error, alternative, beaten, margin, joint.double().numpy())


def _margin(table: Floats, given: Ints) -> tuple[Floats, Ints]:
    """Given class minus the best other one, and which that is. Overwrites the given column."""
    index = np.arange(len(given))
    own = table[index, given]
    table[index, given] = -1
    best, other = torch.from_numpy(table).max(dim=1)
    return own - best.numpy(), other.numpy()


@dataclass(frozen=True, slots=True)
class _Band:
    """Interval of p_error as a function of it: mean shift of the log-odds, down and up."""

    at: npt.NDArray[np.float64]
    down: npt.NDArray[np.float64]
    up: npt.NDArray[np.float64]

    def around(self, p_error: Floats) -> tuple[Floats, Floats]:
        odds = _log_odds(p_error)
        low = _chance(odds + np.interp(odds, self.at, self.down))
        high = _chance(odds + np.interp(odds, self.at, self.up))
        return np.minimum(low, p_error), np.maximum(high, p_error)


def _doubt(
    model: NoiseModel,
    views: torch.Tensor,
    given: torch.Tensor,
    seed: int,
    tick: Callable[[], None],
) -> tuple[_Band, tuple[float, float]]:
    """The band, and by which factors the number of errors could be smaller and larger."""
    centre = model.posterior(views, given).p_error
    others = [
        other.posterior(views, given).p_error
        for other in noise.plausible(model, views, given, seed, tick)
    ]
    odds = _log_odds(centre)
    shifts = np.stack([_log_odds(other) - odds for other in others])
    order = np.argsort(odds, kind="stable")
    bins = [part for part in np.array_split(order, _BINS) if len(part)]
    band = _Band(
        np.array([odds[part].mean() for part in bins]),
        np.array([min(0.0, float(shifts.min(axis=0)[part].mean())) for part in bins]),
        np.array([max(0.0, float(shifts.max(axis=0)[part].mean())) for part in bins]),
    )
    sums = [float(other.sum()) for other in (centre, *others)]
    whole = max(sums[0], 1e-9)
    return band, (min(sums) / whole, max(sums) / whole)


def _total(p_error: Floats, spread: tuple[float, float]) -> Total:
    value = float(p_error.sum(dtype=np.float64))
    chance = _Z * float(np.sqrt((p_error * (1 - p_error)).sum(dtype=np.float64)))
    return Total(value, max(0.0, value * spread[0] - chance), value * spread[1] + chance)


def _null(
    model: NoiseModel, views: torch.Tensor, seed: int, count: int, tick: Callable[[], None]
) -> Null:
    belief = model.posterior(views, torch.zeros(views.shape[1], dtype=torch.int64)).classes
    edges = belief.cumsum(axis=1)
    draw = np.random.default_rng(seed).random((len(edges), 1)) * edges[:, -1:]
    labels = torch.from_numpy((edges < draw).sum(axis=1).clip(0, edges.shape[1] - 1))
    found = noise.fit(views, labels, tick, start=model).posterior(views, labels).p_error
    scale = count / max(len(found), 1)
    return Null(float(found.sum()) * scale, float((found > 0.5).sum()) * scale)


def _by_cleanlab(
    model: NoiseModel, source: Source, given: Ints, rule: str, report: Report
) -> tuple[Mask, Floats]:
    if isinstance(source, Attached):
        table, rows = source.pred_probs, source.rows
    else:
        table, rows = _averaged(model, source, given, report), None
    counts = confident_learning.count(table, given, rows, report)
    if rule == "low_normalized_margin":
        flagged = counts.lowest_margins()
    else:
        flagged = confident_learning.flags(table if rows is None else table[rows], given, rule)
    return flagged, counts.normalized_margin.astype(np.float32)


def _averaged(model: NoiseModel, source: Source, given: Ints, report: Report) -> Floats:
    table = np.empty((len(given), source.classes), np.float32)
    size = max(1, _BLOCK // source.classes)
    for start in range(0, len(given), size):
        rows = np.arange(start, min(start + size, len(given)))
        views = source.log_probabilities(rows)
        table[rows] = model.posterior(views, torch.from_numpy(given[rows])).classes
        report(start + len(rows), len(given))
    return table


def _log_odds(p: Floats) -> npt.NDArray[np.float64]:
    clipped = np.clip(p.astype(np.float64), 1e-9, 1 - 1e-9)
    return np.log(clipped) - np.log1p(-clipped)


def _chance(odds: npt.NDArray[np.float64]) -> Floats:
    return (1 / (1 + np.exp(-odds))).astype(np.float32)
