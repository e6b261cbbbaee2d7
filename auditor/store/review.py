"""Review actions: every decision, and its undoing, kept in the file.

History only grows. Undo appends an action that restores the old values, so it
survives a restart; redo is the undoing of an undo.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.model import LABELS, ChangeSet, SampleId
from auditor.store.db import NOW, Connection, arrow, first
from auditor.store.runs import NEWEST
from auditor.store.standing import BEFORE

DECISION_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.int64(), nullable=False),
        # A Verdict; null takes the decision back.
        pa.field("verdict", pa.string()),
        # The new labels where the verdict changes them.
        pa.field("labels", LABELS),
        pa.field("note", pa.string()),
        # The finding that moved the reviewer.
        pa.field("check_id", pa.string()),
        pa.field("p_error", pa.float32()),
    ]
)


class NothingToUndoError(LookupError):
    """Every action has been undone already."""


class NothingToRedoError(LookupError):
    """No action was undone since the last decision."""


class UnknownSampleError(LookupError):
    """A decision names a sample that the project does not have."""


def this_user() -> str:
    """The reviewer's name; a container may run under a number that has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


@dataclass(slots=True)
class Decide:
    """Record decisions as one step. One key press or ten thousand rows.

    `touched` is the number of samples whose decision differs from before. Of several decisions
    about one sample the last counts.
    """

    decisions: pa.Table
    title: str
    reviewer: str = field(default_factory=this_user)
    touched: int = field(default=0, init=False)

    def __call__(self, db: Connection) -> ChangeSet:
        changes, self.touched = record(db, self.decisions, lambda _: self.title, self.reviewer)
        return changes


def record(
    db: Connection,
    decisions: pa.Table,
    title: Callable[[int], str],
    reviewer: str,
    *,
    only_notes: bool = False,
) -> tuple[ChangeSet, int]:
    """Make one step of DECISION_SCHEMA, titled by its number of samples; returns that number.

    A step of `only_notes` leaves a standing decision to the one who made it.
    """
    wanted = _last_of_each(decisions)
    if not wanted.num_rows:
        return _NOTHING, 0
    db.register("incoming", wanted)
    refuse_unknown(db, pc.min_max(wanted["sample_id"]).as_py())
    ((action_id,),) = db.execute("select nextval('action_seq')").fetchall()
    stays = "r.verdict is not null" if only_notes else "false"
    ((touched,),) = db.execute(
        "insert into change select ?, d.sample_id, r.verdict, r.labels, r.note, r.action_id,"
        f" d.verdict, d.labels, d.note, case when {stays} then r.action_id else ? end, d.check_id,"
        f" d.p_error from {_DIFFERING} order by d.sample_id",
        [action_id, action_id],
    ).fetchall()
    db.unregister("incoming")
    if not touched:  # an empty step would make undo seem to do nothing
        return _NOTHING, 0
    note_action(db, action_id, title(touched), undoes=None, reviewer=reviewer)
    return apply(db, action_id, touched), touched


_NOTHING = ChangeSet(frozenset())
_DIFFERING = (
    "incoming d left join review r using (sample_id)"
    " where (d.verdict, d.labels, d.note) is distinct from (r.verdict, r.labels, r.note)"
    " or (d.verdict in ('keep', 'defer') and d.check_id <> coalesce(r.check_id, ''))"
)
"""Decisions, one per sample, beside the standing ones where these differ.

Who keeps a label because of another check than before says something new; see standing.BEFORE.
"""


def _last_of_each(decisions: pa.Table) -> pa.Table:
    """The last decision about each sample, in sample_id order."""
    backwards = decisions["sample_id"].to_numpy()[::-1]
    _, places = np.unique(backwards, return_index=True)
    return decisions.take(len(backwards) - 1 - places)


