"""The ledger of check runs: what is done is never done twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from auditor.checks.label_trust import TRUST
from auditor.model import ChangeSet
from auditor.store.db import NOW, Connection, arrow, first, insert


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """Everything that decides a run's numbers: equal identities are one run."""

    check_id: str
    version: int
    params: Mapping[str, Any]
    inputs: Mapping[str, Any]
    """Keys of the arrays and models used, and the seed."""
    data_version: int

    @property
    def key(self) -> str:
        facts = [
            self.check_id,
            self.version,
            dict(self.params),
            dict(self.inputs),
            self.data_version,
        ]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@dataclass(slots=True)
class StartRun:
    """Open a run, or take up the one with the same identity. `run_id` tells which."""

    identity: RunIdentity
    run_id: int = field(default=-1, init=False)

    def __call__(self, db: Connection) -> ChangeSet:
        if known := find(db, self.identity):
            self.run_id, _ = known
            db.execute(
                "update run set state = 'running', message = null, ended_on = null,"
                f" started_on = {NOW} where run_id = ?",
                [self.run_id],
            )
            return ChangeSet(frozenset({"run"}))
        ((self.run_id,),) = db.execute("select nextval('run_seq')").fetchall()
        who = self.identity
        db.execute(
            f"insert into run values (?, ?, ?, ?, ?, ?, ?, 'running', null, {NOW}, null, 0, null)",
            [
                self.run_id,
                who.key,
                who.check_id,
                who.version,
                json.dumps(dict(who.params)),
                json.dumps(dict(who.inputs)),
                who.data_version,
            ],
        )
        return ChangeSet(frozenset({"run"}))


@dataclass(frozen=True, slots=True)
class SaveShard:
    """One shard's findings and the note that it is done, together or not at all."""

    run_id: int
    shard_no: int
    findings: pa.Table
    metrics: pa.Table

    def __call__(self, db: Connection) -> ChangeSet:
        done = first(
            db,
            "select 1 from shard_done where run_id = ? and shard_no = ?",
            [self.run_id, self.shard_no],
        )
        if done:
            raise ValueError(f"shard {self.shard_no} of run {self.run_id} is saved already")
        db.execute("insert into shard_done values (?, ?)", [self.run_id, self.shard_no])
        insert(db, "insert into finding select ?, * from incoming", self.findings, [self.run_id])
        insert(db, "insert into metric select ?, * from incoming", self.metrics, [self.run_id])
        return ChangeSet(frozenset({"finding", "metric"}))


@dataclass(frozen=True, slots=True)
class EndRun:
    run_id: int
    state: str
    """done | cancelled | failed | skipped"""
    seconds: float
    message: str | None = None

    def __call__(self, db: Connection) -> ChangeSet:
        db.execute(
            f"update run set state = ?, message = ?, ended_on = {NOW},"
            f" seconds = seconds + ?, after_action = ({_LAST_ACTION}) where run_id = ?",
            [self.state, self.message, self.seconds, self.run_id],
        )
        if self.state == "done":
            _drop_superseded(db, self.run_id)
        return ChangeSet(frozenset({"run", "finding", "metric"}))


def _drop_superseded(db: Connection, run_id: int) -> None:
    """Delete the rows of the check's runs that no identity can reach again.

    The data version only grows and so does a check's. Other parameters on the same data may be
    asked for again: those runs stay.
    """
    for table in ("finding", "metric", "shard_done"):
        db.execute(
            f"delete from {table} where run_id in (select old.run_id from run old join run now"
            " on old.check_id = now.check_id where now.run_id = ?"
            " and (old.data_version < now.data_version or old.version < now.version))",
            [run_id],
        )
    db.execute(
        "update run set state = 'superseded' from run now where now.run_id = ?"
        " and run.check_id = now.check_id"
        " and (run.data_version < now.data_version or run.version < now.version)",
        [run_id],
    )


@dataclass(slots=True)
class ReuseRun:
    """Make the finished run with this identity the check's newest; `found` tells if there is one."""

    identity: RunIdentity
    found: bool = field(default=False, init=False)

    def __call__(self, db: Connection) -> ChangeSet:
        if (known := find(db, self.identity)) and known[1] == "done":
            self.found = True
            # What the newest run flagged was seen all the while; what another did comes only now.
            db.execute(
                f"update run set ended_on = {NOW}, after_action = case when run_id = ({_LATEST})"
                f" then after_action else ({_LAST_ACTION}) end where run_id = ?",
                [self.identity.check_id, known[0]],
            )
        return ChangeSet(frozenset({"run"} if self.found else ()))


