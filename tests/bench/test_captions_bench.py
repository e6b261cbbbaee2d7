"""How well a wrong phrase of a caption is found, where answers are right nine times in ten.

A simulation of the answers, not of a model: it says what the judging makes of them.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from auditor import checks
from auditor.ask.captions import questions_of
from auditor.checks.base import parameters
from auditor.model import ASKED_SCHEMA, LABELS
from auditor.planting.scoring import wilson
from tests.contract.context import Context

pytestmark = pytest.mark.bench

COLOURS = ("red", "blue", "green", "white")
THINGS = ("dog", "car", "umbrella", "bench", "boat", "lamp")
COUNT, WRONG, RIGHT = 2000, 0.2, 0.9


@pytest.mark.parametrize("seed", range(2))
def test_the_wrong_phrase_is_found_and_named(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wrong = rng.random(COUNT) < WRONG
    rows: list[dict[str, Any]] = []
    changed = []
    for sample in range(COUNT):
        first, second = rng.choice(THINGS, 2, replace=False)
        colour = rng.choice(COLOURS)
        # Of a wrong caption the second thing is not in the picture.
        changed.append(second if wrong[sample] else "")
        for one in questions_of(f"A {colour} {first} next to a {second} on the grass."):
            misfit = bool(wrong[sample]) and second in one.about
            fits = (rng.random() < RIGHT) != misfit
            p = float(np.clip(rng.normal(0.92 if fits else 0.08, 0.05), 0, 1))
            rows.append(_row(sample, one.about, one.text, str(one.kind), one.expected, p))
    outcome = _judged(rows)
    found = outcome.findings
    flagged = np.array(found["flagged"])
    p_error = np.array(found["p_error"])
    named = [json.loads(text)["phrases"][:1] for text in found["evidence"].to_pylist()]
    hits = np.flatnonzero(flagged & wrong)
    right = sum(changed[i] in named[i][0][0] for i in hits)
    print(
        f"\nseed {seed}: AUROC {roc_auc_score(wrong, p_error):.4f}"
        f"  TPR {_told(flagged[wrong])}  FPR {_told(flagged[~wrong])}"
        f"  phrase named {_told(np.arange(len(hits)) < right)}"
    )
    assert right / len(hits) >= 0.7


def _row(sample: int, about: str, text: str, kind: str, expected: str, p: float) -> dict[str, Any]:
    facts = {"sample_id": sample, "about": about, "text": text, "kind": kind, "expected": expected}
    return {**facts, "agree": p, "state": "answered", "p_yes": p}


def _judged(rows: list[dict[str, Any]]) -> Any:
    check = checks.load("caption_fit")
    samples = pa.table(
        {
            "sample_id": pa.array(range(COUNT), pa.int64()),
            "labels": pa.array([[]] * COUNT, LABELS),
            "split": pa.nulls(COUNT, pa.string()),
            "group": pa.nulls(COUNT, pa.string()),
        }
    )
    told = {"answers": pa.Table.from_pylist(rows, schema=ASKED_SCHEMA)}
    return check.run(samples, Context(parameters(check.spec, {}), {}, told))


def _told(part: Any) -> str:
    found = wilson(float(np.sum(part)), len(part))
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