def differing(db: Connection, decisions: pa.Table) -> pa.Table:
    """Those of the decisions (one per sample) that differ from the standing ones, beside these.

    DECISION_SCHEMA with old_verdict and old_labels; in sample_id order.
    """
    db.register("incoming", decisions)
    found = arrow(
        db,
        "select d.*, r.verdict as old_verdict, r.labels as old_labels"
        f" from {_DIFFERING} order by d.sample_id",
    )
    db.unregister("incoming")
    return found


@dataclass(slots=True)
class Undo:
    """Take back the newest action that still stands; `title` names it."""

    reviewer: str = field(default_factory=this_user)
    title: str = field(default="", init=False)
    touched: int = field(default=0, init=False)

    def __call__(self, db: Connection) -> ChangeSet:
        row = next_undo(db)
        if row is None:
            raise NothingToUndoError("there is nothing to undo")
        undone, self.title = row
        changes, self.touched = _invert(db, undone, undone, f"Undo: {self.title}", self.reviewer)
        return changes


@dataclass(slots=True)
class Redo:
    """Do again what was undone last, unless a decision came since; `title` names it."""

    reviewer: str = field(default_factory=this_user)
    title: str = field(default="", init=False)
    touched: int = field(default=0, init=False)

    def __call__(self, db: Connection) -> ChangeSet:
        row = next_redo(db)
        if row is None:
            raise NothingToRedoError("there is nothing to redo")
        action_id, self.title, undo_id = row
        changes, self.touched = _invert(
            db, undo_id, action_id, f"Redo: {self.title}", self.reviewer
        )
        return changes


TAKEN_BACK = (
    "select undoes from action where undoes is not null group by undoes having count(*) % 2 = 1"
)
"""An action stands or is taken back by turns: each undo and each redo of it names it in `undoes`."""


def next_undo(db: Connection) -> tuple[int, str] | None:
    """Action and title of what an undo would take back."""
    return first(
        db,
        "select action_id, title from action where undoes is null and action_id not in"
        f" ({TAKEN_BACK}) order by action_id desc limit 1",
    )


def next_redo(db: Connection) -> tuple[int, str, int] | None:
    """Action and title of what a redo would do again, and the undo that took it back."""
    return first(
        db,
        "select a.action_id, o.title, u.action_id from"
        f" (select undoes as action_id, max(action_id) as undo_id from action"
        f"  where undoes in ({TAKEN_BACK}) group by undoes) a"
        " join action o on o.action_id = a.action_id join action u on u.action_id = a.undo_id"
        " where u.action_id > (select coalesce(max(action_id), 0) from action where undoes is null)"
        " order by a.action_id limit 1",
    )


def _invert(
    db: Connection, source: int, about: int, title: str, reviewer: str
) -> tuple[ChangeSet, int]:
    ((action_id,),) = db.execute("select nextval('action_seq')").fetchall()
    note_action(db, action_id, title, undoes=about, reviewer=reviewer)
    ((touched,),) = db.execute(
        "insert into change select ?, sample_id, new_verdict, new_labels, new_note, new_action,"
        " old_verdict, old_labels, old_note, old_action, check_id, p_error from change where action_id = ?",
        [action_id, source],
    ).fetchall()
    db.execute(_UNJUDGE, [action_id, source, source])
    return apply(db, action_id, touched), touched


_UNJUDGE = (
    "insert into judgement select ?, n.sample_id, n.label, o.verdict, o.category, o.severity, o.note,"
    " o.added, o.said_in from judgement n left join (select * from judgement where action_id < ?"
    "  qualify row_number() over"
    "  (partition by sample_id, label order by action_id desc) = 1) o using (sample_id, label)"
    " where n.action_id = ? order by n.sample_id"
)
"""What was said of the same predictions before a step is said again; see store/triage.py."""


def refuse_unknown(db: Connection, span: dict[str, int]) -> None:
    """Raise UnknownSampleError where `incoming`, whose ids lie in the span, names one."""
    row = first(
        db,
        # The span lets DuckDB skip most of the table, which an anti join reads from end to end.
        "select sample_id from incoming anti join"
        " (select sample_id from sample where present and sample_id between ? and ?)"
        " using (sample_id) limit 1",
        [span["min"], span["max"]],
    )
    if row:
        raise UnknownSampleError(f"the project has no sample {row[0]}")