def find(db: Connection, identity: RunIdentity) -> tuple[int, str] | None:
    """Id and state of the run with this identity."""
    row = first(db, "select run_id, state from run where run_key = ?", [identity.key])
    return (row[0], row[1]) if row else None


def done_shards(db: Connection, run_id: int) -> set[int]:
    rows = db.execute("select shard_no from shard_done where run_id = ?", [run_id]).fetchall()
    return {shard_no for (shard_no,) in rows}


NEWEST = "select max_by(run_id, ended_on) from run where state = 'done' group by check_id"
"""Each check's newest finished run."""
LAST = (
    "select max_by(run_id, coalesce(ended_on, started_on)) as run_id from run"
    " where state <> 'superseded' group by check_id"
)
"""Each check's newest run, however it stands."""
_LAST_ACTION = "select coalesce(max(action_id), 0) from action"
_LATEST = "select max_by(run_id, ended_on) from run where check_id = ? and state = 'done'"


@dataclass(frozen=True, slots=True)
class Run:
    run_id: int
    check_id: str
    version: int
    params: dict[str, Any]
    inputs: dict[str, Any]
    data_version: int
    seconds: float


def latest(db: Connection, check_id: str) -> Run | None:
    """The newest finished run of a check."""
    row = first(
        db,
        "select run_id, check_id, version, params, inputs, data_version, seconds from run"
        f" where run_id = ({_LATEST})",
        [check_id],
    )
    if row is None:
        return None
    return Run(row[0], row[1], row[2], json.loads(row[3]), json.loads(row[4]), row[5], row[6])


def last_params(db: Connection) -> dict[str, dict[str, Any]]:
    """By check id, the parameters of its newest run, however that stands."""
    rows = db.execute(f"select check_id, params from run where run_id in ({LAST})").fetchall()
    return {check_id: json.loads(params) for check_id, params in rows}


def judged(db: Connection, run_id: int) -> int:
    """How many findings the run has."""
    ((rows,),) = db.execute("select count(*) from finding where run_id = ?", [run_id]).fetchall()
    return int(rows)


def newest(db: Connection) -> list[dict[str, Any]]:
    """Each check's newest run, however it stands, with the number of samples it flagged so far.

    `trust` says whether its class probabilities agree with the labels (see checks.label_trust).
    """
    table = arrow(
        db,
        f"with newest as ({LAST}),"
        " flags as (select run_id, count(*) as flagged from finding join newest using (run_id)"
        "  where finding.flagged group by run_id)"
        " select check_id, state, started_on, ended_on, seconds, message, version, data_version,"
        " coalesce(flagged, 0) as flagged, trust.value as trust"
        " from run join newest using (run_id) left join flags using (run_id)"
        " left join metric as trust on trust.run_id = run.run_id and trust.name = ?"
        " order by check_id",
        [TRUST],
    )
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def audited(db: Connection) -> tuple[str, ...]:
    """Ids of the checks that have a finished run."""
    rows = db.execute(
        "select distinct check_id from run where state = 'done' order by 1"
    ).fetchall()
    return tuple(check_id for (check_id,) in rows)


def findings(db: Connection, check_id: str, *, only_flagged: bool = False) -> pa.Table:
    """The newest findings of a check with the sample's path and labels, in sample_id order."""
    return arrow(
        db,
        'select f.* exclude (run_id), s.path, s."row", s.occurrence, s.given, s.labels, s.split, s.verdict,'
        " m.sha256"
        " from finding f join label_now s using (sample_id) left join media m using (sample_id)"
        f" where s.present and f.run_id = ({_LATEST}) and (f.flagged or not ?) order by f.sample_id",
        [check_id, only_flagged],
    )


def metrics(db: Connection, check_id: str) -> pa.Table:
    """The newest metrics of a check. Those of a check that runs in shards are counts, and summed."""
    return arrow(
        db,
        "select scope, key, name, sum(value) as value, sum(low) as low, sum(high) as high from metric"
        f" where run_id = ({_LATEST}) group by scope, key, name order by scope, key, name",
        [check_id],
    )
