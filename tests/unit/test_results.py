from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.formats.base import Understanding
from auditor.report.gate import exit_code
from auditor.report.result import Result
from auditor.session import CheckEnd, Session, Wanted
from auditor.session.results import Reporter
from auditor.store import project
from tests import project_world, tables


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with project_world.session(tmp_path) as opened:
        yield opened


def report(session: Session, *ended: CheckEnd) -> Result:
    understood = Understanding(
        source=Path("set"),
        root=Path("set"),
        format="folder",
        samples=12,
        classes=("a", "b", "c"),
        multi_label=False,
        columns={},
        extra_columns={},
        label_separator=None,
        splits={},
        problems=(),
        problem_count=0,
    )
    return Reporter(session.store, session.folder, understood).write(
        session.folder.path, Wanted(), ended
    )


def test_precision_counts_what_people_looked_at_and_no_rule(session: Session) -> None:
    session.decide_by_rule("accept where flagged", "label_errors")
    assert report(session).decisions.precision == {}  # type: ignore[union-attr]
    session.decide(tables.decisions([0], "relabel", "c"), "looked")
    session.decide(tables.decisions([1], "keep"), "looked")
    decided = report(session).decisions
    assert decided
    assert decided.precision["label_errors"].value == pytest.approx(0.5)
    assert decided.by_verdict == {"relabel": 1, "keep": 1}
    assert [(c.path, c.old, c.new) for c in decided.changes] == [("0.png", ("a",), ("c",))]


def test_a_note_is_counted_and_changes_no_label(session: Session) -> None:
    session.decide(tables.decisions([3], None, note="blurred?"), "note")
    decided = report(session).decisions
    assert decided
    assert (decided.by_verdict, decided.changes) == ({"note": 1}, ())


@pytest.mark.parametrize("state", ["failed", "skipped"])
def test_older_findings_do_not_stand_in_for_a_check_that_did_not_run(
    session: Session, state: str
) -> None:
    result = report(session, CheckEnd("label_errors", state, message="no memory"))
    (check,) = result.checks
    assert check.status != "ok"
    assert exit_code(result) == 3
    assert report(session, CheckEnd("label_errors", "reused")).checks[0].flagged == 2


def test_attached_embeddings_take_the_encoders_place(session: Session) -> None:
    facts = {"id": "classic", "fingerprint": "f", "dim": 4}
    session.store.write(project.PutFact("encoder", facts)).result()
    assert report(session).configuration.encoder is not None
    session.store.write(project.PutFact("attached:embedding", {"file": "e.npy"})).result()
    assert report(session).configuration.encoder is None
