"""The given label against other classes: answers about all of them, one hypothesis right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from auditor.ask.judging import judge
from auditor.ask.reliability import Answers, learn, posterior
from auditor.ask.rivals import contrasted, rivals

N, CLASSES, EACH = 2000, 5, 3
SUBJECTS = np.repeat(np.arange(CLASSES), EACH)
KINDS = np.zeros(CLASSES * EACH, np.int64)
Simulated = tuple[Answers, np.ndarray, np.ndarray]


def simulated(seed: int, hard: float = 1 / 3) -> Simulated:
    """Three questions a class about every sample; a `hard` share of the pictures is hard to make out.

    Returns the answers, whether each label is wrong, and the true classes.
    """
    rng = np.random.default_rng(seed)
    true = rng.integers(CLASSES, size=N)
    wrong = rng.random(N) < 0.2
    given = np.where(wrong, (true + rng.integers(1, CLASSES, N)) % CLASSES, true)
    if_shown = np.where(rng.random(N) < hard, 0.5, 0.95)
    sample, question = (one.ravel() for one in np.indices((N, CLASSES * EACH)))
    subject = SUBJECTS[question]
    share = np.where(subject == true[sample], if_shown[sample], 0.1)
    agree = np.where(rng.random(len(share)) < share, 0.95, 0.05)
    return Answers(sample, question, agree, subject == given[sample]), wrong, true


@pytest.mark.parametrize("seed", range(5))
def test_answers_about_other_classes_help_to_tell_a_wrong_label(seed: int) -> None:
    answers, wrong, _ = simulated(seed)
    judged = judge(answers, KINDS, SUBJECTS, N, 0)
    alone, both = (roc_auc_score(wrong, one) for one in (-judged.ratio, judged.p_error))
    print(f"seed {seed}: about the label {alone:.4f}, about all classes {both:.4f}")
    assert both > alone + 0.005


def test_without_answers_about_other_classes_those_about_the_label_count_alone() -> None:
    answers, _, _ = simulated(0)
    own = answers.of(answers.is_given)
    judged = judge(own, KINDS, SUBJECTS, N, 0)
    np.testing.assert_array_equal(judged.p_error, posterior(judged.ratio, judged.learnt.noise))


def test_a_true_class_that_was_not_asked_about_leaves_a_wrong_label_wrong() -> None:
    """Two of four other classes are asked about; for half of the wrong labels not the true one."""
    answers, wrong, true = simulated(1)
    given = np.zeros(N, np.int64)
    own = answers.of(answers.is_given)
    given[own.sample] = SUBJECTS[own.question]
    apart = (SUBJECTS[answers.question] - given[answers.sample]) % CLASSES
    some = answers.of(answers.is_given | (apart <= 2))
    ratio = contrasted(some, SUBJECTS, learn(some, KINDS), N)
    missed = wrong & ((true - given) % CLASSES > 2)
    assert missed.sum() > 100
    assert roc_auc_score(missed[missed | ~wrong], -ratio[missed | ~wrong]) > 0.9


def test_the_ratio_of_a_rival_is_highest_for_the_true_class() -> None:
    answers, wrong, true = simulated(2)
    found = rivals(answers, SUBJECTS, learn(answers, KINDS))
    table = np.full((N, CLASSES), -np.inf)
    table[found.sample, found.subject] = found.ratio
    assert (table.argmax(axis=1) == true)[wrong].mean() > 0.85


def test_a_picture_of_none_of_the_classes_is_found_though_no_other_class_is_affirmed() -> None:
    answers, _, _ = simulated(3, hard=0.0)
    # So few that the share of such pictures is not learnt from them.
    nothing = np.arange(1)
    denied = np.isin(answers.sample, nothing)
    spoilt = replace(answers, agree=np.where(denied, 0.05, answers.agree))
    judged = judge(spoilt, KINDS, SUBJECTS, N, 0)
    assert (judged.p_error[nothing] > 0.95).all()
