"""Merging votes: what comes out where the truth is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import cohen_kappa_score

from auditor.ml import consensus, kappa, multiannotator
from auditor.ml.consensus import NO_MAYBE_YES, Known, Votes

Ints = npt.NDArray[np.int64]


def answered(truth: Ints, confusion: npt.NDArray[np.float64], seed: int = 0) -> Votes:
    """Every annotator of `confusion` (annotators, 2, 3) answers every question."""
    draw = np.random.default_rng(seed)
    who, asked = np.meshgrid(np.arange(len(confusion)), np.arange(len(truth)), indexing="ij")
    chances = confusion[who.ravel(), truth[asked.ravel()]].cumsum(1)
    said = (draw.random(len(chances))[:, None] > chances).sum(1)
    return Votes(who.ravel(), asked.ravel(), said, len(confusion), len(truth), NO_MAYBE_YES)


GOOD = [[0.9, 0.07, 0.03], [0.05, 0.1, 0.85]]
WEAK = [[0.6, 0.1, 0.3], [0.3, 0.1, 0.6]]
CONTRARY = [[0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]


def truth_of(questions: int) -> Ints:
    return (np.random.default_rng(1).random(questions) < 0.3).astype(np.int64)


def test_dawid_skene_finds_each_annotators_errors_and_beats_the_share() -> None:
    truth = truth_of(3000)
    real = np.array([GOOD, WEAK, WEAK, CONTRARY, GOOD])
    votes = answered(truth, real)
    fit = consensus.dawid_skene(votes)
    assert np.abs(fit.confusion - real).max() < 0.04
    assert fit.prior[1] == pytest.approx(0.3, abs=0.03)
    right = ((fit.posterior[:, 1] > 0.5) == truth).mean()
    assert right > ((consensus.shares(votes)[:, 1] > 0.5) == truth).mean() + 0.05
    assert list(np.argsort(consensus.quality(fit, NO_MAYBE_YES))[:1]) == [3]


def test_one_who_answered_once_is_taken_for_an_average_annotator() -> None:
    truth = truth_of(500)
    votes = answered(truth, np.array([GOOD, GOOD, GOOD]))
    more = Votes(
        np.append(votes.annotator, 3), np.append(votes.question, 0), np.append(votes.answer, 2),
        4, 500, NO_MAYBE_YES,
    )  # fmt: skip
    fit = consensus.dawid_skene(more, weight=50.0)
    assert np.abs(fit.confusion[3] - fit.confusion[:3].mean(0)).max() < 0.03


def test_gold_questions_keep_their_state_and_teach_the_others() -> None:
    truth = truth_of(400)
    votes = answered(truth, np.array([CONTRARY, CONTRARY, GOOD]))
    alone = consensus.dawid_skene(votes).posterior[:, 1] > 0.5
    gold = Known(np.arange(100), truth[:100])
    taught = consensus.dawid_skene(votes, gold).posterior[:, 1]
    assert (taught[:100] == truth[:100]).all()
    assert (alone == truth).mean() < 0.2  # two of three err: only gold can tell
    assert ((taught[100:] > 0.5) == truth[100:]).mean() > 0.9


def test_a_question_that_nobody_answered_keeps_the_prior() -> None:
    votes = Votes(np.array([0, 1]), np.array([0, 0]), np.array([2, 2]), 2, 3, NO_MAYBE_YES)
    fit = consensus.dawid_skene(votes)
    assert np.allclose(fit.posterior[1:], fit.prior, atol=0.35)
    assert np.isfinite(fit.posterior).all()
    assert consensus.shares(votes)[1].tolist() == [0.5, 0.5]


def test_the_order_of_the_votes_does_not_matter() -> None:
    votes = answered(truth_of(200), np.array([GOOD, WEAK]))
    mixed = np.random.default_rng(2).permutation(len(votes.answer))
    other = Votes(
        votes.annotator[mixed], votes.question[mixed], votes.answer[mixed], 2, 200, NO_MAYBE_YES
    )
    one, two = consensus.dawid_skene(votes), consensus.dawid_skene(other)
    assert np.allclose(one.posterior, two.posterior, atol=1e-9)


def test_the_threshold_decides_most_gold_rightly() -> None:
    scores = np.array([0.1, 0.2, 0.7, 0.8, 0.9, 0.9])
    truth = np.array([False, False, False, True, True, False])
    cut = consensus.threshold(scores, truth)
    assert cut == pytest.approx(0.75)
    assert consensus.threshold(np.array([0.3]), np.array([True])) < 0.3
    assert consensus.threshold(np.array([0.3]), np.array([False])) >= 0.3
    with pytest.raises(ValueError, match="no gold"):
        consensus.threshold(np.array([]), np.array([], bool))


def test_cohens_kappa_is_scikit_learns() -> None:
    draw = np.random.default_rng(3)
    one = draw.integers(0, 4, 300)
    two = np.where(draw.random(300) < 0.6, one, draw.integers(0, 4, 300))
    assert kappa.cohen(one, two, 4) == pytest.approx(cohen_kappa_score(one, two), abs=1e-12)
    assert np.isnan(kappa.cohen(np.zeros(5, int), np.zeros(5, int), 2))


def test_fleiss_kappa_gives_the_figure_of_the_paper() -> None:
    # Fleiss 1971's example as often reprinted: ten subjects, fourteen raters, five categories.
    counts = np.array(
        [
            [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
        ]
    )  # fmt: skip
    assert kappa.fleiss(counts) == pytest.approx(0.210, abs=5e-4)
    lonely = np.vstack([counts, [[1, 0, 0, 0, 0]]])
    assert kappa.fleiss(lonely) == kappa.fleiss(counts)


def test_cleanlab_weighs_two_annotators_with_a_model() -> None:
    draw = np.random.default_rng(4)
    truth = draw.integers(0, 3, 400)
    labels = np.stack([np.where(draw.random(400) < 0.8, truth, draw.integers(0, 3, 400))] * 2, 1)
    labels[:, 1] = np.where(draw.random(400) < 0.6, truth, draw.integers(0, 3, 400))
    known = labels.astype(float)
    known[:50, 1] = np.nan
    probabilities = np.full((400, 3), 0.1)
    probabilities[np.arange(400), truth] = 0.8
    found = multiannotator.consensus(known, probabilities)
    assert (found.label == truth).mean() > (labels[:, 0] == truth).mean()
    assert found.annotator_quality[0] > found.annotator_quality[1]
