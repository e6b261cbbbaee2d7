"""Where a picture speaks for or against what is asked: parts of it are hidden, and it is asked again.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (ECCV 2014), section 4.2, on
answers in the place of class scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.ask.agreement import agreement
from auditor.ask.base import Answer, Answerer, AnswererError, Pixels, Question, Report
from auditor.media.thumbnail import at_most

Grid = npt.NDArray[np.float32]

_LONGEST = 1024
"""Pixels a side of the picture that is asked about: models see no more."""
_TOGETHER = 16
"""So many pictures are held at once."""
_SPAN = 2
"""Cells that a hidden window is wide and high."""


@dataclass(frozen=True, slots=True)
class HeatMap:
    """How much what is asked fits, with each part of the picture hidden."""

    base: float
    """Mean probability in [0, 1] of the expected answers about the whole picture."""
    hidden: Grid
    """(h, w) the same with windows over that cell hidden, averaged over those windows; NaN: unknown."""
    is_hard: bool
    """No answer had a probability: shares of yes and no, which only large changes move."""

    @property
    def against(self) -> Grid:
        """(h, w) in [-1, 1]: above 0 where hiding makes it fit better: that part speaks against it."""
        found: Grid = np.nan_to_num(self.hidden - np.float32(self.base)).astype(np.float32)
        return found


def where(
    answerer: Answerer,
    picture: Pixels,
    questions: Sequence[Question],
    report: Report,
    cells: int = 8,
) -> HeatMap:
    """Ask about the picture whole, and with windows of 2 x 2 cells in its mean colour.

    The longer side has `cells` cells. Asks (h + 1)(w + 1) + 1 times each question, of which those to
    be answered by yes or no count. Raises AnswererError where nothing is answered.
    """
    asked = [one for one in questions if one.form == "yes_no"]
    if not asked:
        raise AnswererError("No question of yes or no is asked about it, so there is no map.")
    if "yes_no" not in answerer.forms:
        raise AnswererError(f"{answerer.id} answers no questions of yes or no.")
    seen = at_most(picture, _LONGEST)
    height, width, _ = seen.shape
    longest = max(height, width)
    rows, columns = (max(1, round(cells * side / longest)) for side in (height, width))
    windows = [(r, c) for r in range(rows + 1) for c in range(columns + 1)]
    said = _asked(answerer, seen, windows, (rows, columns), asked, report)
    agree = np.array([[_agree(q, said.get((i, j))) for j, q in enumerate(asked)]
                      for i in range(len(windows) + 1)], np.float64)  # fmt: skip
    base = _mean(agree[0])
    if np.isnan(base):
        raise AnswererError(
            f"{answerer.id} gave no clear answer about the picture as a whole, so no part of it can "
            "be said to change the answer."
        )
    values = np.array([_mean(row) for row in agree[1:]]).reshape(rows + 1, columns + 1)
    known = agree[~np.isnan(agree)]
    return HeatMap(base, _per_cell(values), bool(np.isin(known, (0.0, 1.0)).all()))


def _asked(
    answerer: Answerer,
    seen: Pixels,
    windows: Sequence[tuple[int, int]],
    shape: tuple[int, int],
    asked: Sequence[Question],
    report: Report,
) -> dict[tuple[int, int], Answer]:
    """Answers by picture (0: the whole one) and question."""
    said: dict[tuple[int, int], Answer] = {}
    total = (len(windows) + 1) * len(asked)
    prompts = [one.prompt for one in asked]
    for start, pictures in _batches(seen, windows, shape):
        before = start * len(asked)

        def keep(picture: int, prompt: int, answer: Answer, start: int = start) -> None:
            said[start + picture, prompt] = answer

        def tell(done: int, _of: int, before: int = before) -> None:
            report(min(before + done, total), total)

        answerer.answer(pictures, [prompts] * len(pictures), keep, tell)
    report(total, total)
    return said


def _batches(
    seen: Pixels, windows: Sequence[tuple[int, int]], shape: tuple[int, int]
) -> Iterator[tuple[int, list[Pixels]]]:
    grey = seen.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    each: list[tuple[int, int] | None] = [None, *windows]
    for start in range(0, len(each), _TOGETHER):
        part = each[start : start + _TOGETHER]
        yield start, [seen if one is None else _covered(seen, one, shape, grey) for one in part]


def _covered(
    seen: Pixels, window: tuple[int, int], shape: tuple[int, int], grey: npt.NDArray[np.uint8]
) -> Pixels:
    """With the window hidden whose last cell is the given one."""
    covered = seen.copy()
    (top, bottom), (left, right) = (
        (
            round(size * max(0, last - _SPAN + 1) / cells),
            round(size * min(last + 1, cells) / cells),
        )
        for size, last, cells in zip(seen.shape, window, shape, strict=False)
    )
    covered[top:bottom, left:right] = grey
    return covered


def _agree(question: Question, answer: Answer | None) -> float:
    found = None if answer is None else agreement(question, answer, ())
    return float("nan") if found is None else found


def _mean(values: npt.NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _per_cell(values: npt.NDArray[np.float64]) -> Grid:
    """(h, w) mean of the windows over each cell; `values` is (h + 1, w + 1), one for each window."""
    over = np.stack([values[:-1, :-1], values[1:, :-1], values[:-1, 1:], values[1:, 1:]])
    known = ~np.isnan(over)
    total = np.where(known, over, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    found = np.full(total.shape, np.nan)
    np.divide(total, count, out=found, where=count > 0)
    return found.astype(np.float32)


def drawn(picture: Pixels, heat: HeatMap) -> Pixels:
    """The picture in grey, red where it speaks against what was asked, blue where it speaks for it.

    The strongest part has the full colour.
    """
    from PIL import Image

    height, width, _ = picture.shape
    against = heat.against
    strongest = float(np.abs(against).max()) or 1.0
    smooth = Image.fromarray(against / strongest).resize((width, height), Image.Resampling.BILINEAR)
    strength = np.asarray(smooth, np.float32)[..., None]
    grey = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)
    red, blue = np.array([215.0, 48.0, 39.0]), np.array([69.0, 117.0, 180.0])
    share = 0.7 * np.abs(strength)
    mixed = grey * (1 - share) + np.where(strength > 0, red, blue) * share
    return np.clip(np.round(mixed), 0, 255).astype(np.uint8)
