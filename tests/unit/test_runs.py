from __future__ import annotations

import dataclasses

import pyarrow as pa
import pytest

from auditor.checks import base
from auditor.store import runs
from auditor.store.db import Store
from auditor.store.runs import EndRun, ReuseRun, RunIdentity, SaveShard, StartRun

IDENTITY = RunIdentity(check_id="c", version=1, params={"a": 1}, inputs={"seed": 0}, data_version=1)
FINDINGS = base.findings(sample_id=[1], quality=[0.25], flagged=[True], evidence=["{}"])
METRICS = base.metrics([("set", "", "errors", 3.0, 1.0, 5.0)])


def start(store: Store, identity: RunIdentity = IDENTITY) -> int:
    run = StartRun(identity)
    store.write(run).result()
    return run.run_id


def reuse(store: Store, **change: object) -> bool:
    step = ReuseRun(dataclasses.replace(IDENTITY, **change))  # type: ignore[arg-type]
    store.write(step).result()
    return step.found


def finished(store: Store, findings: pa.Table = FINDINGS, **change: object) -> int:
    run_id = start(store, dataclasses.replace(IDENTITY, **change))  # type: ignore[arg-type]
    store.write(SaveShard(run_id, 0, findings, METRICS)).result()
    store.write(EndRun(run_id, "done", 1.0)).result()
    return run_id


def test_a_run_that_is_used_again_is_the_newest(store: Store) -> None:
    finished(store)
    finished(store, FINDINGS.slice(0, 0), inputs={"seed": 1})
    assert reuse(store)
    with store.reader() as db:
        assert runs.findings(db, "c").num_rows == 1


def test_findings_that_no_audit_can_reach_again_are_deleted_when_newer_are_there(
    store: Store,
) -> None:
    finished(store)
    finished(store, inputs={"seed": 1})
    finished(store, check_id="d")
    start(store, dataclasses.replace(IDENTITY, data_version=2))
    with store.reader() as db:
        assert db.execute("select count(*) from finding").fetchall() == [(3,)]
    newest = finished(store, data_version=2)
    with store.reader() as db:
        assert db.execute(
            "select check_id, count(*) from finding join run using (run_id) group by 1 order by 1"
        ).fetchall() == [("c", 1), ("d", 1)]
        latest = runs.latest(db, "c")
    assert latest
    assert latest.run_id == newest
    assert not reuse(store)


def test_a_run_that_was_cut_short_goes_on_where_it_stopped(store: Store) -> None:
    run_id = start(store)
    store.write(SaveShard(run_id, 1, FINDINGS, METRICS)).result()
    assert start(store) == run_id
    with store.reader() as db:
        assert runs.done_shards(db, run_id) == {1}
    assert not reuse(store)


def test_a_shard_is_saved_once(store: Store) -> None:
    run_id = start(store)
    store.write(SaveShard(run_id, 1, FINDINGS, METRICS)).result()
    with pytest.raises(ValueError, match="saved already"):
        store.write(SaveShard(run_id, 1, FINDINGS, METRICS)).result()
    with store.reader() as db:
        assert db.execute("select count(*) from finding").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"params": {"a": 2}},
        {"inputs": {"seed": 1}},
        {"data_version": 2},
        {"check_id": "d"},
    ],
)
def test_whatever_decides_the_numbers_makes_another_run(
    store: Store, change: dict[str, object]
) -> None:
    facts = {name: getattr(IDENTITY, name) for name in RunIdentity.__dataclass_fields__}
    assert start(store) != start(store, RunIdentity(**{**facts, **change}))


def test_findings_are_those_of_the_newest_finished_run(store: Store) -> None:
    first = start(store)
    store.write(SaveShard(first, 0, FINDINGS, METRICS)).result()
    store.write(EndRun(first, "done", 1.0)).result()
    facts = {name: getattr(IDENTITY, name) for name in RunIdentity.__dataclass_fields__}
    second = start(store, RunIdentity(**{**facts, "data_version": 2}))
    store.write(SaveShard(second, 0, FINDINGS.slice(0, 0), METRICS)).result()
    with store.reader() as db:
        assert runs.findings(db, "c").num_rows == 1
    store.write(EndRun(second, "done", 1.0)).result()
    with store.reader() as db:
        assert runs.findings(db, "c").num_rows == 0
        assert runs.metrics(db, "c")["value"].to_pylist() == [3.0]
