"""Further labels and what was answered about them: how much that says is learnt from the set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from auditor.ml.answered_proposals import Answered, answered
from auditor.ml.proposals import Proposals

N, WIDE = 600, 2


@dataclass(frozen=True)
class World:
    """Pictures labelled 0, of which some show class 1 as well; class 2 none does."""

    both: np.ndarray
    wrong: np.ndarray
    """Pictures of class 1 alone: their label is wrong."""
    proposed: Proposals

    def said(self, own: np.ndarray, further: np.ndarray, seed: int = 1) -> Answered:
        """About class 1 in every picture: log ratios that scatter about those given."""
        draw = np.random.default_rng(seed)
        scatter = draw.normal(size=(2, N))
        every = np.arange(N)
        return Answered(every, np.ones(N, np.int64), further + scatter[0], own + scatter[1])

    def told(self, proposals: Proposals) -> np.ndarray:
        """(n,) score of class 1."""
        return np.asarray((proposals.scores * (proposals.codes == 1)).sum(axis=1))

    def area(self, proposals: Proposals) -> float:
        return float(roc_auc_score(self.both, self.told(proposals)))


def world(seed: int = 0) -> World:
    """Scores as crops give them: right on average, and not sure."""
    draw = np.random.default_rng(seed)
    both, wrong = draw.random(N) < 0.3, draw.random(N) < 0.1
    wrong &= ~both
    odds = np.log(3 / 7) + np.where(both, 1, -1) + draw.normal(scale=1.4, size=N)
    score = 1 / (1 + np.exp(-odds))
    proposals = Proposals(
        codes=np.tile([1, 2], (N, 1)),
        scores=np.stack([score, np.full(N, 0.02)], axis=1).astype(np.float32),
        places=np.tile([5, 6], (N, 1)),
        shown=np.maximum(score, 0.02).astype(np.float32),
        support=np.full(N, 0.5, np.float32),
    )
    return World(both, wrong, proposals)


@pytest.mark.parametrize("seed", range(3))
def test_a_model_that_speaks_of_all_it_sees_helps(seed: int) -> None:
    made = world(seed)
    said = made.said(np.where(made.wrong, -2.0, 2.0), np.where(made.both | made.wrong, 2.0, -2.0))
    after = answered(made.proposed, said)
    assert made.area(after) > made.area(made.proposed) + 0.05
    # It names class 1 where the label is wrong, too: that is no second class.
    assert made.told(after)[made.wrong].mean() <= made.told(made.proposed)[made.wrong].mean() + 0.15


def test_a_model_that_speaks_of_the_main_thing_alone_moves_nothing() -> None:
    """Its no to a second class comes where one is there as well as where none is."""
    made = world()
    after = answered(made.proposed, made.said(np.full(N, 2.0), np.full(N, -2.0)))
    np.testing.assert_allclose(made.told(after), made.told(made.proposed), atol=0.08)
    assert abs(made.area(after) - made.area(made.proposed)) <= 0.01


def test_a_model_that_sees_neither_where_both_are_helps_as_well() -> None:
    """Two photographs side by side look like neither: that the label is denied says something."""
    made = world()
    own = np.where(made.both, -2.0, 2.0)
    after = answered(made.proposed, made.said(own, np.full(N, -2.0)))
    assert made.area(after) > made.area(made.proposed) + 0.05


def test_answers_about_one_picture_alone_move_hardly_anything() -> None:
    made = world()
    one = Answered(np.array([0]), np.array([1]), np.array([3.0]), np.array([3.0]))
    after = answered(made.proposed, one)
    np.testing.assert_allclose(after.scores[0], made.proposed.scores[0], atol=0.1)
    for name in ("codes", "scores", "places", "shown"):
        kept, had = getattr(after, name)[1:], getattr(made.proposed, name)[1:]
        np.testing.assert_array_equal(kept, had)


def test_a_class_that_was_not_kept_comes_in_without_a_place_and_none_comes_twice() -> None:
    made = world()
    said = made.said(np.full(N, 2.0), np.where(made.both, 2.0, -2.0))
    other = Answered(np.array([3]), np.array([7]), np.array([60.0]), np.array([2.0]))
    joined = Answered(
        *(
            np.concatenate([getattr(said, name), getattr(other, name)])
            for name in ("row", "code", "ratio", "own")
        )
    )
    after = answered(made.proposed, joined)
    assert 7 in after.codes[3]
    assert after.places[3][after.codes[3] == 7].tolist() == [-1]
    assert after.places[3][after.codes[3] == 1].tolist() in ([5], [])
    assert all(len(set(row)) == WIDE for row in after.codes.tolist())
    assert (np.diff(after.scores, axis=1) <= 0).all()


def test_what_any_further_class_has_follows_the_scores() -> None:
    made = world()
    said = made.said(np.full(N, 2.0), np.where(made.both, 2.0, -2.0))
    after = answered(made.proposed, said)
    assert (after.shown >= after.scores.max(axis=1) - 1e-6).all()
    assert after.shown[made.both].mean() > made.proposed.shown[made.both].mean()
    assert after.shown[~made.both].mean() < made.proposed.shown[~made.both].mean()
