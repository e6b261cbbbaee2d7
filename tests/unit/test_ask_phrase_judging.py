"""A caption is judged by what each wrong phrase would explain, and that phrase is named."""

from __future__ import annotations

import numpy as np

from auditor.ask.phrase_judging import Captions, judge
from auditor.ask.reliability import Answers

COUNT = 400
PHRASES = ("a red dog", "a bench", "a red dog next to a bench", "A red dog next to a bench today.")


def simulated(right: float = 0.9) -> tuple[Answers, Captions, np.ndarray]:
    """Two answers about each phrase, right in nine of ten; of a fifth the bench is not there."""
    rng = np.random.default_rng(0)
    wrong = rng.random(COUNT) < 0.2
    sample = np.repeat(np.arange(COUNT), len(PHRASES))
    has_bench = np.tile([False, True, True, True], COUNT)
    unit = np.repeat(np.arange(len(sample)), 2)
    misfit = (wrong[sample] & has_bench)[unit]
    agrees = (rng.random(len(unit)) < right) != misfit
    form = np.tile([0, 1], len(sample))
    answers = Answers(unit, form, np.where(agrees, 0.95, 0.05), np.ones(len(unit), bool))
    return answers, Captions.of(sample, list(PHRASES) * COUNT, COUNT), wrong


def test_one_answer_that_errs_is_no_wrong_caption_and_the_missing_thing_is_named() -> None:
    answers, captions, wrong = simulated()
    judged = judge(answers, 2, captions)
    flagged = judged.p_error > 0.5
    assert flagged[wrong].mean() > 0.95
    assert flagged[~wrong].mean() < 0.05
    assert abs(judged.noise - wrong.mean()) < 0.05
    blamed = judged.by_phrase.reshape(COUNT, -1).argmax(axis=1)
    # Where one of the two answers about the bench errs, what is said of it is as likely to blame.
    assert (blamed[wrong & flagged] == 1).mean() > 0.7
    assert (blamed[wrong & flagged] > 0).mean() > 0.95
    np.testing.assert_allclose(judged.by_phrase.reshape(COUNT, -1).sum(axis=1), judged.p_error)
    assert (judged.low <= judged.p_error).all()
    assert (judged.p_error <= judged.high).all()


def test_a_caption_that_nothing_is_known_of_is_as_likely_wrong_as_any() -> None:
    answers, captions, _ = simulated()
    judged = judge(answers.of(answers.sample >= len(PHRASES)), 2, captions)
    assert abs(judged.p_error[0] - judged.noise) < 0.01


def test_where_nothing_fits_the_whole_is_to_blame() -> None:
    answers, captions, _ = simulated()
    swapped = np.where(answers.sample < len(PHRASES), 0.05, answers.agree)
    judged = judge(
        Answers(answers.sample, answers.question, swapped, answers.is_given), 2, captions
    )
    assert judged.p_error[0] > 0.9
    assert judged.by_phrase[: len(PHRASES)].argmax() == 3
