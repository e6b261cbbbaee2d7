"""Scores: the textbook numbers, intervals that cover, and truth from either source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from auditor.planting import scoring
from auditor.planting.base import PlantingError
from auditor.planting.scoring import Flags, Floats
from auditor.planting.truth import TRUTH_SCHEMA, Truth


def case(seed: int, rows: int = 200, levels: int = 12) -> tuple[Floats, Flags, Flags]:
    rng = np.random.default_rng(seed)
    truth = rng.random(rows) < 0.2
    quality = np.round(np.clip(rng.normal(0.6 - 0.3 * truth, 0.2), 0, 1) * levels) / levels
    return quality, quality < 0.4, truth


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), levels=st.integers(1, 300))
def test_the_numbers_agree_with_scikit_learn_even_with_ties(seed: int, levels: int) -> None:
    quality, flagged, truth = case(seed, levels=levels)
    found = scoring.score(quality, flagged, truth)
    assert found.average_precision.value == pytest.approx(
        metrics.average_precision_score(truth, -quality)
    )
    assert found.auroc.value == pytest.approx(metrics.roc_auc_score(truth, -quality))
    if flagged.any():
        assert found.precision.value == pytest.approx(metrics.precision_score(truth, flagged))
        assert found.f1.value == pytest.approx(metrics.f1_score(truth, flagged))
    assert found.tpr.value == pytest.approx(metrics.recall_score(truth, flagged))
    assert found.fpr.value == pytest.approx(flagged[~truth].mean())


def test_a_perfect_and_a_hopeless_order() -> None:
    truth = np.array([True] * 3 + [False] * 7)
    perfect = scoring.score(np.arange(10) / 10, truth, truth)
    assert perfect.average_precision.value == perfect.auroc.value == perfect.f1.value == 1.0
    assert perfect.precision_at[3].value == 1.0
    hopeless = scoring.score(np.arange(10)[::-1] / 10, ~truth, truth)
    assert hopeless.auroc.value == hopeless.tpr.value == hopeless.precision_at[3].value == 0.0
    assert hopeless.fpr.value == 1.0
    assert perfect.null_average_precision == pytest.approx(0.3)


def test_a_random_order_scores_the_null_baseline() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(20_000) < 0.1
    found = scoring.score(rng.random(20_000), rng.random(20_000) < 0.5, truth)
    assert found.average_precision.value == pytest.approx(found.null_average_precision, abs=0.01)
    assert found.auroc.value == pytest.approx(0.5, abs=0.02)


def test_the_first_k_share_a_tie_evenly() -> None:
    truth = np.array([True, False, True, False])
    found = scoring.score(np.array([0.1, 0.5, 0.5, 0.9]), truth, truth)
    assert found.precision_at[2].value == pytest.approx((1 + 0.5) / 2)


def test_wilsons_interval_is_the_published_one() -> None:
    found = scoring.wilson(81, 263)  # Newcombe (1998), table I
    assert found.low == pytest.approx(0.2553, abs=5e-5)
    assert found.high == pytest.approx(0.3662, abs=5e-5)
    assert scoring.wilson(0, 20).low == 0.0
    assert scoring.wilson(0, 0).value is None


def test_the_interval_of_average_precision_covers_it_most_of_the_time() -> None:
    quality, flagged, truth = case(1, rows=40_000, levels=10**6)
    whole = scoring.score(quality, flagged, truth).average_precision.value
    assert whole is not None
    covered = 0
    for start in range(0, 40_000, 800):
        part = slice(start, start + 800)
        found = scoring.score(
            quality[part], flagged[part], truth[part], seed=start
        ).average_precision
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= whole <= found.high
    assert covered >= 44  # 95 % of 50 is 47.5


def test_the_same_seed_gives_the_same_intervals_and_bad_input_is_refused() -> None:
    quality, flagged, truth = case(3)
    arrays = quality, flagged, truth
    assert scoring.score(*arrays, seed=1) == scoring.score(*arrays, seed=1)
    assert scoring.score(*arrays, seed=1) != scoring.score(*arrays, seed=2)
    with pytest.raises(ValueError, match="one value for each"):
        scoring.score(arrays[0][:5], *arrays[1:])
    with pytest.raises(ValueError, match="one value for each"):
        scoring.score(np.where(arrays[0] > 0.5, np.nan, arrays[0]), *arrays[1:])


def test_undefined_numbers_are_none_in_json() -> None:
    nothing = np.zeros(5, bool)
    plain = scoring.score(np.ones(5), nothing, nothing).to_json()
    assert plain["average_precision"] is plain["tpr"] is plain["precision"] is plain["f1"] is None
    assert plain["fpr"] == 0.0
    assert plain["intervals"]["fpr"][1] > 0.3
    empty = scoring.score(np.ones(0), nothing[:0], nothing[:0]).to_json()
    assert empty["samples"] == 0
    assert empty["auroc"] is None


def planted(*rows: tuple[str, int | None, str]) -> Truth:
    table = pa.Table.from_pylist(
        [{"path": p, "row": r, "occurrence": 0, "kind": k, "detail": "{}"} for p, r, k in rows],
        TRUTH_SCHEMA,
    )
    return Truth(table, Path(), (), ())


SAMPLES = pa.table(
    {
        "path": ["a", "b", "b", "c"],
        "row": pa.array([None, 0, 1, None], pa.int64()),
        "occurrence": [0, 0, 0, 0],
    }
)


def test_planted_samples_are_found_by_path_row_and_kind() -> None:
    truth = planted(("b", 1, "flip_pair"), ("c", None, "dark"))
    flips = scoring.is_planted(SAMPLES, truth, scoring.kinds_for("label_errors"))
    assert flips.tolist() == [False, False, True, False]
    assert scoring.is_planted(SAMPLES, truth, ("dark",)).tolist() == [False, False, False, True]
    with pytest.raises(PlantingError, match="not in the project"):
        scoring.is_planted(SAMPLES, planted(("z", None, "dark")), ("dark",))


def test_label_errors_are_scored_against_what_changes_labels() -> None:
    kinds = scoring.kinds_for("label_errors")
    assert set(kinds) == {
        "flip_symmetric", "flip_asymmetric", "flip_pair",
        "trigger_patch", "trigger_blend", "trigger_sinusoid", "trigger_warp",
    }  # fmt: skip
    assert scoring.kinds_for("label_errors", ["dark"]) == ("dark",)
    with pytest.raises(PlantingError, match="There is no kind"):
        scoring.kinds_for("label_errors", ["gloom"])


def test_mislabelled_is_whatever_differs_from_a_known_true_label() -> None:
    given = [["cat"], ["cat"], [], ["cat", "dog"], ["cat"]]
    true = ["cat", "dog", "dog", "cat", None]
    assert scoring.is_mislabelled(given, true).tolist() == [False, True, True, True, False]
