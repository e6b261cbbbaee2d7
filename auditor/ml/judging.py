"""Each label's probability of being wrong, from any out-of-sample class probabilities, in blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from auditor.ml import confident_learning, noise, threads
from auditor.ml.candidates import ALL_UP_TO, Candidates, candidates
from auditor.ml.noise import NoiseModel
from auditor.ml.sources import Attached, Source, candidates_of

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Report = Callable[[int, int], None]

BAYES = "p_error"
"""The rule that flags what is more likely wrong than right."""
AUTO = "auto"
"""The default rule: see `judge`."""

_BLOCK = 1 << 22  # probabilities in one block of one view
_SPARSE_ROWS = 1 << 15  # with a few candidates each: stays in the caches
_FIT = 4_000_000  # probabilities to fit the noise model on: its time must not grow with the data
_BINS = 50
_Z = 1.645  # 90 % intervals


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
    shown: Ints
    """Most probable class from the image alone."""
    p_shown: Floats
    """Its probability."""
    joint: npt.NDArray[np.float64]
    """(K, K) expected number with that given (row) and that true class (column)."""
    errors: Total
    agreement: float
    """Share whose given label is the likeliest class of the image."""
    null: Null
    separability: float
    """Expected accuracy of the likeliest class, were all labels right: how well classes part."""


def judge(
    source: Source, given: Ints, rule: str, seed: int, report: Report, *, separable: float
) -> Judgement:
    """Fit the noise model to the source and apply it to every given label (n,).

    Args: rule: `p_error` flags what is more likely wrong than right, and quality is 1 - p_error;
    a name of cleanlab's FILTERS flags exactly what cleanlab does with the source's averaged
    probabilities, and quality is the normalised margin scaled to [0, 1]. `auto` is cleanlab's
    low_normalized_margin for attached probabilities; else p_error or, where separability is below
    `separable`, what all views agree on and the low end of the interval bears out.
    """
    if isinstance(source, Attached):
        source = source.with_ranks(given, report)
        rule = "low_normalized_margin" if rule == AUTO else rule
    sample = noise.fitting_rows(len(given), max(500, _FIT // source.classes))
    seen = candidates_of(source, sample, given[sample])
    tick = lambda: report(0, len(given))  # noqa: E731
    with threads.for_elements(seen.log.numel()):
        model = noise.fit(seen, tick)
        band, spread = _doubt(model, seen, seed, tick)
        null = _null(model, source.log_probabilities(sample), seed, len(given), tick)
    verdict = _apply(model, source, given, report)
    low, high = band.around(verdict.p_error)
    errors, separability = _total(verdict.p_error, spread), float(verdict.sure.mean())
    hard = separability < separable
    if hard:
        low, errors = _prudent(verdict, low, errors)
    flagged, quality = verdict.p_error > 0.5, 1 - verdict.p_error
    if rule == AUTO and hard:
        flagged = _undisputed(source, model, given, verdict.alternative, low > 0.5, report)
    elif rule not in (AUTO, BAYES):
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
        shown=verdict.shown,
        p_shown=verdict.sure,
        joint=verdict.joint,
        errors=errors,
        agreement=float((verdict.margin >= 0).mean()),
        null=null,
        separability=separability,
    )


def _prudent(verdict: _Verdict, low: Floats, errors: Total) -> tuple[Floats, Total]:
    """Low ends that hold if labels err everywhere as rarely as where the image is clearest.

    Elsewhere overlapping classes look just like wrong labels. The odds of an error move with the
    odds of its prior (Bayes): by the most confident tenth's rate against that of all.
    """
    tenth = np.argsort(-verdict.sure, kind="stable")[: max(1, len(low) // 10)]
    clear = verdict.p_error[tenth].mean(keepdims=True)
    shift = (_log_odds(clear) - _log_odds(verdict.p_error.mean(keepdims=True))).clip(max=0)
    least = len(low) * float(clear[0])
    chance = _Z * float(np.sqrt(least * (1 - clear[0])))
    total = Total(errors.value, max(0.0, min(errors.low, least - chance)), errors.high)
    return np.minimum(_chance(_log_odds(low) + shift), low), total


def _undisputed(
    source: Source, model: NoiseModel, given: Ints, alternative: Ints, likely: Mask, report: Report
) -> Mask:
    """Those of the `likely` errors (n,) for which all views choose the same other class."""
    rows = np.flatnonzero(likely)
    if len(rows):
        choices = explain(source, model, given, rows, 1, report).choices
        likely[rows] = (choices == alternative[rows][:, None]).all(axis=1)
    return likely


@dataclass(frozen=True, slots=True)
class Explained:
    """Facts about q samples."""

    classes: Ints
    """(q, w) class codes, likeliest first, by image and given label."""
    probabilities: Floats
    """(q, w) theirs."""
    choices: Ints
    """(q, M) likeliest class of each view."""


def explain(
    source: Source, model: NoiseModel, given: Ints, rows: Ints, wide: int, report: Report
) -> Explained:
    """Of `rows` the `wide` likeliest classes, and what each view says; given (n,) of all."""
    classes, chances, choices = [], [], []
    size = max(1, _BLOCK // source.classes)
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        views = source.log_probabilities(part)
        seen = candidates(views, torch.from_numpy(given[part]))
        true = _without_lump(model.posterior(seen).true, seen)
        order = np.argsort(-true, axis=1, kind="stable")[:, :wide]
        codes = seen.codes.expand(len(true), -1).numpy()
        classes.append(np.take_along_axis(codes, order, axis=1))
        chances.append(np.take_along_axis(true, order, axis=1))
        choices.append(views.argmax(dim=2).T.numpy())
        report(start, len(rows))
    return Explained(np.concatenate(classes), np.concatenate(chances), np.concatenate(choices))


@dataclass(frozen=True, slots=True)
class _Verdict:
    p_error: Floats
    alternative: Ints
    beaten: Mask
    margin: Floats
    joint: npt.NDArray[np.float64]
    shown: Ints
    """(n,) likeliest class, from the image alone."""
    sure: Floats
    """(n,) its probability."""


def _apply(model: NoiseModel, source: Source, given: Ints, report: Report) -> _Verdict:
    count, classes = len(given), source.classes
    p_error, margin = np.empty(count, np.float32), np.empty(count, np.float32)
    alternative, beaten = np.empty(count, np.int64), np.empty(count, bool)
    joint = np.zeros(classes * (classes + 1))
    shown, sure = np.empty(count, np.int64), np.empty(count, np.float32)
    size = _SPARSE_ROWS if classes > ALL_UP_TO else max(1, _BLOCK // classes)
    for start in range(0, count, size):
        rows = np.arange(start, min(start + size, count))
        seen = candidates_of(source, rows, given[rows])
        belief = model.posterior(seen)
        sure[rows], shown[rows] = _likeliest(belief.classes, seen)
        cells = given[rows][:, None] * (classes + 1) + seen.codes.numpy()
        mass = belief.true * seen.count.numpy()
        joint += np.bincount(cells.ravel(), mass.ravel(), len(joint))
        margin[rows], _ = _margin(belief.classes, seen)
        lead, alternative[rows] = _margin(belief.true, seen)
        p_error[rows], beaten[rows] = belief.p_error, lead < 0
        report(start + len(rows), count)
    table = joint.reshape(classes, classes + 1)
    rest = table[:, -1:] / (classes - 1) * (1 - np.eye(classes))  # the lump's, spread evenly
    return _Verdict(p_error, alternative, beaten, margin, table[:, :-1] + rest, shown, sure)


def _margin(table: Floats, seen: Candidates) -> tuple[Floats, Ints]:
    """Given class minus the best other one, and which that is. Overwrites the given column."""
    place = seen.place.numpy()[:, None]
    own = np.take_along_axis(table, place, axis=1)[:, 0]
    np.put_along_axis(table, place, -1.0, axis=1)
    best, codes = _likeliest(table, seen)
    return own - best, codes


def _likeliest(table: Floats, seen: Candidates) -> tuple[Floats, Ints]:
    """The highest of each row, and the class that it belongs to."""
    best, column = torch.from_numpy(_without_lump(table, seen)).max(dim=1)
    codes = seen.codes.expand(len(table), -1).gather(1, column[:, None])[:, 0]
    return best.numpy(), codes.numpy()


def _without_lump(table: Floats, seen: Candidates) -> Floats:
    return table[:, :-1] if seen.lumped else table


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
    seen: Candidates,
    seed: int,
    tick: Callable[[], None],
) -> tuple[_Band, tuple[float, float]]:
    """The band, and by which factors the number of errors could be smaller and larger."""
    centre = model.posterior(seen).p_error
    others = [other.posterior(seen).p_error for other in noise.plausible(model, seen, seed, tick)]
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
    edges = model.averaged(views).numpy().cumsum(axis=1)
    draw = np.random.default_rng(seed).random((len(edges), 1)) * edges[:, -1:]
    labels = torch.from_numpy((edges < draw).sum(axis=1).clip(0, edges.shape[1] - 1))
    seen = candidates(views, labels)
    found = noise.fit(seen, tick, start=model).posterior(seen).p_error
    scale = count / max(len(found), 1)
    return Null(float(found.sum()) * scale, float((found > 0.5).sum()) * scale)


def _by_cleanlab(
    model: NoiseModel, source: Source, given: Ints, rule: str, report: Report
) -> tuple[Mask, Floats]:
    if isinstance(source, Attached):
        table, rows, ranked = source.pred_probs, source.rows, source.ranked
    else:
        table, rows, ranked = _averaged(model, source, len(given), report), None, None
    counts = confident_learning.count(table, given, rows, report, ranked)
    if rule == "low_normalized_margin":
        flagged = counts.lowest_margins()
    else:
        flagged = confident_learning.flags(table if rows is None else table[rows], given, rule)
    return flagged, counts.normalized_margin.astype(np.float32)


def _averaged(model: NoiseModel, source: Source, count: int, report: Report) -> Floats:
    table = np.empty((count, source.classes), np.float32)
    size = max(1, _BLOCK // source.classes)
    for start in range(0, count, size):
        rows = np.arange(start, min(start + size, count))
        table[rows] = model.averaged(source.log_probabilities(rows)).numpy()
        report(start + len(rows), count)
    return table


def _log_odds(p: Floats) -> npt.NDArray[np.float64]:
    clipped = np.clip(p.astype(np.float64), 1e-9, 1 - 1e-9)
    return np.log(clipped) - np.log1p(-clipped)


def _chance(odds: npt.NDArray[np.float64]) -> Floats:
    return (1 / (1 + np.exp(-odds))).astype(np.float32)
