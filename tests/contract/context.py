"""A check's world without an engine, and a data set that every check can be run on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.checks.base import Cancelled, CheckSpec
from auditor.model import ASKED_SCHEMA, LABELS, MEDIA_SCHEMA

CLASSES = ("a", "b", "c")
PER_CLASS = 30


@dataclass
class Context:
    """Implements auditor.checks.base.CheckContext."""

    params: Any
    arrays: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    tables: dict[str, pa.Table] = field(default_factory=dict)
    classes: tuple[str, ...] = CLASSES
    multi_label: bool = False
    seed: int = 0
    device: str = "cpu"
    cancelled: bool = False
    reports: int = 0

    def array(self, need: str) -> npt.NDArray[Any] | None:
        return self.arrays.get(need)

    def table(self, need: str) -> pa.Table | None:
        return self.tables.get(need)

    def report(self, done: int, total: int) -> None:
        assert 0 <= done <= total
        self.reports += 1
        if self.cancelled:
            raise Cancelled


def data_set(spec: CheckSpec, seed: int = 0) -> tuple[pa.Table, dict[str, npt.NDArray[Any]]]:
    """Three well separated classes with correct labels, and every column and array there is."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(CLASSES)), PER_CLASS)
    centres = rng.normal(0, 4, (len(CLASSES), 8))
    embedding = (centres[codes] + rng.normal(0, 1, (len(codes), 8))).astype(np.float32)
    near = np.exp(-((embedding[:, None] - centres[None]) ** 2).sum(2) / 8)
    pred_probs = (near / near.sum(1, keepdims=True)).astype(np.float32)
    columns: dict[str, Any] = {
        "sample_id": pa.array(range(len(codes)), pa.int64()),
        "labels": pa.array([[CLASSES[code]] for code in codes], LABELS),
        "split": pa.array(["train"] * len(codes)),
        "group": pa.nulls(len(codes), pa.string()),
    }
    for name in (f.name for f in MEDIA_SCHEMA if f.name in spec.needs | spec.uses):
        columns[name] = _media(name, len(codes), rng)
    return pa.table(columns), {"embedding": embedding, "pred_probs": pred_probs}


def tables(spec: CheckSpec, samples: pa.Table) -> dict[str, pa.Table]:
    """Answers about every sample, as a model gives them that is right nine times in ten."""
    if "answers" not in spec.needs:
        return {}
    rng = np.random.default_rng(5)
    ids = samples["sample_id"].to_pylist()
    labels = dict(zip(ids, samples["labels"].to_pylist(), strict=True))
    rows = [
        {
            "sample_id": i,
            "about": labels[i][0],
            "text": f"{words} {labels[i][0]}?",
            "kind": "specific",
            "expected": "yes",
            "agree": p,
            "state": "answered",
            "p_yes": p,
        }
        for i in sorted(ids)
        for words in ("Is it", "Is there", "Would you say")
        for p in [0.95 if rng.random() < 0.9 else 0.05]
    ]
    return {"answers": pa.Table.from_pylist(rows, schema=ASKED_SCHEMA)}


def _media(name: str, count: int, rng: np.random.Generator) -> pa.Array:
    kind = MEDIA_SCHEMA.field(name).type
    if name in {"reason", "detail"}:
        return pa.array(["missing" if i == 7 else None for i in range(count)], kind)
    if pa.types.is_string(kind):
        return pa.array([rng.bytes(16).hex() for _ in range(count)], kind)
    if pa.types.is_floating(kind):
        return pa.array(rng.random(count), kind)
    return pa.array(
        rng.integers(0, 2**63, count).astype(np.uint64) if name == "phash" else [1] * count, kind
    )
