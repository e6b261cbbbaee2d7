"""Soft labels: class probabilities of each sample that stays, certain where a person decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.model import Verdict, label_codes
from auditor.store import arrays, project, review, runs, samples
from auditor.store.db import Connection

CHECK = "label_errors"
_DECIDED = (Verdict.ACCEPT, Verdict.KEEP, Verdict.RELABEL)

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SoftLabels:
    """N x K probabilities, worked out a block at a time: all at once would fill the memory."""

    table: pa.Table
    """sample_id, path, row, labels (current), decided; of samples that are not excluded."""
    classes: tuple[str, ...]
    """Those of the project, and then those that only decisions named."""
    multi_label: bool
    attached: npt.NDArray[Any] | None
    evidence: pa.Array
    """What the label audit said, row for row with `table`; null where it said nothing."""
    doubt: Floats
    """(N,) probability that the label is wrong, row for row."""

    @property
    def shape(self) -> tuple[int, int]:
        return self.table.num_rows, len(self.classes)

    def __getitem__(self, rows: slice) -> Floats:
        """(n, K) float32 of these rows; each sums to 1 in a single-label set."""
        block = self.table.slice(rows.start, len(range(*rows.indices(self.table.num_rows))))
        given = self._given(block["labels"])
        if self.attached is None:
            out = self._audited(given, rows)
        else:
            out = np.zeros_like(given)
            out[:, : self.attached.shape[1]] = self.attached[block["sample_id"].to_numpy()]
        decided = block["decided"].to_numpy()
        out[decided] = given[decided]
        return out

    def _given(self, labels: pa.ChunkedArray) -> Floats:
        """Ones for the current labels; without any, all classes are as likely."""
        rows, width = len(labels), len(self.classes)
        out = np.zeros((rows, width), np.float32)
        if self.multi_label:
            codes = pc.index_in(pc.list_flatten(labels), value_set=pa.array(self.classes))
            out[pc.list_parent_indices(labels).to_numpy(), codes.to_numpy()] = 1
            return out
        codes = label_codes(labels, self.classes)
        known = np.flatnonzero(codes >= 0)
        out[known, codes[known]] = 1
        out[codes < 0] = 1 / max(1, width)
        return out

    def _audited(self, given: Floats, rows: slice) -> Floats:
        others = max(1, len(self.classes) - 1)
        doubt = np.zeros(1, np.float32) if self.multi_label else self.doubt[rows, None]
        out = given * (1 - doubt) + (1 - given) * doubt / others
        unlabelled = given.max(axis=1, initial=0) < 1
        out[unlabelled] = given[unlabelled]
        where = {name: i for i, name in enumerate(self.classes)}
        for row, named in self._told(rows):
            if not self.multi_label:
                left = max(0.0, 1 - sum(named.values()))
                out[row] = left / max(1, len(self.classes) - len(named))
            out[row, [where[name] for name in named]] = list(named.values())
            if not self.multi_label:
                out[row] /= out[row].sum()
        return out.astype(np.float32, copy=False)

    def _told(self, rows: slice) -> Iterator[tuple[int, dict[str, float]]]:
        """Rows of the block whose evidence names classes with their probabilities."""
        texts = self.evidence[rows.start : rows.stop]
        told = pc.fill_null(pc.match_substring_regex(texts, '"(classes|add|remove)"'), False)
        for row in np.flatnonzero(told.to_numpy(zero_copy_only=False)).tolist():
            facts = json.loads(texts[row].as_py())
            parts = (facts.get(key, []) for key in ("classes", "add", "remove"))
            if named := {name: p for part in parts for name, p in part}:
                yield row, named


def read(db: Connection, embeddings: Path) -> SoftLabels | None:
    """The soft labels that the attached probabilities or the newest label audit give; else None."""
    own = None if arrays.flaw(db, "pred_probs") else arrays.attached(db, "pred_probs")
    found = runs.findings(db, CHECK)
    if not own and not found.num_rows:
        return None
    current = review.label_lists(db)
    table = samples.read(db).select(["sample_id", "path", "row"])
    table = table.append_column("labels", current["labels"])
    decided = pc.is_in(current["verdict"], value_set=pa.array(_DECIDED))
    table = table.append_column("decided", decided)
    table = table.filter(pc.not_equal(pc.fill_null(current["verdict"], ""), Verdict.EXCLUDE))
    places = pc.index_in(table["sample_id"], value_set=found["sample_id"].combine_chunks())
    known = project.classes(db)
    named = pc.unique(pc.list_flatten(table["labels"])).to_pylist()
    unsure = pc.subtract(pa.scalar(1, pa.float32()), found["quality"])
    doubt = pc.coalesce(found["p_error"], unsure).combine_chunks().take(places.combine_chunks())
    return SoftLabels(
        table,
        (*known, *sorted(set(named) - set(known))),
        samples.multi_label(db),
        np.load(embeddings / own["file"], mmap_mode="r") if own else None,
        found["evidence"].combine_chunks().take(places.combine_chunks()),
        pc.fill_null(doubt, 0).to_numpy(zero_copy_only=False),
    )
