"""Heads fitted to the embeddings of labelled samples, for the checks that judge labels by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.checks.base import CheckContext
from auditor.checks.label_inputs import FEWEST, Report

if TYPE_CHECKING:
    from auditor.ml.cross_fit import CrossFit

Ints = npt.NDArray[np.int64]


def large_classes(
    codes: Ints, classes: tuple[str, ...]
) -> tuple[npt.NDArray[np.bool_], tuple[str, ...]]:
    """Which samples have a class that heads can learn, and those classes; none if fewer than two."""
    known = codes >= 0
    large = np.bincount(codes[known], minlength=len(classes)) >= FEWEST
    if large.sum() < 2:
        return np.zeros(len(codes), bool), ()
    names = tuple(name for name, enough in zip(classes, large, strict=True) if enough)
    return known & large[codes], names


def shuffled(rows: Ints, table: pa.Table, seed: int) -> Ints:
    """In an order that means nothing, so that any part of the rows is a fair sample."""
    from auditor.ml.seeded import seeded_hash

    ids = table["sample_id"].to_numpy()[rows]
    return rows[np.argsort(seeded_hash(ids, seed), kind="stable")]


@dataclass(frozen=True, slots=True)
class Labelled:
    """What heads learn from, in an order that means nothing."""

    vectors: npt.NDArray[Any]
    """(n, D)"""
    ids: Ints
    given: Ints
    groups: Ints
    classes: int


def fit_heads(
    told: Labelled, ctx: CheckContext[Any], report: Report, *, with_neighbours: bool = True
) -> CrossFit | None:
    """Heads fitted without the samples they judge; None where all samples are of one group."""
    from auditor.ml.cross_fit import cross_fit
    from auditor.ml.folds import assign_folds

    folds = assign_folds(told.given, told.groups, ctx.params.folds, ctx.seed, told.ids)
    used, folds = np.unique(folds, return_inverse=True)
    if len(used) < 2:  # all samples are copies of one another, or of one group
        return None
    return cross_fit(
        told.vectors,
        told.given,
        folds,
        told.groups,
        told.classes,
        device=ctx.device,
        report=report,
        with_neighbours=with_neighbours,
    )
