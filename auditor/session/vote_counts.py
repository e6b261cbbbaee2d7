"""Votes counted: outcomes, agreement of the annotators, labels in error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.formats.votes import OF_LABEL, OF_PAIR
from auditor.ml import kappa
from auditor.session.ballots import SAMPLE, Ints, about_labels, coded, groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Counts of votes."""

    votes: int
    annotators: int
    """0 where the votes do not tell whose they are."""
    samples: int
    questions: int
    outcomes: dict[str, int]
    """Questions by the answer that more than half of their votes gave; "no majority" for the others."""
    errors: int | None
    """Four-way questions where too few votes chose the given label alone: fewer than three, or of
    fewer than five votes no majority. None where nobody was asked so.

    Source: Northcutt, Athalye, Mueller 2021, "Pervasive label errors in test sets" (NeurIPS).
    """
    fleiss_kappa: float | None
    cohen_kappa: dict[str, float]
    """Of each two annotators who answered the same questions: "ann, bob" -> kappa; at most ten people."""
    answers: dict[str, dict[str, int]]
    """By annotator: how often each answer; at most a hundred people."""


def summary(votes: pa.Table) -> Summary:
    """Count votes as they were given: a four-way answer is one answer."""
    in_pairs = pc.all(pc.is_valid(votes["suggested"])).as_py()
    spelt = OF_PAIR if in_pairs else OF_LABEL
    if not in_pairs and pc.any(pc.is_valid(votes["suggested"])).as_py():
        votes = about_labels(votes)
    asked = [*SAMPLE, "label", "suggested"] if in_pairs else [*SAMPLE, "label"]
    question, first = groups(votes, asked)
    samples, _ = groups(votes, SAMPLE)
    names, who = coded(votes["annotator"])
    _, answer = coded(votes["answer"], spelt)
    counts = np.zeros((len(first), len(spelt)), np.int64)
    np.add.at(counts, (question, answer), 1)
    enough = np.minimum(3, counts.sum(1) // 2 + 1)
    agreed = kappa.fleiss(counts)
    return Summary(
        votes=votes.num_rows,
        annotators=len(names),
        samples=int(samples.max() + 1),
        questions=len(first),
        outcomes=_outcomes(counts, spelt),
        errors=int((counts[:, 0] < enough).sum()) if in_pairs else None,
        fleiss_kappa=None if np.isnan(agreed) else agreed,
        cohen_kappa=_pairwise(names, who, question, answer, len(spelt)),
        answers={
            str(name): _tally(answer[who == number], spelt)
            for number, name in enumerate(names[:100])
        },
    )


def _outcomes(counts: Ints, spelt: Sequence[str]) -> dict[str, int]:
    most = 2 * counts > counts.sum(1, keepdims=True)
    found = dict(zip(spelt, most.sum(0).tolist(), strict=True))
    return {**found, "no majority": int((~most.any(1)).sum())}


def _tally(codes: Ints, spelt: Sequence[str]) -> dict[str, int]:
    return dict(zip(spelt, np.bincount(codes, minlength=len(spelt)).tolist(), strict=True))


def _pairwise(
    names: Sequence[Any], who: Ints, question: Ints, answer: Ints, answers: int
) -> dict[str, float]:
    if len(names) > 10:
        return {}
    own = [(question[who == n], answer[who == n]) for n in range(len(names))]
    found: dict[str, float] = {}
    for one in range(len(names)):
        for other in range(one + 1, len(names)):
            (asked, said), (asked_other, said_other) = own[one], own[other]
            _, here, there = np.intersect1d(asked, asked_other, return_indices=True)
            value = kappa.cohen(said[here], said_other[there], answers)
            if not np.isnan(value):
                found[f"{names[one]}, {names[other]}"] = value
    return found
