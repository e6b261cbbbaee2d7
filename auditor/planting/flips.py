"""Wrong labels: to any class, along a map of confusable classes, or between two."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auditor.planting.base import (
    Case,
    Chosen,
    Effect,
    Kind,
    Labels,
    Options,
    PlantingError,
    Touches,
    labelled,
)

Ints = npt.NDArray[np.int64]


def _several(labels: Labels, options: Options) -> Chosen:
    if len(labels.classes) < 2:
        raise PlantingError("A set of one class has no other label to flip to.")
    return labelled(labels, options)


def any_other(codes: Ints, drawn: Ints) -> Ints:
    """The `drawn`-th class (from 0 to one less than the others) among those that are not `codes`."""
    return drawn + (drawn >= codes)


def _symmetric(case: Case) -> Effect:
    drawn = case.rng.integers(len(case.labels.classes) - 1, size=1)
    return Effect(code=int(any_other(np.array([case.code]), drawn)[0]))


def _targets(labels: Labels, options: Options) -> dict[int, int]:
    """Class -> the class it is taken for: as mapped, else the next one in order."""
    given = options["map"]
    if given is None:
        return {code: (code + 1) % len(labels.classes) for code in range(len(labels.classes))}
    return {labels.code(old): labels.code(new) for old, new in given.items()}


def _mapped(labels: Labels, options: Options) -> Chosen:
    return _several(labels, options) & np.isin(labels.codes, list(_targets(labels, options)))


def _asymmetric(case: Case) -> Effect:
    return Effect(code=_targets(case.labels, case.options)[case.code])


def _two(labels: Labels, options: Options) -> tuple[int, int]:
    names = options["classes"]
    if names is None:
        names = labels.classes[:2]
    elif isinstance(names, str):
        names = names.split(":")
    if len(set(names)) != 2:
        raise PlantingError("flip_pair needs two different classes, written a:b.")
    return labels.code(names[0]), labels.code(names[1])


def _of_pair(labels: Labels, options: Options) -> Chosen:
    return _several(labels, options) & np.isin(labels.codes, _two(labels, options))


def _pair(case: Case) -> Effect:
    first, second = _two(case.labels, case.options)
    return Effect(code=second if case.code == first else first)


_LABEL: Touches = frozenset({"label"})

KINDS = (
    Kind("flip_symmetric", "label of any other class", _LABEL, _several, _symmetric),
    Kind(
        "flip_asymmetric",
        "label of the confusable class: option map, else the next class",
        _LABEL,
        _mapped,
        _asymmetric,
        {"map": None},
    ),
    Kind(
        "flip_pair",
        "labels of two classes exchanged: option classes=a:b, else the first two",
        _LABEL,
        _of_pair,
        _pair,
        {"classes": None},
    ),
)
