"""Predictions of models and the judgements of those that no accepted label agrees with.

A judgement is a step of the review's one history, so that its undo is the ordinary one; a
prediction judged right joins the sample's labels in the same step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from auditor.model import ChangeSet
from auditor.store import review
from auditor.store.db import NOW, Connection, arrow, insert

PREDICTION_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.int64(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        # Its probability, where the model gave one.
        pa.field("p", pa.float32()),
    ]
)
JUDGEMENT_SCHEMA = pa.schema(
    [
        pa.field("sample_id", pa.int64(), nullable=False),
        # The predicted label that is judged.
        pa.field("label", pa.string(), nullable=False),
        # A Judged; null takes the judgement back.
        pa.field("verdict", pa.string()),
        pa.field("category", pa.string()),
        pa.field("severity", pa.string()),
        pa.field("note", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class AddPredictions:
    """Remember PREDICTION_SCHEMA, one label a sample, as the model's newest."""

    model: str
    rows: pa.Table
    source: str

    def __call__(self, db: Connection) -> ChangeSet:
        ((batch,),) = db.execute("select nextval('prediction_batch_seq')").fetchall()
        values = [batch, self.model, self.source]
        db.execute(f"insert into prediction_batch values (?, ?, ?, {NOW})", values)
        insert(
            db,
            "insert into prediction select ?, sample_id, label, p from incoming order by sample_id",
            self.rows,
            [batch],
        )
        return ChangeSet(frozenset({"prediction"}))


@dataclass(slots=True)
class Judge:
    """Record JUDGEMENT_SCHEMA as one step; `judged` is the number that says something new.

    Raises UnknownSampleError.
    """

    rows: pa.Table
    title: str
    reviewer: str = field(default_factory=review.this_user)
    judged: int = field(default=0, init=False)

    def __call__(self, db: Connection) -> ChangeSet:
        rows = self.rows.append_column("place", pa.array(range(self.rows.num_rows), pa.int64()))
        insert(db, _COLLECT, rows)
        ((count, low, high),) = db.execute(_SPAN).fetchall()
        self.judged = int(count)
        if not self.judged:
            db.execute("drop table judged_now")
            return ChangeSet(frozenset())
        db.register("incoming", arrow(db, "select sample_id from judged_now"))
        review.refuse_unknown(db, {"min": low, "max": high})
        db.unregister("incoming")
        ((action_id,),) = db.execute("select nextval('action_seq')").fetchall()
        review.note_action(db, action_id, self.title, undoes=None, reviewer=self.reviewer)
        db.execute(_CHANGE, {"action": action_id})
        ((touched,),) = db.execute(_JUDGE, {"action": action_id}).fetchall()
        db.execute("drop table judged_now")
        changes = review.apply(db, action_id, touched)
        return ChangeSet(changes.tables | {"judgement"}, changes.sample_ids)


_COLLECT = (
    "create temp table judged_now as select i.* from (select * from incoming"
    "  qualify row_number() over (partition by sample_id, label order by place desc) = 1) i"
    " left join judgement_now j using (sample_id, label)"
    " where (i.verdict, i.category, i.severity, i.note)"
    "  is distinct from (j.verdict, j.category, j.severity, j.note)"
)
_SPAN = "select count(*), min(sample_id), max(sample_id) from judged_now"
_HOLDS = "list_contains(n.labels, i.label)"
_CHANGE = (
    # Which labels the step adds to a sample, and which it takes away that a judgement had added.
    "insert into change with effect as (select i.sample_id,"
    f"  list(i.label) filter (i.verdict = 'right' and not {_HOLDS} and not n.excluded) as plus,"
    f"  list(i.label) filter (j.added and i.verdict is distinct from 'right' and {_HOLDS}) as minus,"
    "   max(j.said_in) filter (j.added and i.verdict is distinct from 'right') as said_in"
    "  from judged_now i join label_now n using (sample_id)"
    "  left join judgement_now j using (sample_id, label) group by i.sample_id)"
    " select $action, e.sample_id, r.verdict, r.labels, r.note, r.action_id,"
    # Taken away with nothing decided since: what stood before stands again.
    "  case when plus is null and minus is null then r.verdict"
    "   when plus is null and c.action_id is not null then c.old_verdict else 'relabel' end,"
    "  case when plus is null and minus is null then r.labels"
    "   when plus is null and c.action_id is not null then c.old_labels"
    "   else list_concat([x for x in n.labels if not list_contains(coalesce(minus, []), x)],"
    "    coalesce(plus, [])) end,"
    "  r.note,"
    "  case when plus is null and minus is null then r.action_id"
    "   when plus is null and c.action_id is not null then c.old_action else $action end,"
    "  null, null"
    " from effect e join label_now n using (sample_id) left join review r using (sample_id)"
    " left join change c on c.action_id = e.said_in and c.sample_id = e.sample_id"
    "  and r.action_id = e.said_in order by e.sample_id"
)
_JUDGE = (
    "insert into judgement select $action, i.sample_id, i.label, i.verdict, i.category, i.severity,"
    " i.note, i.verdict = 'right' and not list_contains(coalesce(c.old_labels, s.given), i.label),"
    " $action from judged_now i join sample s using (sample_id)"
    " join change c on c.action_id = $action and c.sample_id = i.sample_id"
    " order by i.sample_id, i.label"
)

