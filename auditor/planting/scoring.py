"""How well findings agree with a known truth, with intervals and what chance would give."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.planting.base import PlantingError
from auditor.planting.plan import KINDS
from auditor.planting.truth import Truth

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_Z = 1.959963984540054  # 95 %
_REPLICATES = 200
_DEPTHS = (10, 50, 100)

_CHECK_KINDS: dict[str, tuple[str, ...]] = {
    "unreadable_images": ("truncated",),
    "image_quality": ("blur", "dark", "overexposed"),
    "duplicates": ("exact_copy", "altered_copy", "leak"),
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval; all None where it is undefined (no such samples)."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """Agreement of findings with the truth about the same samples."""

    samples: int
    errors: int
    flagged: int
    true_positives: int
    false_positives: int
    tpr: Estimate
    """Share of the errors that are flagged: recall."""
    fpr: Estimate
    """Share of the fine samples that are flagged."""
    precision: Estimate
    f1: Estimate
    average_precision: Estimate
    auroc: Estimate
    precision_at: dict[int, Estimate]
    """Share of errors among the k most suspicious; the last k is the number of errors."""
    null_average_precision: float
    """What a random order gives: the share of errors."""

    def to_json(self) -> dict[str, Any]:
        """Plain values: each estimate under its name, its interval under `intervals`."""
        plain: dict[str, Any] = {}
        intervals: dict[str, list[float | None]] = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Estimate):
                plain[field.name] = value.value
                intervals[field.name] = [value.low, value.high]
            elif isinstance(value, dict):
                plain[field.name] = {str(k): e.value for k, e in value.items()}
                intervals |= {f"{field.name}.{k}": [e.low, e.high] for k, e in value.items()}
            else:
                plain[field.name] = value
        return {**plain, "recall": self.tpr.value, "intervals": intervals}


def score(quality: npt.NDArray[Any], flagged: Flags, is_true: Flags, *, seed: int = 0) -> Score:
    """Compare findings with the truth, row for row.

    Args: quality (n,) in [0, 1], 0 = surely wrong; flagged (n,) bool; is_true (n,) bool, whether
    the sample really is an error. Raises ValueError for rows of different counts, or NaN.

    Average precision is the sum over distinct qualities of precision times gain in recall.
    Proportions have Wilson's interval, the others a percentile of a Poisson bootstrap.
    """
    flagged, is_true = np.asarray(flagged, bool), np.asarray(is_true, bool)
    quality = np.asarray(quality, np.float64)
    if not quality.shape == flagged.shape == is_true.shape or np.isnan(quality).any():
        raise ValueError("quality, flagged and is_true must have one value for each sample.")
    hits, errors = int((flagged & is_true).sum()), int(is_true.sum())
    false, fine = int(flagged.sum()) - hits, len(is_true) - errors
    order = _Order.of(quality, is_true)
    ap, auroc, f1 = _resampled(order, flagged, is_true, seed)
    depths = dict.fromkeys(k for k in (*_DEPTHS, errors) if 0 < k <= len(is_true))
    return Score(
        samples=len(is_true),
        errors=errors,
        flagged=hits + false,
        true_positives=hits,
        false_positives=false,
        tpr=wilson(hits, errors),
        fpr=wilson(false, fine),
        precision=wilson(hits, hits + false),
        f1=f1,
        average_precision=ap,
        auroc=auroc,
        precision_at={k: wilson(order.errors_in_first(k), k) for k in depths},
        null_average_precision=errors / len(is_true) if len(is_true) else 0.0,
    )


def wilson(part: float, whole: int) -> Estimate:
    """A proportion with Wilson's score interval (JASA 1927); undefined of nothing."""
    if not whole:
        return Estimate()
    share = part / whole
    spread = _Z**2 / whole
    centre = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * (share * (1 - share) / whole + spread / 4 / whole) ** 0.5
    return Estimate(share, max(0.0, centre - half), min(1.0, centre + half))