def note_action(
    db: Connection, action_id: int, title: str, undoes: int | None, reviewer: str
) -> None:
    """Write who makes the step, and when."""
    db.execute(
        f"insert into action values (?, ?, ?, ?, {NOW})",
        [action_id, title, undoes, reviewer],
    )


NAMED = 10_000
"""A change set names its samples up to so many; of more, any sample may have changed."""


def apply(db: Connection, action_id: int, touched: int) -> ChangeSet:
    """Make the step's `touched` rows of change the standing decisions."""
    db.execute(
        "delete from review where sample_id in (select sample_id from change where action_id = ?)",
        [action_id],
    )
    db.execute(
        # The check that moved the reviewer stands with the action that made the decision.
        "insert into review select c.sample_id, c.new_verdict, c.new_labels, c.new_note,"
        " c.new_action, made.check_id from change c join change made"
        " on made.action_id = c.new_action and made.sample_id = c.sample_id"
        " where c.action_id = ? and (c.new_verdict is not null or c.new_note is not null)",
        [action_id],
    )
    tables = frozenset({"review", "action"})
    if touched > NAMED:
        return ChangeSet(tables)
    rows = db.execute("select sample_id from change where action_id = ?", [action_id]).fetchall()
    return ChangeSet(tables, tuple(SampleId(row[0]) for row in rows))


def decisions(db: Connection) -> pa.Table:
    """Standing decisions, with who, when and because of which finding; in sample_id order."""
    return arrow(
        db,
        'select n.sample_id, n.path, n."row", n.occurrence, n.given, n.labels, n.verdict, n.note,'
        " a.reviewer, a.made_on, a.title, c.check_id, c.p_error, m.sha256,"
        " n.labels is distinct from n.given as relabelled"
        " from label_now n join action a using (action_id)"
        " join change c on c.action_id = n.action_id and c.sample_id = n.sample_id"
        " left join media m on m.sample_id = n.sample_id"
        " where n.present order by n.sample_id",
    )


def edits(db: Connection) -> pa.Table:
    """What a writer needs: the samples whose labels differ from the given ones, or that are out."""
    return arrow(
        db,
        'select path, "row", occurrence, labels, excluded as exclude from label_now'
        " where present and (excluded or labels is distinct from given) order by sample_id",
    )


def label_lists(db: Connection) -> pa.Table:
    """Current labels and the standing verdict (null: none) of every present sample, in id order."""
    return arrow(
        db, "select sample_id, labels, verdict from label_now where present order by sample_id"
    )


BY_RULE = " (by rule)"
"""Ends the reviewer's name where nobody looked at each sample: such decisions confirm nothing."""

LOOKED_AT = 1_000
"""Nor does anybody look at each sample of a step over more than so many."""

JUDGED = (
    f"coalesce(r.verdict <> 'defer' and not ends_with(a.reviewer, '{BY_RULE}') and a.action_id not in"
    f" (select action_id from change group by action_id having count(*) > {LOOKED_AT}), false)"
)
"""Whether a person judged the sample; `r` is its standing decision and `a` the action of that."""


def confirmed(db: Connection) -> dict[str, tuple[int, int]]:
    """Per check: flags that a person confirmed, and flags that a person judged."""
    rows = db.execute(
        "select run.check_id, count(*) filter (r.verdict <> 'keep'), count(*)"
        " from finding f join run using (run_id) join sample s using (sample_id)"
        " join review r using (sample_id) join action a using (action_id)"
        f" where f.flagged and run_id in ({NEWEST}) and s.present and {JUDGED} and not {BEFORE}"
        " group by 1 order by 1"
    ).fetchall()
    return {check_id: (right, judged) for check_id, right, judged in rows}
