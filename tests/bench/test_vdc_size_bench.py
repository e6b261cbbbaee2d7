"""How the time of judging answers grows with the data set: no step may go through all for each."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest

from auditor.checks.labels.visual_language import CHECK, Params
from auditor.model import ASKED_SCHEMA, DOUBTS_SCHEMA
from tests import label_world

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]
CLASSES, EACH = 10, 6
NAMES = tuple(f"class {k}" for k in range(CLASSES))
QUESTIONS = np.array(
    [[f"Is this a {name}, by its part {j}?" for j in range(EACH)] for name in NAMES]
)


def seconds(count: int) -> float:
    """For so many samples, a tenth of them labelled wrongly; six answers about the label, and about the true class."""
    rng = np.random.default_rng(0)
    true = rng.integers(CLASSES, size=count)
    wrong = rng.random(count) < 0.1
    given = np.where(wrong, (true + 1) % CLASSES, true)
    sample = np.concatenate([np.arange(count), np.flatnonzero(wrong)]).repeat(EACH)
    code = np.concatenate([given, true[wrong]]).repeat(EACH)
    agrees = rng.random(len(sample)) < np.where(code == true[sample], 0.9, 0.1)
    part = np.tile(np.arange(EACH), len(sample) // EACH)
    answers = pa.table(
        {
            "sample_id": sample,
            "about": np.array(NAMES)[code],
            "text": QUESTIONS[code, part],
            "kind": pa.array(["specific"] * len(sample)),
            "expected": pa.array(["yes"] * len(sample)),
            "agree": np.where(agrees, 0.95, 0.05),
            "state": pa.nulls(len(sample), ASKED_SCHEMA.field("state").type),
            "p_yes": pa.nulls(len(sample), ASKED_SCHEMA.field("p_yes").type),
            "number": pa.nulls(len(sample), ASKED_SCHEMA.field("number").type),
            "reply": pa.nulls(len(sample), ASKED_SCHEMA.field("reply").type),
            "by_person": pa.nulls(len(sample), ASKED_SCHEMA.field("by_person").type),
        },
    ).cast(pa.schema([field.with_nullable(True) for field in ASKED_SCHEMA]))
    shows = np.where(rng.random(count) < 0.9, true, rng.integers(CLASSES, size=count))
    doubts = {
        "sample_id": np.arange(count),
        "p_error": np.where(shows == given, 0.03, 0.8).astype(np.float32),
        "shows": np.array(NAMES)[shows].tolist(),
        "p_shows": rng.uniform(0.6, 1.0, count),
    }
    tables = {"answers": answers, "label_errors": pa.table(doubts, DOUBTS_SCHEMA)}
    world = label_world.World(NAMES, {}, Params(), tables=tables)  # type: ignore[arg-type]
    samples = label_world.samples([NAMES[k] for k in given])
    began = time.perf_counter()
    found = CHECK.run(samples, world).findings  # type: ignore[arg-type]
    took = time.perf_counter() - began
    assert len(found) == count
    print(f"  {count:,} samples, {len(sample):,} answers: {took:.1f} s")
    return took


def test_ten_times_the_samples_take_no_more_than_fifteen_times_as_long() -> None:
    print("\nthe visual-linguistic check on answers that are there:")
    few, many = seconds(20_000), seconds(200_000)
    print(f"  ten times as many take {many / few:.1f} times as long (bar: 15)")
    assert many <= 15 * few
