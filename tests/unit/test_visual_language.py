"""Answers about what pictures show beside their label: kept from what is learnt of a wrong one's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sklearn.metrics import average_precision_score

from auditor.checks.base import Outcome
from auditor.checks.labels.visual_language import CHECK, Params
from auditor.model import ASKED_SCHEMA, DOUBTS_SCHEMA
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


@dataclass(frozen=True)
class Seen:
    """Pictures of four classes, what the label check makes of them, and answers to one question a class."""

    given: npt.NDArray[np.int64]
    wrong: npt.NDArray[np.bool_]
    doubts: pa.Table
    answers: pa.Table

    def outcome(self, answers: pa.Table) -> Outcome:
        tables = {"answers": answers, "label_errors": self.doubts}
        world = label_world.World(NAMES, {}, Params(), tables=tables)  # type: ignore[arg-type]
        samples = label_world.samples([NAMES[k] for k in self.given])
        return CHECK.run(samples, world)  # type: ignore[arg-type]

    def average_precision(self, outcome: Outcome) -> tuple[float, float]:
        """Of the label check and of both, among the samples that there are answers of."""
        found = outcome.findings
        ids = found["sample_id"].to_numpy()
        alone = self.doubts["p_error"].to_numpy()[ids]
        scores = (alone, found["p_error"].to_numpy())
        return tuple(average_precision_score(self.wrong[ids], one) for one in scores)


def seen(*, repeats: bool, count: int = 4_000, noise: float = 0.3) -> Seen:
    """The answers look at what the label check looks at and add noise, or look for themselves."""
    rng = np.random.default_rng(0)
    true = rng.integers(len(NAMES), size=count)
    given = np.where(rng.random(count) < noise, rng.integers(len(NAMES), size=count), true)
    one_hot = np.eye(len(NAMES))[true]
    looks = 3 * (one_hot + rng.normal(0, 0.5, one_hot.shape))
    other = looks if repeats else 3 * (one_hot + rng.normal(0, 0.5, one_hot.shape))
    odds = 4 / 3 * (looks - looks.mean(axis=1, keepdims=True))
    p = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    own = p[np.arange(count), given]
    right = own * (1 - noise) / (own * (1 - noise) + (1 - own) * noise / 3)
    doubts = pa.table(
        {
            "sample_id": np.arange(count),
            "p_error": (1 - right).astype(np.float32),
            "shows": [NAMES[k] for k in p.argmax(axis=1)],
            "p_shows": p.max(axis=1),
        },
        DOUBTS_SCHEMA,
    )
    says = other - other.mean(axis=1, keepdims=True) + rng.normal(0, 1.0, looks.shape)
    agree = 1 / (1 + np.exp(-2 * says))
    rows = [
        {
            "sample_id": i,
            "about": NAMES[k],
            "text": f"Is this a {NAMES[k]}?",
            "kind": "general",
            "expected": "yes",
            "agree": agree[i, k],
        }
        for i in range(count)
        for k in dict.fromkeys((given[i], p[i].argmax()))
    ]
    return Seen(given, given != true, doubts, pa.Table.from_pylist(rows, ASKED_SCHEMA))


def test_answers_that_repeat_the_label_check_do_not_spoil_it_and_others_help() -> None:
    for repeats, least_gain, weight in ((True, -0.002, 0.0), (False, 0.02, 1.0)):
        data = seen(repeats=repeats)
        outcome = data.outcome(data.answers)
        label, both = data.average_precision(outcome)
        assert both >= label + least_gain
        numbers = {row["name"]: row["value"] for row in outcome.metrics.to_pylist()}
        assert numbers["answers_weight"] == pytest.approx(weight, abs=0.1)
        assert numbers["label_check_weight"] >= 0.9


@pytest.mark.parametrize("repeats", [False, True])
def test_asking_only_about_doubtful_labels_makes_the_label_check_count_no_less(
    repeats: bool,
) -> None:
    """Of clear pictures only those with another label are asked about: that says nothing of the label check."""
    data = seen(repeats=repeats)
    another = np.array(data.doubts["shows"]) != np.array(NAMES)[data.given]
    doubtful = np.flatnonzero((data.doubts["p_error"].to_numpy() > 0.05) | another)
    asked = data.answers.filter(pc.is_in(data.answers["sample_id"], pa.array(doubtful)))
    label, both = data.average_precision(data.outcome(asked))
    assert both >= label - 0.002
