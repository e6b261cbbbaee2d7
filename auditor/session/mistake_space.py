"""Where mistaken samples lie among the classes, by the features there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.evaluate.mistake_rules import Floats, Space, locate
from auditor.session import vectors
from auditor.session.browsing import Ids
from auditor.session.folder import ProjectFolder
from auditor.session.vectors import NoVectorsError
from auditor.store import review
from auditor.store.db import Connection

_MEMBERS = 100
"""A class's middle is taken of so many of its samples at most, evenly spaced."""
_FEWEST = 5


def of(
    db: Connection, folder: ProjectFolder, sample_ids: Sequence[int], accepted: Sequence[list[str]]
) -> Space | None:
    """None where there are no features, or too few samples of any class."""
    try:
        found = vectors.newest(db, folder)
        ids = vectors.sample_ids(db, folder, found)
    except NoVectorsError:
        return None
    features = np.load(found.path, mmap_mode="r", allow_pickle=False)
    members = _members(review.label_lists(db), ids, sample_ids)
    names, middles, own = [], [], {}
    for name, rows in members.items():
        unit = _unit(np.asarray(features[rows], np.float32))
        middle = _unit(unit.mean(axis=0, keepdims=True))[0]
        names.append(name)
        middles.append(middle)
        own[name] = np.sort(unit @ middle)
    known = np.isin(sample_ids, ids)
    if not names or not known.any():
        return None
    chosen = [i for i, there in zip(sample_ids, known, strict=True) if there]
    sets = [labels for labels, there in zip(accepted, known, strict=True) if there]
    mistaken = _unit(np.asarray(features[np.array(chosen)], np.float32))
    return locate(np.stack(middles), names, own, mistaken, chosen, sets)


def _members(now: pa.Table, ids: Ids, mistaken: Sequence[int]) -> dict[str, Ids]:
    """Evenly spaced ids of each class's samples that the model does not get wrong."""
    usable = np.setdiff1d(ids, np.asarray(mistaken, np.int64))
    single = now.filter(
        pc.and_(
            pc.equal(pc.list_value_length(now["labels"]), 1),
            pc.is_in(now["sample_id"], value_set=pa.array(usable, pa.int64())),
        )
    )
    label = pc.list_element(single["labels"], 0).to_numpy()
    owner = single["sample_id"].to_numpy()
    order = np.argsort(label.astype(str), kind="stable")
    names, starts = np.unique(label[order].astype(str), return_index=True)
    found = {}
    for name, rows in zip(names.tolist(), np.split(owner[order], starts[1:]), strict=True):
        if len(rows) >= _FEWEST:
            places = np.linspace(0, len(rows) - 1, min(_MEMBERS, len(rows))).astype(np.int64)
            found[name] = rows[places]
    return found


def _unit(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = rows / np.maximum(length, 1e-12)
    return unit
