"""Heads fitted to the embeddings of labelled samples, for the checks that judge labels by them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.checks.base import CheckContext
from auditor.checks.label_inputs import FEWEST

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


def codes_among(codes: Ints, classes: tuple[str, ...], names: tuple[str, ...]) -> Ints:
    """Codes of some of the classes, as places in `names`, which has these in the same order."""
    return np.searchsorted(np.flatnonzero(np.isin(classes, names)), codes).astype(np.int64)


def rows_of(places: Ints, table: npt.NDArray[Any]) -> Ints | None:
    """The rows of an array to read; None where these are all of them, in order."""
    whole = len(places) == len(table) and bool((np.diff(places) == 1).all())
    return None if whole else places


def shuffled(rows: Ints, table: pa.Table, seed: int) -> Ints:
    """In an order that means nothing, so that any part of the rows is a fair sample."""
    from auditor.ml.seeded import seeded_hash

    ids = table["sample_id"].to_numpy()[rows]
    return rows[np.argsort(seeded_hash(ids, seed), kind="stable")]


def folds_of(given: Ints, related: Ints, ids: Ints, ctx: CheckContext[Any]) -> Ints | None:
    """The fold of each sample, from 0; None where all are copies of one another, or of one group."""
    from auditor.ml.folds import assign_folds

    folds = assign_folds(given, related, ctx.params.folds, ctx.seed, ids)
    used, numbered = np.unique(folds, return_inverse=True)
    return numbered if len(used) >= 2 else None
