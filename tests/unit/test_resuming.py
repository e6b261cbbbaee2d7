from __future__ import annotations

from auditor.session import AuditOptions, resuming
from auditor.store.db import Store
from auditor.store.project import PutFact
from auditor.store.runs import EndRun, RunIdentity, StartRun


def run(store: Store, state: str | None, check: str = "a", seed: int = 3, version: int = 1) -> None:
    """A run that ended so; None for one whose program was killed."""
    inputs = {"seed": seed, "device": "cpu", "embedding": "key"}
    identity = RunIdentity(
        check_id=check, version=1, params={"folds": 7}, inputs=inputs, data_version=version
    )
    step = StartRun(identity)
    store.write(step).result()
    if state is not None:
        store.write(EndRun(step.run_id, state, 1.0)).result()


def interrupted(store: Store) -> AuditOptions | None:
    with store.reader() as db:
        return resuming.interrupted(db)


def test_nothing_goes_on_where_every_run_has_ended(store: Store) -> None:
    run(store, "done")
    run(store, "failed", check="b")
    assert interrupted(store) is None


def test_what_was_cancelled_or_killed_is_asked_again_as_it_was(store: Store) -> None:
    store.write(PutFact("encoder", {"id": "classic"})).result()
    run(store, "cancelled")
    run(store, None, check="b")
    run(store, "done", check="c")
    assert interrupted(store) == AuditOptions(
        checks=("a", "b"),
        parameters={"a": {"folds": 7}, "b": {"folds": 7}},
        encoder="classic",
        seed=3,
        device="cpu",
    )


def test_runs_of_one_audit_go_on_together_and_no_other(store: Store) -> None:
    run(store, "cancelled")
    run(store, "cancelled", check="b", seed=4)
    found = interrupted(store)
    assert found is not None
    assert (found.checks, found.seed) == (("a",), 3)


def test_a_later_run_takes_the_place_of_a_stopped_one(store: Store) -> None:
    run(store, "cancelled")
    run(store, "done", seed=4)
    assert interrupted(store) is None


def test_a_run_on_other_data_does_not_go_on(store: Store) -> None:
    run(store, "cancelled", version=0)
    assert interrupted(store) is None
