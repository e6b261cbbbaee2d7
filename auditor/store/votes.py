"""Annotators' votes and the packets that were handed out for them. Rows are only added."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from auditor.model import VOTE_SCHEMA, ChangeSet
from auditor.store.db import NOW, Connection, arrow, first, insert
from auditor.store.review import JUDGED

_OF_A_SAMPLE = ("label", "suggested", "answer", "annotator", "made_on", "note")
OWN_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.int64(), nullable=False),
        *(VOTE_SCHEMA.field(name) for name in _OF_A_SAMPLE),
    ]
)
"""A row per vote about the project's own samples; `made_on` null is now."""


@dataclass(slots=True)
class CastVotes:
    """Add OWN_SCHEMA as one batch; `added` is the number of votes that say something new.

    Of an annotator's several votes about one question in the batch the newest, then the last,
    counts. A vote is not new where the same annotator stands by the same answer, or gave it at the
    very time; nor are those of unnamed annotators where the question has the same ones.
    """

    rows: pa.Table
    source: str
    added: int = field(default=0, init=False)

    def __call__(self, db: Connection) -> ChangeSet:
        place = pa.array(range(self.rows.num_rows), pa.int64())
        insert(
            db,
            f"create temp table cast_now as select * replace (coalesce(made_on, {NOW}) as made_on)"
            " from incoming qualify annotator is null or row_number() over ("
            " partition by sample_id, label, suggested, annotator order by made_on desc, place desc) = 1",
            self.rows.append_column("place", place),
        )
        ((batch,),) = db.execute("select nextval('vote_batch_seq')").fetchall()
        ((named,),) = db.execute(_ADD_NAMED, [batch]).fetchall()
        ((unnamed,),) = db.execute(_ADD_UNNAMED, [batch]).fetchall()
        db.execute("drop table cast_now")
        self.added = named + unnamed
        if not self.added:
            return ChangeSet(frozenset())
        db.execute(f"insert into vote_batch values (?, ?, {NOW})", [batch, self.source])
        return ChangeSet(frozenset({"vote"}))


_COLUMNS = "c.sample_id, c.label, c.suggested, c.answer, c.annotator, c.made_on, c.note"
_SAME_QUESTION = (
    "(v.sample_id, v.label) = (c.sample_id, c.label)"
    " and v.suggested is not distinct from c.suggested"
)
_ADD_NAMED = (
    f"insert into vote select ?, {_COLUMNS} from cast_now c where c.annotator is not null"
    f" and not exists (select 1 from vote_now v where {_SAME_QUESTION}"
    "  and v.annotator = c.annotator and v.answer = c.answer)"
    f" and not exists (select 1 from vote v where {_SAME_QUESTION}"
    "  and v.annotator = c.annotator and v.answer = c.answer and v.made_on = c.made_on)"
    " order by c.sample_id, c.place"
)
_ANSWERS_OF = (
    "select sample_id, label, suggested, list_sort(list(answer)) as answers from {}"
    " where annotator is null group by all"
)
_ADD_UNNAMED = (
    f"insert into vote select ?, {_COLUMNS} from cast_now c"
    f" join ({_ANSWERS_OF.format('cast_now')}) n on n.sample_id = c.sample_id and n.label = c.label"
    "  and n.suggested is not distinct from c.suggested"
    " where c.annotator is null and not exists ("
    f" select 1 from ({_ANSWERS_OF.format('vote_now')}) v where {_SAME_QUESTION}"
    "  and v.answers = n.answers)"
    " order by c.sample_id, c.place"
)


def standing(db: Connection) -> pa.Table:
    """The votes that count, with each sample's path and row, in sample_id order.

    path, row, sample_id, label, suggested, answer, annotator, made_on, note: model.VOTE_SCHEMA.
    """
    return arrow(
        db,
        'select s.path, s."row", v.sample_id, v.label, v.suggested, v.answer, v.annotator, v.made_on,'
        " v.note"
        " from vote_now v join sample s using (sample_id) where s.present"
        " order by v.sample_id, v.batch, v.label, v.annotator",
    )


PACKET = "packet "
"""Source of votes that came in a packet begins so: its reviewer could have added any label."""


