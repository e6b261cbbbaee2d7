"""What the window lists, and what deciding in it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from auditor.model import Verdict
from auditor.session import Session, browsing, history, previews
from auditor.session.browsing import Facet, Pair, Remember, SaveView, Tally, View
from auditor.session.folder import ProjectFolder
from auditor.store import project, review
from auditor.store.db import Connection
from tests import tables

C = "c"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Ten samples, a or b; check c flags 5 to 9 and suggests b for them, but not for 9."""
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as opened:
        opened.reviewer = "ann"
        tables.import_rows(opened.store, tables.samples(["a"] * 7 + ["b"] * 3), ["a", "b"])
        opened.read(_judge)
        yield opened


def _judge(db: Connection) -> None:
    for run_id, share in ((1, 0), (2, 0.1)):
        db.execute(
            "insert into run values (?, ?, 'c', 1, '{}', '{}', 1, 'done', null, now(),"
            " now()::timestamp + to_seconds(?), 0, 0)",
            [run_id, str(run_id), run_id],
        )
        db.execute(
            "insert into finding select ?, i, 1 - i * ?, i > 4, i * ?, null, null,"
            " case when i between 5 and 8 then ['b'] end, null, null from range(10) t(i)",
            [run_id, share, share],
        )
    db.execute("insert into metric values (2, 'class', 'a', 'noise', 0.5, null, null)")


def ids(session: Session, view: View) -> list[int]:
    return list(session.read(lambda db: browsing.ids(db, view)))


def some(*sample_ids: int) -> browsing.Ids:
    return np.array(sample_ids, np.int64)


def labels(session: Session, as_of: int | None = None) -> str:
    view = View(check_id=C, as_of=as_of)
    return "".join(
        row.labels[0] for row in session.read(lambda db: browsing.rows(db, view, range(10)))
    )


def test_a_view_shows_the_newest_run_of_its_check(session: Session) -> None:
    worst = View(check_id=C, where="flagged and p_error > 0.65", sort="p_error", descending=True)
    assert ids(session, worst) == [9, 8, 7]
    assert ids(session, View(where="flagged")) == []
    assert ids(session, View(check_id=C)) == list(range(10))


def test_rows_come_in_the_order_asked_for_without_those_that_are_gone(session: Session) -> None:
    view = View(check_id=C, where="flagged")  # rows of samples that left the filter are shown too
    rows = session.read(lambda db: browsing.rows(db, view, [9, 99, 0, 5]))
    assert [(row.sample_id, row.given, row.flagged, row.suggested) for row in rows] == [
        (9, ("b",), True, ()),
        (0, ("a",), False, ()),
        (5, ("a",), True, ("b",)),
    ]
    assert rows[0].p_error == pytest.approx(0.9)
    (plain,) = session.read(lambda db: browsing.rows(db, View(), [5]))
    assert (plain.flagged, plain.quality, plain.suggested) == (False, None, ())


def test_counts_follow_the_filter_and_the_decisions(session: Session) -> None:
    session.decide_on(some(5, 0), Verdict.KEEP)
    session.decide_on(some(6), Verdict.DEFER)
    session.annotate(some(7), "hm")
    flagged = View(check_id=C, where="flagged")
    assert session.read(lambda db: browsing.tally(db, flagged)) == Tally(
        samples=5, flagged=5, unseen=3, decided=1, deferred=1
    )
    for state, expected in (("unseen", [7, 8, 9]), ("decided", [5]), ("deferred", [6])):
        assert ids(session, View(check_id=C, where=f"flagged and state = '{state}'")) == expected
    assert ids(session, View(where="decision is null and note is not null")) == [7]


def test_classes_pairs_and_facets_follow_the_decisions(session: Session) -> None:
    session.decide_on(some(5, 7), Verdict.ACCEPT, check_id=C)
    assert session.read(lambda db: browsing.facets(db, View(), "label")) == [
        Facet("a", 6),
        Facet("b", 4),
    ]
    assert session.read(lambda db: browsing.pairs(db, View(check_id=C))) == [
        Pair("a", "b", 2, 1),
        Pair("b", "b", 2, 1),
    ]
    first, second = session.read(lambda db: browsing.class_rows(db, C))
    assert (first.name, first.samples, first.flagged, first.undecided) == ("a", 6, 2, 1)
    assert (first.noise, first.changed_to, first.changed_from) == (0.5, 0, 1)
    assert (second.samples, second.changed_to, second.noise) == (4, 1, None)


