"""Calibration: what one temperature mends, what it cannot, and what the checks tell of it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from auditor.ml import calibration
from auditor.ml.calibration import Floats, Ints, Trust

SEEDS = range(10)


def interpolated(seed: int, gap: float) -> tuple[Floats, Ints]:
    """What a network that fits its 400 samples exactly says of 4,000 others.

    Four Gaussians in ten dimensions: two are `gap` apart, all others six.
    """
    rng = np.random.default_rng(seed)
    centres = np.zeros((4, 10))
    centres[1, 0], centres[2, 1], centres[3, 2] = gap, 6, 6

    def drawn(count: int) -> tuple[Floats, Ints]:
        codes = rng.integers(0, 4, count)
        return centres[codes] + rng.normal(size=(count, 10)), codes

    network = MLPClassifier((64,), solver="lbfgs", alpha=1e-6, max_iter=500, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.fit(*drawn(400))
    points, codes = drawn(4000)
    return network.predict_proba(points), codes


def sharpened(seed: int, temperature: float, n: int = 4000) -> tuple[Floats, Ints]:
    """Labels drawn from known probabilities, and these at another temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, 5)) * 2
    right = calibration.softmax(logits)
    codes = (rng.random((n, 1)) > np.cumsum(right, axis=1)).sum(axis=1)
    return calibration.softmax(logits / temperature), codes


def trust(probabilities: Floats, codes: Ints) -> Trust:
    return calibration.examine(probabilities, codes, seed=0).trust


def test_overlap_is_what_a_temperature_cannot_mend() -> None:
    flipped = [trust(*interpolated(seed, gap=0.1)) for seed in SEEDS]
    apart = [trust(*interpolated(seed, gap=6)) for seed in SEEDS]
    count = flipped.count(Trust.TEMPERATURE_INSUFFICIENT)
    print(f"\ninsufficient in {count} of 10 seeds with overlap; apart: {sorted(set(apart))}")
    assert count >= 9
    assert Trust.TEMPERATURE_INSUFFICIENT not in apart


def test_overconfidence_alone_is_mended_and_right_probabilities_are_fine() -> None:
    assert {trust(*sharpened(seed, 0.4)) for seed in SEEDS} == {Trust.TEMPERATURE_ENOUGH}
    assert {trust(*sharpened(seed, 1.0)) for seed in SEEDS} == {Trust.FINE}


@pytest.mark.parametrize("temperature", [0.2, 0.7, 1.0, 1.6, 5.0])
def test_the_temperature_is_found_and_never_worsens_the_likelihood(temperature: float) -> None:
    probabilities, codes = sharpened(0, temperature)
    log = np.log(probabilities)
    found = calibration.fit_temperature(log, codes)
    assert found == pytest.approx(1 / temperature, rel=0.1)
    assert calibration.nll(log, codes, found) <= calibration.nll(log, codes, 1.0)


def test_no_temperature_worsens_the_likelihood_of_nonsense_either() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        log = np.log(rng.dirichlet(np.ones(4) * rng.choice([0.01, 0.3, 5]), 60).clip(1e-12))
        codes = rng.integers(0, 4, 60)
        found = calibration.fit_temperature(log, codes)
        assert calibration.nll(log, codes, found) <= calibration.nll(log, codes, 1.0)


def test_the_numbers_are_those_of_their_definitions() -> None:
    probabilities, codes = sharpened(3, 0.5)
    found = calibration.examine(probabilities, codes, seed=0)
    one_hot = np.eye(5)[codes]
    assert found.before.nll == pytest.approx(log_loss(codes, probabilities))
    assert found.before.brier == pytest.approx(((probabilities - one_hot) ** 2).sum(1).mean())
    assert found.classes.brier.sum() == pytest.approx(found.before.brier)
    confidence, right = probabilities.max(1), probabilities.argmax(1) == codes
    edges = np.linspace(0, 1, calibration.BINS + 1)[1:-1]
    bins = np.digitize(confidence, edges)
    gaps = [abs(confidence[bins == b].sum() - right[bins == b].sum()) for b in np.unique(bins)]
    assert found.before.ece == pytest.approx(sum(gaps) / len(codes))
    assert found.curve.count.sum() == len(codes)
    assert (found.classes.ece_scaled < found.classes.ece).all()


def test_a_pair_that_cannot_be_told_apart_overlaps_by_its_bayes_error() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 9000)
    share = rng.random(9000)
    probabilities = np.eye(3)[codes]
    pair = codes < 2
    probabilities[pair] = np.stack([share, 1 - share, np.zeros(9000)], axis=1)[pair]
    codes[pair] = (rng.random(9000) > share)[pair]
    low, high, overlap = calibration.examine(probabilities, codes, seed=0).overlaps[0]
    assert (low, high) == (0, 1)
    assert overlap == pytest.approx(0.25, abs=0.01)


def test_nothing_to_compare_with_is_said() -> None:
    with pytest.raises(ValueError, match="no samples"):
        calibration.examine(np.empty((0, 3)), np.empty(0, np.int64), seed=0)