@dataclass(frozen=True, slots=True)
class _Order:
    """The samples, most suspicious first, with where each run of equal quality ends."""

    rows: npt.NDArray[np.int64]
    errors: Floats
    ends: npt.NDArray[np.int64]

    @classmethod
    def of(cls, quality: Floats, is_true: Flags) -> _Order:
        rows = np.argsort(quality, kind="stable")
        changes = np.flatnonzero(np.diff(quality[rows]))
        ends = np.append(changes, len(rows) - 1) if len(rows) else changes
        return cls(rows, is_true[rows].astype(np.float64), ends)

    def errors_in_first(self, k: int) -> float:
        """How many of the first k are errors; of a run that k cuts, its even share."""
        return float(np.interp(k, np.append(0, self.ends + 1), np.append(0, self._found(1.0))))

    def _found(self, weights: Floats | float) -> Floats:
        found: Floats = np.cumsum(self.errors * weights)[self.ends]
        return found

    def areas(self, weights: Floats) -> tuple[float, float]:
        """Average precision and area under the ROC curve, each row counted by its weight."""
        found, seen = self._found(weights), np.cumsum(weights)[self.ends]
        gain, fine = np.diff(found, prepend=0.0), seen - found
        if not found.size or not found[-1] or not fine[-1]:
            return np.nan, np.nan
        precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
        ap = float((precision * gain).sum() / found[-1])
        half = found - gain / 2  # equal qualities count half
        return ap, float((np.diff(fine, prepend=0.0) * half).sum() / (found[-1] * fine[-1]))


def _resampled(
    order: _Order, flagged: Flags, is_true: Flags, seed: int
) -> tuple[Estimate, Estimate, Estimate]:
    """Average precision, AUROC and F1, with intervals."""
    rng = np.random.default_rng(seed)
    flagged, is_true = flagged[order.rows], is_true[order.rows]

    def numbers(weights: Floats) -> tuple[float, float, float]:
        claimed = float(weights[flagged].sum() + weights[is_true].sum())
        hits = float(weights[flagged & is_true].sum())
        return *order.areas(weights), 2 * hits / claimed if claimed else np.nan

    values = numbers(np.ones(len(flagged)))
    again = np.array([
        numbers(rng.poisson(1.0, len(flagged)).astype(np.float64)) for _ in range(_REPLICATES)
    ])  # fmt: skip
    ap, auroc, f1 = (_percentiles(v, again[:, i]) for i, v in enumerate(values))
    return ap, auroc, f1


def _percentiles(value: float, again: Floats) -> Estimate:
    known = again[~np.isnan(again)]
    if np.isnan(value) or not len(known):
        return Estimate()
    low, high = np.percentile(known, [2.5, 97.5])
    return Estimate(value, float(min(low, value)), float(max(high, value)))


def kinds_for(check: str, asked: Sequence[str] = ()) -> tuple[str, ...]:
    """The kinds of trouble that count as errors for a check: those asked for, else its own.

    A check without kinds of its own is scored against those that change a label.
    Raises PlantingError for an unknown kind.
    """
    for kind in asked:
        if kind not in KINDS:
            raise PlantingError(f"There is no kind {kind!r}; known are: {', '.join(KINDS)}.")
    if asked:
        return tuple(asked)
    changing = tuple(kind.id for kind in KINDS.values() if "label" in kind.touches)
    return _CHECK_KINDS.get(check, changing)


def is_planted(samples: pa.Table, truth: Truth, kinds: Sequence[str]) -> Flags:
    """(n,) bool: which samples (columns path, row, occurrence) bear trouble of those kinds.

    Raises PlantingError if a planted sample is not among them: the truth is of another set.
    """
    keys = ("path", "row", "occurrence")
    places = {tuple(row[k] for k in keys): n for n, row in enumerate(samples.to_pylist())}
    planted = np.zeros(samples.num_rows, bool)
    for row in truth.table.to_pylist():
        if row["kind"] not in kinds:
            continue
        place = places.get(tuple(row[k] for k in keys))
        if place is None:
            raise PlantingError(
                f"The planted sample {row['path']} is not in the project: the truth is of another "
                "data set, or the set was imported before the planting."
            )
        planted[place] = True
    return planted


def is_mislabelled(given: Sequence[Sequence[str]], true: Sequence[str | None]) -> Flags:
    """(n,) bool: whose given labels are not exactly the true one; unknown truth counts as right."""
    pairs = zip(given, true, strict=True)
    return np.array([t is not None and list(g) != [t] for g, t in pairs], bool)
