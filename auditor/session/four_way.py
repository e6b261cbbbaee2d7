"""The four-way question: of the given and another label, which fits? (Northcutt et al. 2021b, 4.)"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa

from auditor.model import ChangeSet, Verdict
from auditor.session import Session
from auditor.session.evidence import Evidence
from auditor.store import bulk, votes
from auditor.store.db import Connection

SOURCE = "the window"
"""Where the votes come from."""


class FourWay(StrEnum):
    GIVEN = "given"
    SUGGESTED = "suggested"
    BOTH = "both"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Pair:
    """The two labels that are asked about."""

    given: str
    other: str

    def labels(self, said: FourWay) -> tuple[str, ...]:
        """What the sample has after an answer."""
        return {
            FourWay.GIVEN: (self.given,),
            FourWay.SUGGESTED: (self.other,),
            FourWay.BOTH: (self.given, self.other),
            FourWay.NEITHER: (),
        }[said]


def pair(known: Evidence) -> Pair | None:
    """The given label and the suggested or else the likeliest other one; None: there are not two."""
    judged = (name for name, share in known.ranked if share is not None)
    other = next((name for name in (*known.suggested, *judged) if name not in known.given), None)
    return None if other is None or len(known.given) != 1 else Pair(known.given[0], other)


def answer(session: Session, known: Evidence, said: FourWay, check_id: str | None) -> int:
    """Decide accordingly as one undoable step, and count the answer as a vote; 1 if it changed.

    An undo takes the decision back; the vote counts until the same person answers again. Raises
    ValueError where there are not two labels to ask about.
    """
    asked = pair(known)
    if asked is None:
        raise ValueError(f"there are not two labels to ask about sample {known.sample_id}")
    labels = asked.labels(said)
    keeps = labels == known.given
    choice = bulk.Choice(
        verdict=Verdict.KEEP if keeps else Verdict.RELABEL,
        labels=None if keeps else labels,
        check_id=check_id,
        note=None,
    )
    title = f"Of {asked.given} and {asked.other}: {said}"
    ids = np.array([known.sample_id], np.int64)
    row = {
        "sample_id": known.sample_id,
        "label": asked.given,
        "suggested": asked.other,
        "answer": str(said),
        "annotator": session.who,
    }
    step = _Answered(
        bulk.DecideAlike(ids, choice, session.who, title),
        votes.CastVotes(pa.Table.from_pylist([row], schema=votes.OWN_SCHEMA), SOURCE),
    )
    session.store.write(step).result()
    return step.decide.touched


@dataclass(frozen=True, slots=True)
class _Answered:
    """Decision and vote in one transaction."""

    decide: bulk.DecideAlike
    vote: votes.CastVotes

    def __call__(self, db: Connection) -> ChangeSet:
        decided, voted = self.decide(db), self.vote(db)
        return ChangeSet(decided.tables | voted.tables, decided.sample_ids)
