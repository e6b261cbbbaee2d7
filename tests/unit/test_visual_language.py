"""Answers about what pictures show beside their label: kept from what is learnt of a wrong one's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from auditor.checks.labels.visual_language import CHECK, Params
from auditor.model import ASKED_SCHEMA
from tests import label_world

N, EACH = 1_000, 3
NAMES = ("ant", "bee", "cow", "dog")
Pairs = list[tuple[int, int, bool]]
"""Sample, class, whether the picture shows it."""


def answered(pairs: Pairs, seed: int) -> pa.Table:
    """Three questions a class, 95 of 100 answered rightly."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "sample_id": sample,
            "about": NAMES[code],
            "text": f"Is this a {NAMES[code]}, by its part {number}?",
            "kind": "specific",
            "expected": "yes",
            "agree": 0.97 if shown == (rng.random() < 0.95) else 0.03,
        }
        for sample, code, shown in pairs
        for number in range(EACH)
    ]
    return pa.Table.from_pylist(rows, ASKED_SCHEMA)


def judged(*, apart: bool) -> tuple[float, float, float]:
    """The noise found, of 0.05 there is; flagged share of right labels; what wrong classes get."""
    rng = np.random.default_rng(0)
    true = rng.integers(len(NAMES), size=N)
    wrong = rng.random(N) < 0.05
    given = np.where(wrong, (true + 1) % len(NAMES), true)
    two = ~wrong & (rng.random(N) < 0.15)
    own: Pairs = [(i, int(given[i]), bool(~wrong[i])) for i in range(N)]
    own += [(int(i), int(true[i]), True) for i in np.flatnonzero(wrong)]
    own += [(i, int((given[i] + 2) % len(NAMES)), False) for i in range(0, N, 50) if not two[i]]
    beside: Pairs = [(int(i), int((given[i] + 1) % len(NAMES)), True) for i in np.flatnonzero(two)]
    main, further = answered(own, 1), answered(beside, 2)
    tables = (
        {"answers": main, "further_answers": further}
        if apart
        else {"answers": pa.concat_tables([main, further])}
    )
    world = label_world.World(NAMES, {}, Params(), tables=tables)  # type: ignore[arg-type]
    samples = label_world.samples([NAMES[k] for k in given])
    outcome = CHECK.run(samples, world)  # type: ignore[arg-type]
    flagged = outcome.findings["flagged"].to_numpy(zero_copy_only=False)
    numbers = outcome.metrics.to_pylist()
    noise = next(r["value"] for r in numbers if (r["scope"], r["name"]) == ("set", "noise"))
    if_wrong = [r["value"] for r in numbers if r["name"] == "agrees_if_wrong"]
    return noise, float(flagged[~wrong].mean()), float(np.mean(if_wrong))


def test_true_further_classes_make_no_question_bad_and_no_label_doubtful() -> None:
    noise, flagged, if_wrong = judged(apart=True)
    assert abs(noise - 0.05) <= 0.02
    assert flagged <= 0.01
    assert if_wrong <= 0.2
    # Counted as what a wrong class gets, they would.
    assert judged(apart=False)[2] > if_wrong + 0.2
