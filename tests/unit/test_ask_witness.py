"""The weights of two views, by labels that err: what one repeats of the other counts once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import average_precision_score

from auditor.ask.fusion import Weights, by_the_views, fuse, log_odds
from auditor.ask.reliability import posterior, probability
from auditor.ask.witness import Shown, weights

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
N = 6_000


@dataclass(frozen=True)
class World:
    """Pictures that seem to show a class, seven in ten rightly, and what two views say of it."""

    true: Flags
    p: Floats
    ratio: Floats
    named: Flags
    """The label names the class: mostly where it is true."""

    @property
    def weights(self) -> Weights | None:
        return weights(Shown(np.zeros(N, np.int64), self.p, self.named), self.ratio, 0.3)


def world(seed: int, *, repeats: float = 0.0, noise: float = 0.3) -> World:
    """`repeats`: share of the answers' ratio that is what the features say."""
    draw = np.random.default_rng(seed)
    true = draw.random(N) < 0.7
    side = np.where(true, 1.0, -1.0)
    # Normal with a variance of twice its mean: a log likelihood ratio that is calibrated.
    features, answers = (2 * side + draw.normal(0, 2, N) for _ in range(2))
    ratio = repeats * features + (1 - repeats) * answers
    names = draw.random(N) < np.where(true, 1 - noise, noise / 3)
    return World(true, probability(features + np.log(0.7 / 0.3)), ratio, names)


def test_views_that_err_independently_count_in_full() -> None:
    found = [world(seed).weights for seed in range(3)]
    assert np.mean([one.label for one in found if one]) == pytest.approx(1, abs=0.1)
    assert np.mean([one.answers for one in found if one]) == pytest.approx(1, abs=0.15)


def test_answers_that_repeat_the_label_check_do_not_count() -> None:
    found = world(0, repeats=1.0).weights
    assert found is not None
    # They are the same: how the weight is shared between them makes no difference.
    assert found.label + found.answers <= 1.1


@pytest.mark.parametrize("noise", [0.1, 0.4, 0.6])
def test_answers_that_say_nothing_do_not_count_however_noisy_the_labels(noise: float) -> None:
    silent = world(1, noise=noise)
    meaningless = np.random.default_rng(9).normal(0, 2, N)
    found = weights(Shown(np.zeros(N, np.int64), silent.p, silent.named), meaningless, 0.3)
    assert found is not None
    assert found.answers <= 0.05
    assert found.label >= 0.95
    assert abs(found.level) <= 0.05


def test_a_slight_weight_that_chance_explains_is_none() -> None:
    for seed in range(6):
        silent = world(seed)
        meaningless = np.random.default_rng(seed + 40).normal(0, 2, N)
        shown = Shown(np.zeros(N, np.int64), silent.p, silent.named)
        assert weights(shown, meaningless, 0.3) == Weights(0.0, 1.0, 0.0)


def test_a_slight_weight_that_labels_bear_out_stays() -> None:
    draw = np.random.default_rng(6)
    one = world(6)
    # Calibrated answers of little worth, twenty times too sure.
    boast = 20 * (0.3 * np.where(one.true, 1, -1) + draw.normal(0, 0.6**0.5, N))
    found = weights(Shown(np.zeros(N, np.int64), one.p, one.named), boast, 0.3)
    assert found is not None
    assert 0.02 < found.answers < 0.1


def test_a_label_check_that_is_too_sure_counts_less_than_answers_that_are_not() -> None:
    fair = world(2)
    boast = probability(3 * log_odds(fair.p))
    found = weights(Shown(np.zeros(N, np.int64), boast, fair.named), fair.ratio, 0.3)
    assert found is not None
    assert found.label < 0.6 < found.answers


def test_fused_is_as_good_as_the_better_view_where_the_other_repeats_its_errors() -> None:
    """Both look at one encoder's features; the answers add noise of their own."""
    draw = np.random.default_rng(3)
    one = world(3, noise=0.3)
    ratio = 1.5 * (log_odds(one.p) + draw.normal(0, 3, N))
    shown = Shown(np.zeros(N, np.int64), one.p, one.named)
    found = weights(shown, ratio, 0.3)
    assert found is not None
    # The label check has seen the label, too.
    p_label = posterior(log_odds(one.p) + np.where(one.named, 2.0, -2.0), 0.5)
    p_answers = posterior(ratio, 0.3)
    wrong = ~one.true

    def precision(p: Floats) -> float:
        return float(average_precision_score(wrong, p))

    alone = precision(p_label)
    assert precision(fuse(p_label, ratio, p_answers, found)) >= alone - 0.002
    # The two views alone do not tell it.
    assert precision(fuse(p_label, ratio, p_answers, by_the_views(p_label, ratio))) < alone - 0.002


def test_a_lost_weight_is_lost_about_the_share_of_wrong_labels() -> None:
    found = world(4, repeats=0.5).weights
    assert found is not None
    assert found.level == pytest.approx((1 - found.label) * np.log(0.3 / 0.7))


def test_too_few_labels_tell_nothing() -> None:
    full = world(5)
    place = np.zeros(N, np.int64)
    never = np.full(N, np.nan)
    few = np.where(full.named | (np.cumsum(~full.named) <= 29), full.ratio, np.nan)
    assert weights(Shown(place, full.p, full.named), few, 0.3) is None
    assert weights(Shown(place, never, full.named), full.ratio, 0.3) is None
    assert weights(Shown(place, full.p, np.ones(N, bool)), full.ratio, 0.3) is None
