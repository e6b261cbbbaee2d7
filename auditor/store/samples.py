"""Samples as the source gives them; importing again adds, updates and marks the missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from auditor.model import SAMPLE_SCHEMA, ChangeSet
from auditor.store import project
from auditor.store.db import Connection, arrow, identifier, insert


@dataclass(slots=True)
class ImportCounts:
    """What one import did, in samples."""

    added: int = 0
    relabelled: int = 0
    missing: int = 0
    returned: int = 0
    total: int = 0

    @property
    def changed(self) -> bool:
        return bool(self.added or self.relabelled or self.missing or self.returned)


@dataclass(slots=True)
class ImportSamples:
    """Take in a source's rows, as one transaction. `counts` says what was done."""

    batches: Iterable[pa.Table]
    classes: Sequence[str]
    report: Callable[[int], None] = lambda _rows: None
    counts: ImportCounts = field(default_factory=ImportCounts)

    def __call__(self, db: Connection) -> ChangeSet:
        self._collect(db)
        self._update(db)
        self._append(db)
        seen = _class_names(db)
        project.add_classes(db, [name for name in self.classes if name in seen])
        project.add_classes(db, sorted(seen))
        if self.counts.changed:
            project.put(db, "data_version", project.data_version(db) + 1)
        db.execute("drop table incoming_sample")
        self.counts.total = _count(db, "select count(*) from sample where present")
        return ChangeSet(frozenset({"sample", "extra", "class", "project"}))

    def _collect(self, db: Connection) -> None:
        """Rows in their order, with extra columns widened as later batches bring more."""
        rows = 0
        for batch in self.batches:
            numbered = batch.append_column(
                "position", pa.array(range(rows, rows + batch.num_rows), pa.int64())
            )
            if rows == 0:
                insert(db, "create temp table incoming_sample as select * from incoming", numbered)
            else:
                insert(db, "insert into incoming_sample by name select * from incoming", numbered)
            rows += batch.num_rows
            self.report(rows)
        if rows == 0:
            empty = SAMPLE_SCHEMA.empty_table().append_column("position", pa.array([], pa.int64()))
            insert(db, "create temp table incoming_sample as select * from incoming", empty)

    def _update(self, db: Connection) -> None:
        db.execute(f"create temp table known as select s.sample_id, i.* from sample s {_JOIN}")
        relabelled = "k.labels is distinct from s.given"
        db.execute(
            "insert into source_change select s.sample_id, current_timestamp::timestamp, 'labels',"
            " to_json(s.given)::text, to_json(k.labels)::text"
            f" from known k join sample s using (sample_id) where {relabelled}"
        )
        self.counts.relabelled = _count(
            db, f"select count(*) from known k join sample s using (sample_id) where {relabelled}"
        )
        self.counts.returned = _count(
            db, "select count(*) from known join sample s using (sample_id) where not s.present"
        )
        self.counts.missing = _count(
            db,
            "select count(*) from sample where present and sample_id not in (select sample_id from known)",
        )
        db.execute(
            'update sample set given = k.labels, split = k.split, "group" = k."group", present = true'
            " from known k where k.sample_id = sample.sample_id"
        )
        db.execute(
            "update sample set present = false where sample_id not in (select sample_id from known)"
        )
        self._update_extra(db)
        db.execute("drop table known")

    def _update_extra(self, db: Connection) -> None:
        names = _add_extra_columns(db)
        if names:
            columns = ", ".join(f"{n} = k.{n}" for n in names)
            db.execute(
                f"update extra set {columns} from known k where k.sample_id = extra.sample_id"
            )

    def _append(self, db: Connection) -> None:
        first = _count(db, "select coalesce(max(sample_id) + 1, 0) from sample")
        db.execute(
            "create temp table fresh as select ? + row_number() over (order by position) - 1 as"
            " sample_id, i.* exclude (position) from incoming_sample i where not exists"
            ' (select 1 from sample s where s.path = i.path and s."row" is not distinct from'
            ' i."row" and s.occurrence = i.occurrence)',
            [first],
        )
        db.execute(
            'insert into sample select sample_id, path, "row", occurrence, labels, split, "group", true'
            " from fresh order by sample_id"
        )
        names = ["sample_id", *_extra_columns(db)]
        db.execute(
            f"insert into extra by name select {', '.join(names)} from fresh order by sample_id"
        )
        self.counts.added = _count(db, "select count(*) from fresh")
        db.execute("drop table fresh")


_JOIN = (
    'join incoming_sample i on s.path = i.path and s."row" is not distinct from i."row"'
    " and s.occurrence = i.occurrence"
)


def _count(db: Connection, query: str) -> int:
    ((count,),) = db.execute(query).fetchall()
    return int(count)


def _class_names(db: Connection) -> set[str]:
    rows = db.execute("select distinct unnest(given) from sample where present").fetchall()
    return {name for (name,) in rows}


def _incoming_extra(db: Connection) -> list[tuple[str, str]]:
    ours = {*SAMPLE_SCHEMA.names, "position"}
    rows = db.execute("describe incoming_sample").fetchall()
    return [(name, kind) for name, kind, *_ in rows if name not in ours]


def _extra_columns(db: Connection) -> list[str]:
    return [identifier(name) for name, _ in _incoming_extra(db)]


def _add_extra_columns(db: Connection) -> list[str]:
    for name, kind in _incoming_extra(db):
        db.execute(f"alter table extra add column if not exists {identifier(name)} {kind}")
    return _extra_columns(db)


def count(db: Connection) -> int:
    """Samples that the source still has."""
    return _count(db, "select count(*) from sample where present")


def next_id(db: Connection) -> int:
    """One more than the largest id: the length of arrays that hold a row per sample."""
    return _count(db, "select coalesce(max(sample_id) + 1, 0) from sample")


def read(db: Connection, columns: Sequence[str] = (), *, where: str = "true") -> pa.Table:
    """Present samples in id order: sample_id, path, row, labels (given), split, group, and `columns`.

    `columns` name columns of the media table; `where` is one of ours, never a user's text.
    """
    chosen = "".join(f", m.{identifier(name)}" for name in columns)
    return arrow(
        db,
        'select s.sample_id, s.path, s."row", s.occurrence, s.given as labels, s.split, s."group"'
        f"{chosen} from sample s left join media m using (sample_id) where present and {where}"
        " order by s.sample_id",
    )


def extra_column(db: Connection, name: str) -> pa.Table:
    """One extra column of the source: sample_id and value, in id order."""
    return arrow(
        db,
        f"select sample_id, {identifier(name)} as value from extra order by sample_id",
    )


def extra_names(db: Connection) -> tuple[str, ...]:
    rows = db.execute("describe extra").fetchall()
    return tuple(name for name, *_ in rows if name != "sample_id")


def multi_label(db: Connection) -> bool:
    """Whether the source gives sets of labels."""
    return bool(project.fact(db, "multi_label"))


def tally(db: Connection) -> dict[str, Any]:
    """Counts of the present samples: samples, labelled, classes, and splits by name."""
    ((total, labelled),) = db.execute(
        "select count(*), count(*) filter (len(given) > 0) from sample where present"
    ).fetchall()
    splits = db.execute(
        "select split, count(*) from sample where present and split is not null group by 1 order by 1"
    ).fetchall()
    return {
        "samples": total,
        "labelled": labelled,
        "classes": len(project.classes(db)),
        "splits": dict(splits),
    }
