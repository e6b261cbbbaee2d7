"""Samples as the source gives them; importing again adds, updates and marks the missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.model import SAMPLE_SCHEMA, ChangeSet
from auditor.store import project
from auditor.store.db import NOW, Connection, arrow, first, identifier, insert


@dataclass(slots=True)
class ImportCounts:
    """What one import did, in samples."""

    added: int = 0
    relabelled: int = 0
    missing: int = 0
    returned: int = 0
    moved: int = 0
    """In another split or group than before."""
    total: int = 0

    @property
    def changed(self) -> bool:
        news = (self.added, self.relabelled, self.missing, self.returned, self.moved)
        return any(news)


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
            if rows == 0:
                insert(db, _COLLECT, batch)
            else:
                _collect_more(db, batch)
            rows += batch.num_rows
            self.report(rows)
        if rows == 0:
            insert(db, _COLLECT, SAMPLE_SCHEMA.empty_table())

    def _update(self, db: Connection) -> None:
        db.execute(f"create temp table known as select s.sample_id, i.* from sample s {_JOIN}")
        for field_name, now, before in _NOTED:
            db.execute(
                f"insert into source_change select s.sample_id, {NOW}, ?,"
                f" to_json(s.{before})::text, to_json(k.{now})::text"
                f" from known k join sample s using (sample_id) where k.{now} is distinct from s.{before}",
                [field_name],
            )
        both = "select count(*) from known k join sample s using (sample_id) where"
        self.counts.relabelled = _count(db, f"{both} k.labels is distinct from s.given")
        self.counts.moved = _count(
            db, f'{both} (k.split, k."group") is distinct from (s.split, s."group")'
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
            "create temp table fresh as select ? + row_number() over (order by i.rowid) - 1 as"
            " sample_id, i.* from incoming_sample i where not exists"
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


_COLLECT = "create temp table incoming_sample as select * from incoming"
_NOTED = (
    ("labels", "labels", "given"),
    ("split", "split", "split"),
    ("group", '"group"', '"group"'),
)
"""What is noted when the source changes it, with its columns in the incoming and the stored rows."""
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


def _collect_more(db: Connection, batch: pa.Table) -> None:
    db.register("incoming", batch)
    _widen(db, "incoming_sample", "incoming", _types(db, "incoming"))
    db.execute("insert into incoming_sample by name select * from incoming")
    db.unregister("incoming")


def _types(db: Connection, table: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in db.execute(f"describe {table}").fetchall()}


def _widen(db: Connection, table: str, source: str, kinds: Mapping[str, str]) -> None:
    """Give `table` the columns that only `source` has; text where it brings other values."""
    known = {name.lower(): kind for name, kind in _types(db, table).items()}
    for name, kind in kinds.items():
        column, its = identifier(name), known.get(name.lower())
        if its is None:
            db.execute(f"alter table {table} add column {column} {kind}")
        elif its != kind and not _fits(db, source, column, its):
            db.execute(f"alter table {table} alter column {column} set data type varchar")


def _fits(db: Connection, source: str, column: str, kind: str) -> bool:
    strange = f"{column} is not null and try_cast({column} as {kind})::text is distinct from {column}::text"
    return _count(db, f"select count(*) from {source} where {strange}") == 0


def _incoming_extra(db: Connection) -> dict[str, str]:
    found = _types(db, "incoming_sample").items()
    return {name: kind for name, kind in found if name not in SAMPLE_SCHEMA.names}


def _extra_columns(db: Connection) -> list[str]:
    return [identifier(name) for name in _incoming_extra(db)]


def _add_extra_columns(db: Connection) -> list[str]:
    _widen(db, "extra", "incoming_sample", _incoming_extra(db))
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


def readable(db: Connection) -> pa.Table:
    """As `read`, of those whose picture could be read, with its pixel_hash."""
    return read(db, ["pixel_hash"], where="m.pixel_hash is not null")


def place(db: Connection, sample_id: int) -> tuple[str, int | None] | None:
    """Path and row of one sample, also of one that left the source; None where there is none."""
    found = first(db, 'select path, "row" from sample where sample_id = ?', [sample_id])
    return (found[0], found[1]) if found else None


def given(db: Connection, sample_id: int) -> list[str]:
    """Given labels of one sample; none for a sample that the project does not have."""
    found = first(db, "select given from sample where sample_id = ? and present", [sample_id])
    return list(found[0]) if found else []


KEY_SCHEMA = pa.schema([("path", pa.string()), ("row", pa.int64()), ("sample_id", pa.int64())])
"""How somebody names a sample: by path and row, or where there is no path by its id."""


def find(db: Connection, keys: pa.Table) -> pa.Array:
    """Ids of the present samples that `keys` (KEY_SCHEMA) name, in their order; null for none.

    Where a source lists one path several times, the id tells which is meant, else it is the first.
    """
    numbered = keys.append_column("place", pa.array(np.arange(keys.num_rows)))
    db.register("incoming", numbered)
    found = arrow(
        db,
        "with named as ("
        "select i.place, s.sample_id, s.sample_id = i.sample_id as same from incoming i join sample s"
        ' on s.path = i.path and s."row" is not distinct from i."row" where s.present'
        " union all select i.place, s.sample_id, true from incoming i join sample s"
        " on s.sample_id = i.sample_id where i.path is null and s.present)"
        " select place, coalesce(min(sample_id) filter (same), min(sample_id)) as sample_id"
        " from named group by place",
    )
    db.unregister("incoming")
    return (
        found["sample_id"]
        .combine_chunks()
        .take(
            pc.index_in(
                numbered["place"], value_set=found["place"].combine_chunks()
            ).combine_chunks()
        )
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