_MISTAKE = (
    "p.model = ? and n.present and not n.excluded and"
    " (j.verdict is not null or len(n.labels) > 0 and not list_contains(n.labels, p.label))"
)


def queue(db: Connection, model: str) -> pa.Table:
    """The model's mistakes, those not judged first and of these the most certain.

    sample_id, path, row, labels (accepted), predicted, p, verdict, category, severity, note,
    reviewer, made_on; the last six are null where nobody judged. A prediction that was judged
    stays in the list.
    """
    return arrow(
        db,
        'select p.sample_id, n.path, n."row", n.labels, p.label as predicted, p.p, j.verdict,'
        " j.category, j.severity, j.note, a.reviewer, a.made_on"
        " from prediction_now p join label_now n using (sample_id)"
        " left join judgement_now j on j.sample_id = p.sample_id and j.label = p.label"
        f" left join action a on a.action_id = j.said_in where {_MISTAKE}"
        " order by j.verdict is not null, p.p desc nulls last, p.sample_id",
        [model],
    )


def confusions(db: Connection, model: str) -> pa.Table:
    """How often the model predicts one class for another: accepted, predicted, count."""
    return arrow(
        db,
        "select accepted, p.label as predicted, count(*) as count from prediction_now p"
        " join label_now n using (sample_id), unnest(n.labels) l(accepted)"
        " where p.model = ? and n.present and not n.excluded"
        " and not list_contains(n.labels, p.label) group by all order by all",
        [model],
    )


def models(db: Connection) -> list[str]:
    """Models whose predictions there are, in the order they came."""
    rows = db.execute(
        "select model from prediction_batch group by model order by min(batch)"
    ).fetchall()
    return [model for (model,) in rows]


def unclear(db: Connection) -> dict[int, list[str]]:
    """Labels of each sample of which it is unclear whether they hold."""
    rows = db.execute(
        "select sample_id, list(label order by label) from judgement_now"
        " where verdict = 'unclear' group by 1"
    ).fetchall()
    return dict(rows)


def history(db: Connection, sample_id: int) -> pa.Table:
    """Everything that was said about a sample's predictions, oldest first, undone or not."""
    return arrow(
        db,
        "select j.label, j.verdict, j.category, j.severity, j.note, a.reviewer, a.made_on, a.title"
        " from judgement j join action a using (action_id) where sample_id = ? order by action_id",
        [sample_id],
    )


def places(db: Connection, names: list[str]) -> list[list[int]]:
    """Present samples of each name: of that path, else of that file name in any folder."""
    wanted = pa.table({"place": range(len(names)), "name": pa.array(names, pa.string())})
    db.register("incoming", wanted)
    rows = db.execute(
        "select i.place, coalesce(list(s.sample_id) filter (s.path = i.name),"
        " list(s.sample_id)) from incoming i join sample s on s.present"
        " and parse_filename(s.path) = parse_filename(i.name)"
        " and (s.path = i.name or not contains(i.name, '/')) group by i.place"
    ).fetchall()
    db.unregister("incoming")
    found: dict[int, list[int]] = dict(rows)
    return [found.get(place, []) for place in range(len(names))]
