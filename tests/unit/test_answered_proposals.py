"""Further labels and what was answered about them: affirmed ones rise, denied ones fall."""

from __future__ import annotations

import numpy as np

from auditor.ml.answered_proposals import Answered, answered
from auditor.ml.proposals import Proposals

ROWS, WIDE = 3, 2


def proposed() -> Proposals:
    """Classes 1 and 2 of pictures labelled 0, the first likelier, seen in places 5 and 6."""
    return Proposals(
        codes=np.tile([1, 2], (ROWS, 1)),
        scores=np.tile(np.array([0.6, 0.1], np.float32), (ROWS, 1)),
        places=np.tile([5, 6], (ROWS, 1)),
        shown=np.full(ROWS, 0.7, np.float32),
        support=np.full(ROWS, 0.5, np.float32),
    )


def asked(row: int, code: int, ratio: float, own: float = 3.0, noise: float = 0.05) -> Answered:
    return Answered(np.array([row]), np.array([code]), np.array([ratio]), np.array([own]), noise)


def test_an_affirmed_class_rises_and_a_denied_one_falls() -> None:
    up = answered(proposed(), asked(0, 1, 3.0))
    assert up.codes[0, 0] == 1
    assert up.scores[0, 0] > 0.9
    assert up.shown[0] > 0.9
    down = answered(proposed(), asked(0, 1, -3.0))
    assert down.codes[0].tolist() == [2, 1]
    assert down.scores[0, 1] < 0.1
    assert down.shown[0] < 0.4


def test_pictures_that_were_not_asked_about_keep_what_they_had() -> None:
    before, after = proposed(), answered(proposed(), asked(0, 1, 3.0))
    for name in ("codes", "scores", "places", "shown"):
        np.testing.assert_array_equal(getattr(before, name)[1:], getattr(after, name)[1:])


def test_where_the_label_is_denied_the_further_class_is_the_true_one_and_no_second_one() -> None:
    """The model says no to the label and yes to another class: a wrong label, not two classes."""
    both = answered(proposed(), asked(0, 2, 4.0, own=4.0, noise=0.3))
    instead = answered(proposed(), asked(0, 2, 4.0, own=-4.0, noise=0.3))
    assert both.scores[0, 0] > 0.8
    assert instead.scores[0].max() == 0.6
    assert instead.scores[0, 1] < 0.1


def test_a_class_that_was_not_among_those_kept_can_come_in_without_a_place() -> None:
    found = answered(proposed(), asked(1, 7, 6.0))
    assert found.codes[1].tolist() == [7, 1]
    assert found.places[1].tolist() == [-1, 5]
    assert found.scores[1, 0] > 0.9


def test_a_class_keeps_its_place_and_none_comes_twice() -> None:
    said = Answered(
        np.array([2, 0, 2]),
        np.array([2, 1, 1]),
        np.array([5.0, 1.0, -5.0]),
        np.array([3.0, 3.0, 3.0]),
        0.05,
    )
    found = answered(proposed(), said)
    assert found.codes[2].tolist() == [2, 1]
    assert found.places[2].tolist() == [6, 5]
    assert found.codes[0].tolist() == [1, 2]
    assert all(len(set(row)) == WIDE for row in found.codes.tolist())


def test_answers_that_say_nothing_change_nothing() -> None:
    before, after = proposed(), answered(proposed(), asked(0, 1, 0.0, own=0.0))
    np.testing.assert_allclose(after.scores, before.scores, atol=1e-6)
    np.testing.assert_allclose(after.shown, before.shown, atol=1e-6)
