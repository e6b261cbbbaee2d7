"""What several annotators' votes say together: shares, Dawid-Skene, and a threshold from gold.

Votes are sparse: one row each, whatever the number of annotators and questions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NO_MAYBE_YES: Floats = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
"""What each of three answers says of two states: a "maybe" is half of either."""

_STEPS = 200
_SETTLED = 1e-7
"""Relative growth of the objective below which EM has ended."""


@dataclass(frozen=True, slots=True)
class Votes:
    """One row per vote: who (annotator), about what (question), and the answer's code.

    `speaks` (answers, states) says what share of each state an answer stands for; rows sum to 1.
    It is where EM starts from and what an answer counts as in a plain share.
    """

    annotator: Ints
    question: Ints
    answer: Ints
    annotators: int
    questions: int
    speaks: Floats

    @property
    def states(self) -> int:
        return int(self.speaks.shape[1])

    @property
    def answers(self) -> int:
        return int(self.speaks.shape[0])


@dataclass(frozen=True, slots=True)
class Known:
    """Questions whose state is known (gold): their indices, and each one's state."""

    question: Ints
    state: Ints


@dataclass(frozen=True, slots=True)
class DawidSkene:
    """A fit: posterior (questions, states), confusion (annotators, states, answers), prior (states)."""

    posterior: Floats
    confusion: Floats
    prior: Floats
    objective: float
    """Log likelihood of the votes, without the prior's constant."""
    steps: int


def shares(votes: Votes) -> Floats:
    """Plain share of the votes for each state (questions, states); even where nobody voted."""
    counts = np.stack(
        [
            np.bincount(votes.question, votes.speaks[votes.answer, k], votes.questions)
            for k in range(votes.states)
        ],
        axis=1,
    )
    total = counts.sum(1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1e-12), 1 / votes.states)


def dawid_skene(
    votes: Votes, known: Known | None = None, *, weight: float = 1.0, steps: int = _STEPS
) -> DawidSkene:
    """MAP estimate of every question's state and every annotator's confusion, by EM.

    `weight` is that of the prior in votes: each annotator's row starts from the pooled row of all,
    so that one who answered little is taken for an average one. Gold questions stay at their state.
    Source: Dawid and Skene 1979, "Maximum likelihood estimation of observer error-rates using the
    EM algorithm" (Applied Statistics 28), sections 3 and 4.
    """
    posterior = shares(votes)
    objective, done = -np.inf, 0
    # One index for (annotator, answer), so that counts and look-ups are one pass over the votes.
    cell = votes.annotator.astype(np.int64) * votes.answers + votes.answer
    for done in range(1, steps + 1):  # noqa: B007 - told at the end
        _hold(posterior, known)
        confusion = _confusion(votes, cell, posterior, weight)
        prior = (posterior.sum(0) + 1) / (votes.questions + votes.states)
        before = objective
        posterior, objective = _expect(votes, cell, confusion, prior)
        if objective - before <= _SETTLED * abs(objective):
            break
    _hold(posterior, known)
    return DawidSkene(posterior, confusion, prior, objective, done)


def _hold(posterior: Floats, known: Known | None) -> None:
    if known is not None:
        posterior[known.question] = np.eye(posterior.shape[1])[known.state]


def _confusion(votes: Votes, cell: Ints, posterior: Floats, weight: float) -> Floats:
    size = votes.annotators * votes.answers
    counts = np.stack(
        [
            np.bincount(cell, posterior[votes.question, k], size).reshape(-1, votes.answers)
            for k in range(votes.states)
        ],
        axis=1,
    )
    # An answer that nobody ever gave keeps a chance: no logarithm of nothing.
    pooled = counts.sum(0) + 1 / votes.answers
    counts += weight * pooled / pooled.sum(1, keepdims=True)
    rows: Floats = counts / np.maximum(counts.sum(2, keepdims=True), 1e-12)
    return rows


def _expect(votes: Votes, cell: Ints, confusion: Floats, prior: Floats) -> tuple[Floats, float]:
    logs = np.log(np.maximum(confusion, 1e-300))
    joint = np.stack(
        [
            np.bincount(votes.question, logs[:, k].reshape(-1)[cell], votes.questions)
            for k in range(votes.states)
        ],
        axis=1,
    ) + np.log(prior)
    top = joint.max(1, keepdims=True)
    posterior = np.exp(joint - top)
    total = posterior.sum(1, keepdims=True)
    posterior /= total
    return posterior, float((top + np.log(total)).sum())


def quality(fit: DawidSkene, speaks: Floats) -> Floats:
    """Chance that each annotator's answer speaks for the true state (annotators,)."""
    agreeing: Floats = np.einsum("k,rka,ak->r", fit.prior, fit.confusion, speaks)
    return agreeing


def threshold(scores: Floats, truth: Flags) -> float:
    """The cut that decides most gold questions rightly (score > cut is true); the middle of equals.

    Cuts lie half-way between neighbouring scores. Raises ValueError where there is no question.
    """
    if not len(scores):
        raise ValueError("there is no gold question to choose a threshold on")
    order = np.argsort(scores, kind="stable")
    ordered, signs = scores[order], np.where(truth[order], -1, 1)
    right = truth.sum() + np.concatenate([[0], np.cumsum(signs)])
    cuts = np.concatenate([[ordered[0] / 2], (ordered[1:] + ordered[:-1]) / 2, [ordered[-1]]])
    apart = np.concatenate([[True], ordered[1:] > ordered[:-1], [True]])
    best = cuts[apart & (right == right[apart].max())]
    return float(best[(len(best) - 1) // 2])