def test_a_view_as_of_a_step_shows_what_stood_then(session: Session) -> None:
    for label in ("x", "y"):
        session.decide_on(some(0, 1), Verdict.RELABEL, labels=[label])
    session.decide_on(some(1), None)
    session.undo()
    session.undo()
    steps = [step.action_id for step in session.read(history.steps)][::-1]
    shown = [labels(session, step)[:2] for step in steps]
    assert shown == ["xx", "yy", "ya", "yy", "xx"]
    assert labels(session, 0) == "aaaaaaabbb"
    assert ids(session, View(where="label = 'y'", as_of=steps[1])) == [0, 1]


def test_accept_takes_each_suggestion_and_leaves_out_those_without(session: Session) -> None:
    assert session.decide_on(some(5, 6, 9, 6), Verdict.ACCEPT, check_id=C, note="sure") == 2
    assert labels(session) == "aaaaabbbbb"
    first, second = session.read(review.decisions).to_pylist()
    assert (first["check_id"], first["note"], first["reviewer"]) == (C, "sure", "ann")
    assert second["p_error"] == pytest.approx(0.6)
    assert session.undo() == ("Accept 2 suggestions", 2)
    assert labels(session) == "aaaaaaabbb"
    assert session.redo() == ("Accept 2 suggestions", 2)
    assert session.decide_on(some(9), Verdict.ACCEPT, check_id=C) == 0
    assert session.undo() == ("Accept 2 suggestions", 2)


def test_a_note_outlives_decisions_and_leaves_them_to_who_made_them(session: Session) -> None:
    session.decide_on(some(1), Verdict.EXCLUDE, check_id=C)
    session.reviewer = "bob"
    assert session.annotate(some(1, 2), "look") == 2
    (row,) = [r for r in session.read(review.decisions).to_pylist() if r["verdict"]]
    assert (row["reviewer"], row["check_id"], row["note"]) == ("ann", C, "look")
    session.decide_on(some(1), Verdict.KEEP)
    assert ids(session, View(where="note = 'look'")) == [1, 2]
    session.decide_on(some(1), None, note="")
    assert ids(session, View(where="note = 'look'")) == [2]
    assert session.undo() == ("Clear the decision on 1 sample", 1)
    session.undo()
    assert session.undo() == ("Note on 2 samples", 2)
    assert ids(session, View(where="note is null")) == list(range(10))
    assert ids(session, View(where="decision = 'exclude'")) == [1]


def test_choosing_the_label_that_a_sample_was_given_keeps_it(session: Session) -> None:
    assert session.decide_on(some(0, 5, 7), Verdict.RELABEL, labels=["a"]) == 3
    told = session.read(review.decisions).to_pylist()
    assert [row["verdict"] for row in told] == ["keep", "keep", "relabel"]
    assert labels(session) == "aaaaaaaabb"
    session.undo()
    assert labels(session) == "aaaaaaabbb"


def test_labels_belong_to_relabel_and_unknown_samples_to_nobody(session: Session) -> None:
    with pytest.raises(ValueError, match="labels"):
        session.decide_on(some(1), Verdict.RELABEL)
    with pytest.raises(ValueError, match="labels"):
        session.decide_on(some(1), Verdict.KEEP, labels=["a"])
    with pytest.raises(review.UnknownSampleError, match="99"):
        session.decide_on(some(1, 99), Verdict.KEEP)
    assert session.decide_on(some(), Verdict.KEEP) == 0
    assert session.read(history.steps) == []


def test_a_preview_tells_what_the_decision_then_does(session: Session) -> None:
    session.decide_on(some(5), Verdict.DEFER)
    chosen = some(5, 6, 7, 9)

    def look() -> previews.DecisionPreview:
        return session.read(lambda db: previews.decision(db, chosen, Verdict.ACCEPT, check_id=C))

    seen = look()
    assert (seen.samples, seen.changes, seen.overwrites, seen.impossible) == (4, 3, 1, 1)
    assert (seen.moves, seen.examples) == ((("a", "b", 2),), (5, 6, 7))
    assert session.decide_on(chosen, Verdict.ACCEPT, check_id=C) == seen.changes
    assert look().changes == 0
    out = session.read(lambda db: previews.decision(db, chosen, Verdict.EXCLUDE, check_id=C))
    assert out.moves == (("b", "", 4),)


def test_views_and_memories_are_kept_and_are_no_change_of_the_data(session: Session) -> None:
    before = session.read(project.data_version)
    view = View(check_id=C, where="flagged", sort="quality")
    for name in ("late", "early", "none"):
        session.store.write(SaveView(name, view)).result()
    session.store.write(SaveView("none", None)).result()
    assert not session.store.write(Remember("place", {"focus": 3})).result().tables
    assert session.read(lambda db: browsing.recall(db, "place")) == {"focus": 3}
    assert session.read(lambda db: browsing.recall(db, "late")) is None
    saved = session.read(browsing.saved_views)
    assert (list(saved), saved["late"]) == (["early", "late"], view)
    assert session.read(project.data_version) == before
