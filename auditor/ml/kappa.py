"""How far annotators agree beyond chance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]


def cohen(first: Ints, second: Ints, answers: int) -> float:
    """Kappa of two annotators' answer codes (n,) about the same questions; nan where undefined.

    Source: Cohen 1960, "A coefficient of agreement for nominal scales".
    """
    table = np.zeros((answers, answers))
    np.add.at(table, (first, second), 1)
    total = table.sum()
    if not total:
        return float("nan")
    table /= total
    chance = float(table.sum(0) @ table.sum(1))
    return _beyond(float(np.trace(table)), chance)


def fleiss(counts: Ints) -> float:
    """Kappa of many annotators from counts (questions, answers); nan where undefined.

    Questions with fewer than two votes say nothing and are left out; the others may have different
    numbers of votes, each counting by its pairs' mean, as in Fleiss 1971, "Measuring nominal scale
    agreement among many raters", where the numbers are equal.
    """
    votes = counts.sum(1)
    judged, votes = counts[votes > 1].astype(float), votes[votes > 1].astype(float)
    if not len(judged):
        return float("nan")
    alike = ((judged * (judged - 1)).sum(1) / (votes * (votes - 1))).mean()
    shares = judged.sum(0) / judged.sum()
    return _beyond(float(alike), float((shares**2).sum()))


def _beyond(agreement: float, chance: float) -> float:
    return (agreement - chance) / (1 - chance) if chance < 1 else float("nan")
