"""What is told of proposed further labels: with which score, where, and what speaks for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.checks.label_inputs import Row
from auditor.model import LABELS

if TYPE_CHECKING:
    from auditor.ml.answered_proposals import Answered
    from auditor.ml.label_maps import TopCells
    from auditor.ml.proposals import Proposals

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found out about n samples, in the order of `table`."""

    table: pa.Table
    names: tuple[str, ...]
    given: Ints
    proposals: Proposals
    taken: Flags
    """(n, w) which of the proposals are made."""
    least: Floats
    """(K,) least score of a proposal, by class."""
    cells: dict[int, TopCells] = field(default_factory=dict)
    """Label maps of samples worth a look, by row; empty without crops."""
    alike: Floats | None = None
    """(n, w) share of pictures of that class among those whose parts look like the place; NaN where
    it was not looked at."""
    asked: Answered | None = None
    """What a multimodal model answered about further classes."""
    trust: list[Row] = field(default_factory=list)
    """How well attached probabilities agree with the labels."""


def suggested(seen: Seen, flagged: Flags) -> pa.Array:
    """The given label and those proposed, for flagged samples."""
    rows = np.flatnonzero(flagged)
    sets: list[list[str]] = [
        [
            seen.names[seen.given[i]],
            *(seen.names[k] for k in seen.proposals.codes[i, seen.taken[i]]),
        ]
        for i in rows
    ]
    return _placed(pa.array(sets, LABELS), pa.nulls(len(flagged), LABELS), rows)


def evidence(seen: Seen, flagged: Flags) -> pa.Array:
    rows = np.flatnonzero(flagged)
    texts = pa.array(list(_texts(seen, rows)), pa.string())
    plain = pa.nulls(len(flagged), pa.string())
    if not np.isnan(seen.proposals.support).any():
        share = np.round(seen.proposals.support.astype(np.float64), 4)
        text = pc.cast(pa.array(share), pa.string())
        plain = pc.binary_join_element_wise('{"support":', text, "}", "")
    return _placed(texts, plain, rows)


def _placed(few: pa.Array, every: pa.Array, rows: Ints) -> pa.Array:
    """`every` with `few` at `rows`."""
    place = np.arange(len(every))
    place[rows] = len(every) + np.arange(len(rows))
    return pa.concat_arrays([every, few]).take(pa.array(place))


def _texts(seen: Seen, rows: Ints) -> Iterator[str]:
    """JSON of flagged samples: the further labels with score and place, support, label map."""
    from auditor.ml.crops import words
    from auditor.ml.proposals import PLACES

    found, affirmed = seen.proposals, _affirmed(seen)
    for i in rows:
        facts: dict[str, Any] = {"also": [], "boxes": []}
        for j in np.flatnonzero(seen.taken[i]):
            place, score = int(found.places[i, j]), round(float(found.scores[i, j]), 4)
            said = words(PLACES[place]) if place >= 0 else None
            facts["also"].append([seen.names[found.codes[i, j]], score, said])
            facts["boxes"].append(PLACES[place] if place >= 0 else None)
        if np.isfinite(found.support[i]):
            facts["support"] = round(float(found.support[i]), 4)
        taken = [(j, seen.names[found.codes[i, j]]) for j in np.flatnonzero(seen.taken[i])]
        if seen.alike is not None:
            shares = [(name, float(seen.alike[i, j])) for j, name in taken]
            facts["alike"] = [[name, round(p, 4)] for name, p in shares if np.isfinite(p)]
        facts["affirmed"] = [name for j, name in taken if (i, found.codes[i, j]) in affirmed]
        if int(i) in seen.cells:
            facts["map"] = _compact(seen.cells[int(i)], seen.names)
        yield json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def _compact(cells: TopCells, names: tuple[str, ...]) -> dict[str, Any]:
    """Classes, and of each line and cell pairs of (place in classes, per cent), likeliest first."""
    used = np.unique(cells.codes)
    place = np.searchsorted(used, cells.codes)
    percent = np.rint(100 * cells.values.astype(np.float32)).astype(np.int64)
    pairs = np.stack([place, percent], axis=-1)
    return {
        "classes": [names[k] for k in used],
        "cells": pairs.reshape(*pairs.shape[:2], -1).tolist(),
    }


def _affirmed(seen: Seen) -> set[tuple[int, int]]:
    """Rows and further classes for which the answers speak."""
    if seen.asked is None:
        return set()
    yes = seen.asked.ratio > 0
    return set(zip(seen.asked.row[yes].tolist(), seen.asked.code[yes].tolist(), strict=True))
