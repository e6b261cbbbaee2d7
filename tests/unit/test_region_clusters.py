"""Clusters of crops that look alike: what they say of a crop, and of what they were not told."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.checks.base import Cancelled
from auditor.ml.region_clusters import RegionClusters, cluster
from tests import label_world

CLASSES, FOLDS = 4, 5


def learnt(
    vectors: np.ndarray, codes: np.ndarray, seed: int = 0
) -> tuple[RegionClusters, np.ndarray]:
    folds = np.arange(len(codes)) % FOLDS
    found = cluster(vectors, codes, folds, CLASSES, seed, lambda _done, _total: None)
    return found, folds


def said(found: RegionClusters, folds: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(n, K) probabilities."""
    (answer,) = found.log_probabilities_of(folds, vectors[:, None]).exp().numpy()
    return np.asarray(answer[:, 0])


def mixed(rows: int, *, apart: float = 6.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    vectors, codes = label_world.blobs(rows, CLASSES, apart=apart, seed=seed)
    order = np.random.default_rng(9).permutation(rows)
    return vectors[order], codes[order]


def test_a_crop_is_of_the_class_that_crops_like_it_come_from() -> None:
    vectors, codes = mixed(2_000)
    found, folds = learnt(vectors, codes)
    probabilities = said(found, folds, vectors)
    assert (probabilities.argmax(axis=1) == codes).mean() >= 0.98
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_nothing_is_said_of_crops_that_come_from_pictures_of_all_classes() -> None:
    """Half of the crops show a background that every class has."""
    vectors, codes = mixed(4_000)
    background = np.random.default_rng(3).random(len(codes)) < 0.5
    vectors[background] = 9 + np.random.default_rng(4).normal(size=vectors[background].shape)
    found, folds = learnt(vectors, codes)
    probabilities = said(found, folds, vectors)
    assert probabilities[background].max(axis=1).mean() <= 0.4
    assert (probabilities[~background].argmax(axis=1) == codes[~background]).mean() >= 0.95


def test_what_is_said_of_a_fold_was_not_learnt_from_it() -> None:
    """Codes drawn by lot cannot be told by others; those of one's own fold could be remembered."""
    vectors, _ = mixed(400)
    codes = np.random.default_rng(5).integers(CLASSES, size=len(vectors))
    found, folds = learnt(vectors, codes)
    own = said(found, folds, vectors)[np.arange(len(codes)), codes].mean()
    other = said(found, (folds + 1) % FOLDS, vectors)[np.arange(len(codes)), codes].mean()
    assert own <= 1 / CLASSES + 0.01
    assert other > own + 0.01


def test_the_same_seed_gives_the_same_clusters() -> None:
    vectors, codes = mixed(1_000)
    one, two = (said(*learnt(vectors, codes, seed=7), vectors) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_a_cancel_ends_the_search() -> None:
    vectors, codes = mixed(1_000)

    def stop(done: int, _total: int) -> None:
        if done > 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        cluster(vectors, codes, np.arange(len(codes)) % FOLDS, CLASSES, 0, stop)


@pytest.mark.parametrize("rows", [2, 5, 30])
def test_few_crops_make_few_clusters(rows: int) -> None:
    vectors, codes = mixed(rows)
    folds = np.arange(rows) % 2
    found = cluster(vectors, codes, folds, CLASSES, 0, lambda _done, _total: None)
    probabilities = said(found, folds, vectors)
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
