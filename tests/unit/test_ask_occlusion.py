"""Heat maps by hiding parts: the part that decides the answer is found, and unknown is no zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from auditor.ask.base import (
    Answer,
    AnswererError,
    AnswerState,
    Form,
    Keep,
    Kind,
    Pixels,
    Prompt,
    Question,
    Report,
)
from auditor.ask.occlusion import drawn, where

RED = (220, 30, 30)


class ByRed:
    """Answers "Is there red?" by the share of red pixels: an answerer that is known through and through."""

    id = "by-red"
    fingerprint = "1"
    forms: frozenset[Form] = frozenset({"yes_no"})

    def __init__(self, say: Callable[[float], float | None]) -> None:
        self._say = say
        self.most = 0

    def answer(
        self,
        pictures: Sequence[Pixels],
        prompts: Sequence[Sequence[Prompt]],
        keep: Keep,
        report: Report,
    ) -> None:
        self.most = max(self.most, len(pictures))
        for i, picture in enumerate(pictures):
            red = np.abs(picture.astype(int) - RED).sum(axis=2) < 30
            p_yes = self._say(float(red.mean()))
            state = AnswerState.UNKNOWN if p_yes is None else AnswerState.ANSWERED
            for j in range(len(prompts[i])):
                keep(i, j, Answer(state=state, p_yes=p_yes))


def asked(expected: str = "yes", kind: Kind = Kind.SPECIFIC) -> Question:
    return Question(about="red", text="Is there red?", expected=expected, kind=kind)


def picture(height: int = 80, width: int = 120) -> Pixels:
    """Grey, with a red square at rows 10-30 and columns 90-110."""
    pixels = np.full((height, width, 3), 120, np.uint8)
    pixels[10:30, 90:110] = RED
    return pixels


def told(done: int, total: int) -> None:
    assert 0 <= done <= total


def test_the_part_that_decides_is_found_for_yes_and_for_no() -> None:
    who = ByRed(lambda share: min(1.0, share * 20))
    found = where(who, picture(), [asked()], told, cells=6)
    assert found.hidden.shape == (4, 6)
    assert found.hidden.dtype == np.float32
    assert found.base == pytest.approx(20 * 400 / 9600)
    assert divmod(int(found.hidden.argmin()), 6) in [(0, 4), (0, 5), (1, 4), (1, 5)]
    assert found.against.min() < -0.3
    assert found.against[3].tolist() == [0.0] * 6
    other = where(who, picture(), [asked("no", Kind.NEGATIVE)], told, cells=6)
    np.testing.assert_allclose(other.against, -found.against, atol=1e-6)
    assert not found.is_hard


def test_hard_answers_make_a_map_of_shares_and_say_so() -> None:
    found = where(ByRed(lambda share: float(share > 0.02)), picture(), [asked()], told)
    assert found.is_hard
    assert found.base == 1.0
    assert set(np.unique(found.hidden)) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert found.hidden.min() < 1.0


def test_what_is_not_answered_is_unknown_and_nothing_to_the_map() -> None:
    found = where(ByRed(lambda share: 0.8 if share > 0.02 else None), picture(), [asked()], told)
    assert np.isnan(found.hidden).any()
    assert (found.against == 0).all()


def test_no_answer_about_the_whole_is_an_error_with_its_reason() -> None:
    with pytest.raises(AnswererError, match="no clear answer about the picture as a whole"):
        where(ByRed(lambda _: None), picture(), [asked()], told)
    with pytest.raises(AnswererError, match="No question of yes or no"):
        where(ByRed(lambda _: 1.0), picture(), [asked("2", Kind.COUNT)], told)


def test_a_large_picture_is_asked_about_in_small_copies_a_few_at_a_time() -> None:
    who = ByRed(lambda share: share)
    found = where(who, picture(3000, 300), [asked()], told)
    assert found.hidden.shape == (8, 1)
    assert who.most <= 16


def test_the_map_is_drawn_over_the_picture() -> None:
    who = ByRed(lambda share: min(1.0, share * 20))
    image = drawn(picture(), where(who, picture(), [asked("no", Kind.NEGATIVE)], told))
    assert image.shape == (80, 120, 3)
    red, blue = image[..., 0].astype(int), image[..., 2].astype(int)
    assert (red - blue)[15:25, 95:105].min() > 60
    assert (red == blue)[70:, :20].all()
