"""What answers say of a label: the vote, the questions' worth, and the probability of an error."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from auditor.ask.judging import judge, vote
from auditor.ask.reliability import Answers

N, Q = 3000, 6
ONE_KIND = ONE_SUBJECT = np.zeros(Q, np.int64)
Simulated = tuple[Answers, np.ndarray]


def simulated(seed: int, *, useless: int = 0, noise: float = 0.2) -> Simulated:
    """Six questions a sample; `useless` of them answered by chance; the others right in nine of ten."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(N) < noise
    if_right, if_wrong = np.full(Q, 0.9), np.full(Q, 0.15)
    if_right[:useless] = if_wrong[:useless] = 0.5
    share = np.where(wrong[:, None], if_wrong, if_right)
    drawn = rng.random((N, Q)) < share
    sample, question = np.divmod(np.arange(N * Q), Q)
    agree = np.where(drawn, 0.95, 0.05).ravel()
    return Answers(sample, question, agree, np.ones(N * Q, bool)), wrong


def test_an_unknown_answer_is_no_vote_and_none_is_no_score() -> None:
    answers = Answers(
        np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.9, 0.2, 0.9]), np.ones(3, bool)
    )
    found = vote(answers, 3)
    assert found.score[:2].tolist() == [0.5, 1.0]
    assert np.isnan(found.score[2])
    assert found.tie.tolist() == [True, False, False]


def test_answers_about_other_classes_do_not_vote() -> None:
    answers = Answers(
        np.array([0, 0]), np.array([0, 1]), np.array([0.9, 0.1]), np.array([True, False])
    )
    assert vote(answers, 1).score.tolist() == [1.0]


@pytest.mark.parametrize("seed", range(5))
def test_with_two_of_six_questions_useless_the_ratio_beats_the_vote(seed: int) -> None:
    answers, wrong = simulated(seed, useless=2)
    judged = judge(answers, ONE_KIND, ONE_SUBJECT, N, 0)
    by_vote = roc_auc_score(wrong, -vote(answers, N).score)
    by_ratio = roc_auc_score(wrong, judged.p_error)
    print(f"seed {seed}: vote {by_vote:.4f}, likelihood ratio {by_ratio:.4f}")
    assert by_ratio > by_vote
    assert judged.learnt.used.tolist() == [False, False, True, True, True, True]


@pytest.mark.parametrize("seed", range(5))
def test_unsure_answers_are_told_apart_as_well(seed: int) -> None:
    """Probabilities anywhere between 0.6 and 1, as models give them, and two questions useless."""
    answers, wrong = simulated(seed, useless=2)
    sure = np.random.default_rng(seed + 100).uniform(0.6, 1.0, N * Q)
    soft = np.where(answers.agree > 0.5, sure, 1 - sure)
    unsure = Answers(answers.sample, answers.question, soft, answers.is_given)
    judged = judge(unsure, ONE_KIND, ONE_SUBJECT, N, 0)
    assert roc_auc_score(wrong, judged.p_error) > roc_auc_score(wrong, -vote(unsure, N).score)
    assert judged.learnt.used[2:].all()


def test_the_noise_and_the_probabilities_are_those_of_the_simulation() -> None:
    answers, wrong = simulated(1)
    judged = judge(answers, ONE_KIND, ONE_SUBJECT, N, 0)
    assert judged.noise_low - 0.01 <= wrong.mean() <= judged.noise_high + 0.01
    bins = np.minimum((judged.p_error * 10).astype(int), 9)
    gaps = [
        abs(judged.p_error[bins == b].mean() - wrong[bins == b].mean()) * (bins == b).mean()
        for b in np.unique(bins)
    ]
    assert sum(gaps) < 0.03


def test_a_sample_without_answers_has_the_sets_noise() -> None:
    answers, _ = simulated(3)
    judged = judge(answers, ONE_KIND, ONE_SUBJECT, N + 1, 0)
    assert judged.p_error[N] == pytest.approx(judged.learnt.noise)


def test_no_answers_at_all_judge_nothing() -> None:
    none = Answers(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, bool))
    judged = judge(none, ONE_KIND[:2], ONE_SUBJECT[:2], 4, 0)
    assert not judged.learnt.used.any()
    assert (judged.p_error < 0.01).all()


def test_the_order_of_answers_does_not_matter() -> None:
    answers, _ = simulated(4)
    order = np.random.default_rng(0).permutation(len(answers.sample))
    mixed = Answers(
        answers.sample[order], answers.question[order], answers.agree[order], answers.is_given
    )
    first, second = (judge(one, ONE_KIND, ONE_SUBJECT, N, 0) for one in (answers, mixed))
    np.testing.assert_allclose(first.p_error, second.p_error, atol=1e-6)


def test_a_useless_answerer_leaves_the_other_checks_probability() -> None:
    answers, wrong = simulated(5, useless=Q)
    p_label = _label_check(wrong)
    judged = judge(answers, ONE_KIND, ONE_SUBJECT, N, 0, p_label)
    np.testing.assert_allclose(judged.p_error, p_label, atol=0.02)


def test_two_views_together_beat_each_alone() -> None:
    answers, wrong = simulated(6)
    p_label = _label_check(wrong)
    judged = judge(answers, ONE_KIND, ONE_SUBJECT, N, 0, p_label)
    fused = roc_auc_score(wrong, judged.p_error)
    assert fused > max(roc_auc_score(wrong, p_label), roc_auc_score(wrong, judged.by_answers))
    assert (judged.low <= judged.p_error).all()
    assert (judged.p_error <= judged.high).all()


def test_a_sample_that_nothing_is_said_of_keeps_what_was_believed() -> None:
    answers, wrong = simulated(7)
    believed = np.append(_label_check(wrong), 0.37)
    judged = judge(answers, ONE_KIND, ONE_SUBJECT, N + 1, 0, believed)
    assert judged.p_error[N] == pytest.approx(0.37)


def _label_check(wrong: np.ndarray) -> np.ndarray:
    """Calibrated probabilities that know nothing of the answers."""
    rng = np.random.default_rng(1)
    odds = 1.7 * (rng.normal(size=len(wrong)) + 1.7 * wrong) - 1.7**2 / 2 + np.log(0.2 / 0.8)
    p_label: np.ndarray = 1 / (1 + np.exp(-odds))
    return p_label


@pytest.mark.parametrize("seed", range(5))
def test_questions_marked_the_wrong_way_count_the_other_way_round(seed: int) -> None:
    """A third of the questions expects the wrong answer: as good as if they expected the right one."""
    answers, wrong = simulated(seed)
    marked_wrongly = np.arange(Q) < 2
    spoilt = answers.turned(marked_wrongly)
    whole, judged = (judge(one, ONE_KIND, ONE_SUBJECT, N, 0) for one in (answers, spoilt))
    assert judged.learnt.backward.tolist() == marked_wrongly.tolist()
    assert judged.learnt.used.all()
    assert not whole.learnt.backward.any()
    np.testing.assert_allclose(judged.p_error, whole.p_error, atol=1e-6)
    by_vote = roc_auc_score(wrong, -vote(spoilt, N).score)
    assert roc_auc_score(wrong, judged.p_error) > by_vote + 0.02


@pytest.mark.parametrize("seed", range(5))
def test_no_useless_question_counts_the_other_way_round(seed: int) -> None:
    answers, _ = simulated(seed, useless=3)
    assert not judge(answers, ONE_KIND, ONE_SUBJECT, N, 0).learnt.backward.any()
