"""One decision about many samples, as rows; what it would change, and the step that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from auditor.model import ChangeSet, Verdict
from auditor.store import review, runs
from auditor.store.db import Connection, arrow

_DONE = {
    Verdict.ACCEPT: ("Accept 1 suggestion", "Accept {:,} suggestions"),
    Verdict.KEEP: ("Keep the label of 1 sample", "Keep the labels of {:,} samples"),
    Verdict.RELABEL: ("Label 1 sample as {label}", "Label {:,} samples as {label}"),
    Verdict.EXCLUDE: ("Exclude 1 sample", "Exclude {:,} samples"),
    Verdict.DEFER: ("Defer 1 sample", "Defer {:,} samples"),
    None: ("Clear the decision on 1 sample", "Clear the decisions on {:,} samples"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is decided: `accept` takes each sample's suggestion, None clears.

    Raises ValueError where `labels` are missing or too many.
    """

    verdict: Verdict | None
    labels: tuple[str, ...] | None = None
    """Of `relabel`, and of nothing else."""
    check_id: str | None = None
    note: str | None = None
    """None leaves the notes as they are; "" removes them."""

    def __post_init__(self) -> None:
        if (self.labels is not None) != (self.verdict is Verdict.RELABEL):
            raise ValueError("labels belong to relabel, and relabel needs them")

    def title(self, samples: int) -> str:
        """In words: "Accept 3 suggestions"."""
        label = ", ".join(self.labels or ()) or "nothing"
        return _counted(_DONE[self.verdict], samples, label)


def _counted(words: tuple[str, str], samples: int, label: str = "") -> str:
    return words[samples != 1].format(samples, label=label)


@dataclass(slots=True)
class DecideAlike:
    """Record one choice about many samples as one step; `touched` is how many it changed."""

    sample_ids: npt.NDArray[np.int64]
    choice: Choice
    reviewer: str
    title: str | None = None
    """None: in the choice's words."""
    touched: int = field(default=0, init=False)

    def __call__(self, db: Connection) -> ChangeSet:
        decisions = proposed(db, self.sample_ids, self.choice)
        changes, self.touched = review.record(
            db, decisions, lambda n: self.title or self.choice.title(n), self.reviewer
        )
        return changes


@dataclass(slots=True)
class DecideTogether:
    """Record several choices, each about samples of its own, as one step."""

    parts: Sequence[tuple[npt.NDArray[np.int64], Choice]]
    title: str
    reviewer: str
    touched: int = field(default=0, init=False)

    def __call__(self, db: Connection) -> ChangeSet:
        decisions = pa.concat_tables(proposed(db, ids, choice) for ids, choice in self.parts)
        changes, self.touched = review.record(db, decisions, lambda _: self.title, self.reviewer)
        return changes


@dataclass(slots=True)
class Annotate:
    """Set the note of many samples ("" removes it) as one step; decisions stay."""

    sample_ids: npt.NDArray[np.int64]
    note: str
    reviewer: str
    touched: int = field(default=0, init=False)

    def __call__(self, db: Connection) -> ChangeSet:
        decisions = _joined(
            db,
            self.sample_ids,
            "r.verdict, r.labels, nullif(?, '') as note, null::text as check_id,"
            " null::float as p_error",
            [self.note],
        )
        changes, self.touched = review.record(
            db, decisions, self._title, self.reviewer, only_notes=True
        )
        return changes

    def _title(self, samples: int) -> str:
        words = ("Note on 1 sample", "Note on {:,} samples")
        if not self.note:
            words = ("Remove the note of 1 sample", "Remove the notes of {:,} samples")
        return _counted(words, samples)


def proposed(db: Connection, sample_ids: npt.NDArray[np.int64], choice: Choice) -> pa.Table:
    """The decisions that the choice makes, as review.DECISION_SCHEMA; without those `accept` cannot make."""
    run = runs.latest(db, choice.check_id) if choice.check_id else None
    outcome, values = _outcome(choice)
    source = f"left join finding f on f.sample_id = i.sample_id and f.run_id = {run.run_id if run else -1}"
    if choice.labels is not None:
        source += " left join sample s on s.sample_id = i.sample_id"
    if choice.verdict is Verdict.ACCEPT:
        source += " where f.suggested is not null"
    return _joined(
        db,
        sample_ids,
        f"{outcome}, case when ?::text is null then r.note else nullif(?, '') end as note,"
        " ?::text as check_id, f.p_error",
        [*values, choice.note, choice.note, choice.check_id],
        source,
    )


def _outcome(choice: Choice) -> tuple[str, list[object]]:
    """Verdict and labels in SQL with its values, where f is the finding and s the sample."""
    if choice.verdict is Verdict.ACCEPT:
        return "?::text as verdict, f.suggested as labels", [choice.verdict]
    if choice.labels is None:
        return "?::text as verdict, null::text[] as labels", [choice.verdict]
    # Who chooses the label that the sample was given keeps it.
    return (
        "case when s.given = ?::text[] then ?::text else ?::text end as verdict,"
        " nullif(?::text[], s.given) as labels",
        [choice.labels, Verdict.KEEP, Verdict.RELABEL, choice.labels],
    )


def moves(db: Connection, decisions: pa.Table) -> pa.Table:
    """What the decisions would change if they were made now.

    sample_id, old_verdict, and the labels now and new as text; "" where it has none or is out.
    """
    db.register("changing", review.differing(db, decisions))
    found = arrow(
        db,
        "select c.sample_id, c.old_verdict, case when c.old_verdict = 'exclude' then '' else"
        " array_to_string(coalesce(c.old_labels, s.given), ', ') end as now,"
        " case when c.verdict = 'exclude' then '' else"
        " array_to_string(coalesce(c.labels, s.given), ', ') end as new"
        " from changing c join sample s using (sample_id) where s.present order by c.sample_id",
    )
    db.unregister("changing")
    return found


def _joined(
    db: Connection,
    sample_ids: npt.NDArray[np.int64],
    select: str,
    values: Sequence[object],
    source: str = "",
) -> pa.Table:
    """`select` for each of the samples: i the sample's id, r its review."""
    db.register("incoming", pa.table({"sample_id": np.asarray(sample_ids, np.int64)}))
    found = arrow(
        db,
        f"select i.sample_id, {select} from incoming i left join review r using (sample_id) {source}",
        values,
    )
    db.unregister("incoming")
    return found
