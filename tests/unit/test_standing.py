"""What a decision settles: a kept or deferred label says nothing about what is flagged later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from auditor.checks import base
from auditor.model import Verdict
from auditor.session import Session, browsing, precision, previews
from auditor.session.browsing import Row, State, View
from auditor.store import gallery, review, runs
from tests import project_world

LATER: dict[str, Any] = {"check_id": "outliers"}
KEPT, DEFERRED, ACCEPTED, NOT_FLAGGED, SEEN = range(5)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """The later check flags 0 to 2 and 4, after all but 4 were decided because of label_errors."""
    with project_world.session(tmp_path) as opened:
        for sample_id, verdict in (
            (KEPT, Verdict.KEEP),
            (DEFERRED, Verdict.DEFER),
            (ACCEPTED, Verdict.EXCLUDE),
            (NOT_FLAGGED, Verdict.KEEP),
        ):
            decide(opened, sample_id, verdict, "label_errors")
        project_world.audit(opened, flags(KEPT, DEFERRED, ACCEPTED, SEEN), **LATER)
        decide(opened, SEEN, Verdict.KEEP, "label_errors")
        yield opened


def flags(*sample_ids: int) -> pa.Table:
    count = len(project_world.LABELS)
    return base.findings(
        sample_id=list(range(count)),
        quality=[0.5] * count,
        flagged=[i in sample_ids for i in range(count)],
        suggested=[["c"] if i in sample_ids else None for i in range(count)],
    )


def decide(session: Session, sample_id: int, verdict: Verdict | None, check_id: str) -> int:
    return session.decide_on(np.array([sample_id], np.int64), verdict, check_id=check_id)


def rows(session: Session, check_id: str | None, as_of: int | None = None) -> list[Row]:
    view = View(check_id=check_id, as_of=as_of)
    return session.read(lambda db: browsing.rows(db, view, range(5)))


def states(session: Session, check_id: str | None, as_of: int | None = None) -> str:
    """One letter each: unseen, decided or put off (deferred)."""
    letters = {State.UNSEEN: "u", State.DECIDED: "d", State.DEFERRED: "p"}
    return "".join(letters[row.state] for row in rows(session, check_id, as_of))


def test_what_is_flagged_later_is_reviewed_again_where_a_label_was_only_kept(
    session: Session,
) -> None:
    assert states(session, "outliers") == "uuddd"
    assert [row.verdict for row in rows(session, "outliers")[:2]] == ["keep", "defer"]


def test_the_check_that_was_reviewed_and_the_whole_list_count_them_as_before(
    session: Session,
) -> None:
    assert states(session, "label_errors") == states(session, None) == "dpddd"


def test_every_count_of_a_queue_says_the_same(session: Session) -> None:
    view = View(check_id="outliers", where="flagged")
    tally = session.read(lambda db: browsing.tally(db, view))
    assert (tally.unseen, tally.decided, tally.deferred) == (2, 2, 0)
    waiting = View(check_id="outliers", where="flagged and state != 'decided'")
    assert list(session.read(lambda db: browsing.ids(db, waiting))) == [KEPT, DEFERRED]
    pairs = session.read(lambda db: browsing.pairs(db, view))
    assert sum(pair.undecided for pair in pairs) == 2
    classes = session.read(lambda db: browsing.class_rows(db, "outliers"))
    assert sum(row.undecided for row in classes) == 2
    so_far = session.read(lambda db: precision.so_far(db, "outliers"))
    assert so_far
    assert (so_far.judged, so_far.confirmed) == (2, 1)
    assert session.read(review.confirmed)["outliers"] == (1, 2)
    preview = session.read(previews.export)
    assert preview.undecided_flags == 2


def test_using_the_run_again_raises_no_flag_anew(session: Session) -> None:
    facts: dict[str, Any] = {"version": 1, "params": {}, "inputs": {}, "data_version": 1}
    again = runs.ReuseRun(runs.RunIdentity(**LATER, **facts))
    session.store.write(again).result()
    assert again.found
    assert states(session, "outliers") == "uuddd"


def test_another_run_used_again_raises_its_flags_anew(session: Session) -> None:
    project_world.audit(session, flags(SEEN), **LATER, params={"other": 1})
    decide(session, KEPT, Verdict.KEEP, "label_errors")
    assert states(session, "outliers") == "dpddu"
    facts: dict[str, Any] = {"version": 1, "params": {}, "inputs": {}, "data_version": 1}
    session.store.write(runs.ReuseRun(runs.RunIdentity(**LATER, **facts))).result()
    assert states(session, "outliers") == "uuddu"


def test_keeping_the_label_for_the_later_check_too_is_a_step_of_its_own(session: Session) -> None:
    assert decide(session, KEPT, Verdict.KEEP, "outliers") == 1
    assert states(session, "outliers") == "duddd"
    assert states(session, "label_errors") == "dpddd"
    session.undo()
    assert states(session, "outliers") == "uuddd"
    session.redo()
    assert states(session, "outliers") == "duddd"
    assert decide(session, KEPT, Verdict.KEEP, "outliers") == 0


def test_a_note_leaves_a_decision_to_what_it_was_about(session: Session) -> None:
    session.annotate(np.array([KEPT], np.int64), "look again")
    assert states(session, "outliers") == "uuddd"
    decide(session, KEPT, Verdict.KEEP, "outliers")
    session.annotate(np.array([KEPT], np.int64), "looked")
    assert states(session, "outliers") == "duddd"


def test_an_earlier_step_is_judged_by_what_stood_then(session: Session) -> None:
    decide(session, KEPT, Verdict.KEEP, "outliers")
    assert states(session, "outliers", as_of=5) == "uuddd"
    assert states(session, "outliers", as_of=6) == "duddd"


def test_undecided_names_the_samples_that_the_state_names(session: Session) -> None:
    with session.store.reader() as db:
        assert dict(
            gallery.facets(db, browsing.scope_of(View(check_id="outliers")), "state", 9)
        ) == {
            "unseen": 9,
            "decided": 3,
        }
