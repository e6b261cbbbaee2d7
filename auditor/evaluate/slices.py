"""A must-pass slice: the samples that a model got badly wrong, for every later model to be run on.

A prediction passes if it is an accepted label or one of which it is unclear whether it holds
(Vasudevan et al. 2022, "When does dough become a bagel?", ImageNet-M).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FORMAT = "dataset-auditor-slice"
VERSION = 1


class SliceError(ValueError):
    """A file is no slice, or does not belong to these samples."""


@dataclass(frozen=True, slots=True)
class SliceSample:
    path: str
    row: int | None
    """Row inside `path` where that is a Parquet file of images."""
    index: int
    """Row of the predictions, counted from 0."""
    labels: tuple[str, ...]
    unclear: tuple[str, ...]
    predicted: str
    """What the slice's model said."""


@dataclass(frozen=True, slots=True)
class Slice:
    name: str
    model: str
    """The model whose mistakes these are."""
    classes: tuple[str, ...]
    """What the columns of predictions, or predicted numbers, mean."""
    samples: tuple[SliceSample, ...]


@dataclass(frozen=True, slots=True)
class SliceScore:
    model: str
    passed: int
    samples: int
    by_label: float | None
    """Mean over accepted labels of the share of their samples that passed."""
    failed: tuple[str, ...]
    """Paths of the others."""


def write(one: Slice, path: Path) -> None:
    """As JSON, with the format's name and version."""
    head = {"format": FORMAT, "version": VERSION}
    path.write_text(json.dumps({**head, **asdict(one)}, ensure_ascii=False, indent=1), "utf-8")


def read(path: Path) -> Slice:
    """Raises SliceError."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise SliceError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise SliceError(f"{path} is no slice: `auditor mistakes export` writes one")
    if found.get("version") != VERSION:
        raise SliceError(
            f"{path} is a slice of version {found.get('version')}, and this program reads {VERSION}"
        )
    try:
        samples = tuple(_sample(one) for one in found["samples"])
        return Slice(str(found["name"]), str(found["model"]), tuple(found["classes"]), samples)
    except (KeyError, TypeError, ValueError) as error:
        raise SliceError(f"{path} is a slice with a part missing or broken: {error}") from error


def _sample(one: dict[str, Any]) -> SliceSample:
    return SliceSample(
        path=str(one["path"]),
        row=None if one["row"] is None else int(one["row"]),
        index=int(one["index"]),
        labels=tuple(one["labels"]),
        unclear=tuple(one["unclear"]),
        predicted=str(one["predicted"]),
    )


def rows(one: Slice, names: Sequence[str] | None, count: int) -> npt.NDArray[np.int64]:
    """(m,) row of the predictions of each of the slice's samples. Raises SliceError.

    Args: names: paths of the `count` samples that the predictions are about; None where only
    their order is known.
    """
    times = Counter(names or ())
    place = {name: row for row, name in enumerate(names or ())}
    found = [
        place[sample.path] if times[sample.path] == 1 else sample.index for sample in one.samples
    ]
    for sample, row in zip(one.samples, found, strict=True):
        known = 0 <= row < count and (names is None or names[row] == sample.path)
        if not known:
            raise SliceError(f"slice {one.name}: {sample.path} is not among these samples")
    return np.array(found, np.int64)


def score(one: Slice, model: str, first: npt.NDArray[np.int64]) -> SliceScore:
    """How a model does on the slice, by its first guesses (m,), codes into `classes`."""
    named = [one.classes[code] if 0 <= code < len(one.classes) else None for code in first.tolist()]
    passed = [
        guess in sample.labels or guess in sample.unclear
        for guess, sample in zip(named, one.samples, strict=True)
    ]
    by_label: dict[str, list[bool]] = {}
    for sample, is_passed in zip(one.samples, passed, strict=True):
        for label in sample.labels:
            by_label.setdefault(label, []).append(is_passed)
    shares = [float(np.mean(each)) for each in by_label.values()]
    return SliceScore(
        model=model,
        passed=sum(passed),
        samples=len(passed),
        by_label=float(np.mean(shares)) if shares else None,
        failed=tuple(s.path for s, ok in zip(one.samples, passed, strict=True) if not ok),
    )