def implied(db: Connection) -> pa.Table:
    """The "no" of packets' reviewers to labels that only others named: `standing`'s columns.

    An answer in a packet is the whole set of labels that fit, whichever were asked about.
    """
    return arrow(
        db,
        "with whole as (select sample_id, annotator, max(made_on) as made_on from vote_now"
        "  join vote_batch using (batch) where starts_with(source, ?) group by all),"
        " asked as (select sample_id, label from vote_now union"
        "  select sample_id, suggested from vote_now where suggested is not null),"
        " said as (select sample_id, label, annotator from vote_now union"
        "  select sample_id, suggested, annotator from vote_now where suggested is not null)"
        " select s.path, s.\"row\", w.sample_id, a.label, null::text as suggested, 'no' as answer,"
        " w.annotator, w.made_on, null::text as note"
        " from whole w join asked a using (sample_id) join sample s using (sample_id)"
        " anti join said on (said.sample_id, said.label, said.annotator)"
        "  = (w.sample_id, a.label, w.annotator)"
        " where s.present order by w.sample_id, a.label, w.annotator",
        [PACKET],
    )


def cast_by(db: Connection, annotator: str) -> list[tuple[int, str, datetime]]:
    """Sample, label and time (UTC) of every vote of an annotator about a single label."""
    return db.execute(
        "select sample_id, label, made_on from vote where annotator = ? and suggested is null",
        [annotator],
    ).fetchall()


def history(db: Connection, sample_id: int) -> pa.Table:
    """Every vote about a sample, oldest first: OWN_SCHEMA and the source it came from."""
    return arrow(
        db,
        "select v.* exclude (batch), b.source from vote v join vote_batch b using (batch)"
        " where sample_id = ? order by made_on, batch",
        [sample_id],
    )


def labels_now(db: Connection, sample_ids: Sequence[int]) -> pa.Table:
    """Samples as they stand, in id order.

    sample_id, path, row, labels, given, excluded, present, sha256, verdict.
    """
    ids = pa.table({"sample_id": pa.array(sample_ids, pa.int64())})
    db.register("incoming", ids)
    found = arrow(
        db,
        'select n.sample_id, n.path, n."row", n.labels, n.given, n.excluded, n.present, m.sha256, n.verdict'
        " from label_now n semi join incoming using (sample_id)"
        " left join media m on m.sample_id = n.sample_id order by n.sample_id",
    )
    db.unregister("incoming")
    return found


def judged(db: Connection) -> pa.Table:
    """Samples whose label a person looked at and settled: sample_id and labels, in id order."""
    return arrow(
        db,
        "select n.sample_id, n.labels from label_now n join review r using (sample_id)"
        " join action a on a.action_id = r.action_id"
        f" where n.present and not n.excluded and r.verdict is not null and {JUDGED}"
        " order by n.sample_id",
    )


@dataclass(frozen=True, slots=True)
class NotePacket:
    """Remember a packet that is handed out; `gold` is sample id -> the labels that are right."""

    packet_id: str
    reviewer: str
    sha256: str
    gold: Mapping[int, Sequence[str]]

    def __call__(self, db: Connection) -> ChangeSet:
        values = [self.packet_id, self.reviewer, self.sha256, json.dumps(dict(self.gold))]
        db.execute(f"insert into packet values (?, ?, {NOW}, ?, ?)", values)
        return ChangeSet(frozenset({"packet"}))


def packet(db: Connection, packet_id: str) -> dict[str, Any] | None:
    """Reviewer, hash and gold labels by sample of a packet that this project handed out, or None."""
    row = first(db, "select reviewer, sha256, gold from packet where packet_id = ?", [packet_id])
    return {"reviewer": row[0], "sha256": row[1], "gold": _gold(row[2])} if row else None


def gold(db: Connection) -> dict[int, list[str]]:
    """Labels of the gold samples of all packets; the newest packet's where two differ."""
    rows = db.execute("select gold from packet order by made_on").fetchall()
    return {sample_id: labels for (text,) in rows for sample_id, labels in _gold(text).items()}


def _gold(text: str) -> dict[int, list[str]]:
    return {int(sample_id): labels for sample_id, labels in json.loads(text).items()}
