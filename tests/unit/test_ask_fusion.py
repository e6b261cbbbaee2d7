"""What questions are worth without true labels, and one probability from two views."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from auditor.ask import reliability
from auditor.ask.fusion import Weights, by_the_views, fuse
from auditor.ask.judging import vote
from auditor.ask.reliability import Answers

Floats = npt.NDArray[np.float64]
CLASSES, PER_CLASS, ROWS, NOISE = 10, 6, 2000, 0.2
KINDS = np.arange(CLASSES * PER_CLASS) % PER_CLASS


@dataclass(frozen=True)
class Made:
    """Soft answers to six questions about the given label, of which `useless` mean nothing."""

    wrong: npt.NDArray[np.bool_]
    sample: npt.NDArray[np.int64]
    question: npt.NDArray[np.int64]
    agree: Floats
    label_check: Floats
    """Calibrated, and independent of the answers given the truth."""

    @property
    def answers(self) -> Answers:
        return Answers(self.sample, self.question, self.agree, np.ones(len(self.sample), bool))

    def learn(self, believed: Floats | None = None) -> reliability.Reliability:
        return reliability.learn(self.answers, KINDS, believed)

    def ratios(self, learnt: reliability.Reliability) -> Floats:
        return reliability.ratios(self.answers, learnt, ROWS)

    def views(self) -> tuple[Floats, Floats]:
        """The answers' ratio by others' worth, and their own probability."""
        learnt = self.learn(self.label_check)
        unseen = reliability.unseen_ratios(
            self.answers,
            KINDS,
            self.label_check,
            lambda some, by: reliability.ratios(some, by, ROWS),
        )
        return unseen, reliability.posterior(self.ratios(learnt), learnt.noise)


def made(seed: int, *, useless: int = 0, repeat: float = 0.0, apart: float = 2.0) -> Made:
    draw = np.random.default_rng(seed)
    given, wrong = np.arange(ROWS) % CLASSES, draw.random(ROWS) < NOISE
    repeats, first = draw.random(ROWS) < repeat, draw.random(ROWS) < np.where(wrong, 0.2, 0.8)
    columns = []
    for j in range(PER_CLASS):
        says = draw.random(ROWS) < np.where(wrong, 0.2, 0.8)
        says = np.where(repeats, first, says)
        if j >= PER_CLASS - useless:
            says = draw.random(ROWS) < 0.5
        strength = draw.uniform(0.6, 1.0, ROWS)
        columns.append(np.where(says, strength, 1 - strength))
    odds = apart * (draw.normal(size=ROWS) + apart * wrong) - apart**2 / 2
    odds += np.log(NOISE / (1 - NOISE))
    question = (given[:, None] * PER_CLASS + np.arange(PER_CLASS)).ravel()
    sample = np.repeat(np.arange(ROWS), PER_CLASS)
    label_check = 1 / (1 + np.exp(-odds))
    return Made(wrong, sample, question, np.stack(columns, axis=1).ravel(), label_check)


def fused_by_the_views(p_label: Floats, ratio: Floats, p_answers: Floats) -> Floats:
    return fuse(p_label, ratio, p_answers, by_the_views(p_label, ratio))


def precision(world: Made, p: Floats) -> float:
    return float(average_precision_score(world.wrong, p))


def calibration_error(world: Made, p: Floats) -> float:
    bins = np.minimum((p * 15).astype(int), 14)
    return float(
        sum(
            abs(p[bins == b].mean() - world.wrong[bins == b].mean()) * (bins == b).mean()
            for b in np.unique(bins)
        )
    )


def test_two_unreliable_questions_harm_the_vote_and_not_the_ratio() -> None:
    gains = []
    for seed in range(5):
        world = made(seed, useless=2)
        plain = roc_auc_score(world.wrong, -vote(world.answers, ROWS).score)
        learnt = world.learn(world.label_check)
        gains.append(roc_auc_score(world.wrong, -world.ratios(learnt)) - plain)
        useful = PER_CLASS - 2
        assert learnt.used[useful > KINDS].all()
        assert learnt.used[useful <= KINDS].mean() <= 0.1
    assert np.mean(gains) >= 0.02


def test_soft_answers_do_not_melt_the_states() -> None:
    world = made(0)
    learnt = world.learn()
    assert learnt.used.all()
    assert learnt.noise == pytest.approx(NOISE, abs=0.04)
    assert (
        calibration_error(world, reliability.posterior(world.ratios(learnt), learnt.noise)) < 0.05
    )


def test_answers_that_repeat_one_another_count_less() -> None:
    alone, repeated = (made(1, repeat=share) for share in (0.0, 0.8))
    assert alone.learn(alone.label_check).exponent > 0.9
    assert repeated.learn(repeated.label_check).exponent < 0.5


def test_without_answers_the_ratio_is_even() -> None:
    nothing = np.empty(0, np.int64)
    silence = Answers(nothing, nothing, np.empty(0), np.empty(0, bool))
    learnt = reliability.learn(silence, KINDS)
    assert not learnt.used.any()
    assert (reliability.ratios(silence, learnt, 3) == 0).all()


def test_rows_in_any_order_teach_the_same() -> None:
    world = made(2)
    order = np.random.default_rng(0).permutation(len(world.sample))
    mixed = Made(
        world.wrong,
        world.sample[order],
        world.question[order],
        world.agree[order],
        world.label_check,
    )
    np.testing.assert_allclose(world.learn().bins, mixed.learn().bins, atol=1e-9)


def test_two_views_are_better_than_either() -> None:
    for seed in range(3):
        world = made(seed)
        unseen, p = world.views()
        fused = fused_by_the_views(world.label_check, unseen, p)
        best = max(precision(world, world.label_check), precision(world, p))
        assert precision(world, fused) >= best + 0.01
        assert calibration_error(world, fused) < 0.05


def test_useless_answers_take_nothing_from_the_label_check() -> None:
    lost = []
    for seed in range(5):
        world = made(seed, useless=PER_CLASS)
        fused = fused_by_the_views(world.label_check, *world.views())
        lost.append(precision(world, world.label_check) - precision(world, fused))
    assert np.mean(lost) <= 0.002


def test_paraphrases_do_not_outvote_the_label_check() -> None:
    world = made(3, repeat=0.8)
    fused = fused_by_the_views(world.label_check, *world.views())
    assert precision(world, fused) > precision(world, world.label_check)
    assert calibration_error(world, fused) < 0.05


def test_views_that_err_on_the_same_samples_are_not_counted_twice() -> None:
    """A picture that looks like another class does so to both."""
    draw = np.random.default_rng(0)
    wrong = draw.random(ROWS) < NOISE
    looks, side = draw.normal(size=ROWS), np.where(wrong, 1.0, -1.0)
    label_check = reliability.posterior(-4 * (2 * side + looks), NOISE)
    ratio = -2 * (side + 1.5 * looks + draw.normal(0, 0.5, ROWS))
    fused = fused_by_the_views(label_check, ratio, reliability.posterior(ratio, NOISE))
    lost = average_precision_score(wrong, label_check) - average_precision_score(wrong, fused)
    assert lost <= 0.02


def test_a_view_that_is_missing_leaves_the_other() -> None:
    nan = np.nan
    views = np.array([0.3, nan, nan]), np.array([0.0, 1.0, 0.0]), np.array([nan, 0.7, nan])
    fused = fuse(*views, Weights(1.0, 0.5, 0.5))
    np.testing.assert_array_equal(fused, [0.3, 0.7, nan])


def test_each_view_pulls_its_own_way() -> None:
    world = made(4)
    unseen, p = world.views()
    rows = np.argsort(unseen)
    level = np.full(ROWS, 0.2)
    by_ratio = fused_by_the_views(
        np.append(world.label_check, level), np.append(unseen, unseen), np.append(p, p)
    )
    assert (np.diff(by_ratio[ROWS:][rows]) <= 0).all()
    even = np.zeros(ROWS)
    by_label = fused_by_the_views(
        np.append(world.label_check, world.label_check), np.append(unseen, even), np.append(p, p)
    )
    assert (np.diff(by_label[ROWS:][np.argsort(world.label_check)]) >= 0).all()
