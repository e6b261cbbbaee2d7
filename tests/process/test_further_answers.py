"""Pictures of two things: the model is asked about what is proposed, and its answers count."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auditor.session import AuditOptions, ImportOptions, Session, planning, understand
from auditor.session.folder import ProjectFolder
from auditor.session.interview import CHECK
from auditor.store import runs, samples
from tests.answer_server import Body, Handler, picture, question, serving
from tests.asking_world import audit

pytestmark = pytest.mark.process

COLOURS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}
EACH, TWO = 40, 8
PROPOSE = AuditOptions(checks=["multi_label"], device="cpu")


def truthful(handler: Handler, body: Body) -> None:
    """Says yes where the question names a colour that either half of the picture has."""
    if not handler.path.endswith("completions"):
        handler.reply({}, status=404)
        return
    halves = np.split(np.asarray(picture(body)), 2, axis=1)
    shown = {list(COLOURS)[int(half.reshape(-1, 3).mean(0).argmax())] for half in halves}
    asked = set(re.findall(r"\w+", question(body).lower()))
    handler.say("Yes." if shown & asked else "No.")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """Of each colour, some pictures have the next colour at their right; probabilities share the
    image between both for these, and for as many that show one colour."""
    rng, names = np.random.default_rng(0), list(COLOURS)
    shares = {}
    for code, name in enumerate(names):
        further = (code + 1) % len(names)
        for number in range(EACH):
            is_two = number < TWO
            pixels = rng.integers(-20, 20, (24, 24, 3)) + COLOURS[name]
            pixels[:, 12:] += np.subtract(COLOURS[names[further]], COLOURS[name]) * is_two
            path = f"{name}/{'two' if is_two else 'one'}{number:02}.png"
            (tmp_path / "set" / path).parent.mkdir(parents=True, exist_ok=True)
            made = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            made.save(tmp_path / "set" / path)
            row = np.full(len(names), 0.02)
            row[code], row[further] = (0.74, 0.24) if number < 2 * TWO else (0.96, 0.02)
            shares[path] = row
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as opened:
        opened.import_source(understand(tmp_path / "set", ImportOptions()))
        order = opened.read(samples.read).sort_by("sample_id")["path"].to_pylist()
        table = np.stack([shares[path] for path in order])[:, np.argsort(names)]
        np.save(tmp_path / "p.npy", table.astype(np.float32))
        opened.attach("pred_probs", tmp_path / "p.npy")
        yield opened


def proposed(session: Session) -> dict[str, dict[str, Any]]:
    """Evidence of the pictures that get a further label, by file name."""
    (end,) = session.audit(PROPOSE)
    assert end.state in ("done", "reused"), end
    rows = session.findings("multi_label").to_pylist()
    return {row["path"]: json.loads(row["evidence"]) for row in rows if row["flagged"]}


def planned(session: Session) -> str:
    """Whether proposing again would run the check or take the last run's findings."""
    return session.read(lambda db: planning.plan(db, PROPOSE, workers=1)).stages[-1].state


def test_what_is_proposed_is_asked_about_and_the_answers_tell_true_from_false(
    session: Session,
) -> None:
    first = proposed(session)
    is_two = {path: "/two" in path for path in first}
    assert sum(is_two.values()) == 3 * TWO
    assert sum(not two for two in is_two.values()) == 3 * TWO
    assert planned(session) == "reuse"
    with serving(truthful) as server:
        assert audit(session, CHECK, server) == "done"
    assert planned(session) == "run"
    second = proposed(session)
    true, false = (
        [second[path]["also"][0][1] for path in first if is_two[path] == two and path in second]
        for two in (True, False)
    )
    assert len(true) == 3 * TWO
    assert min(true) > max(false, default=0.0) + 0.02
    assert {path for path in second if second[path]["affirmed"]} == {p for p in first if is_two[p]}
    assert planned(session) == "reuse"


def test_a_denied_proposal_does_not_come_back_when_all_is_run_again(session: Session) -> None:
    proposed(session)
    with serving(truthful) as server:
        assert audit(session, CHECK, server) == "done"
        second = proposed(session)
        asked = len(server.seen)
        assert audit(session, CHECK, server) in ("done", "reused")
        assert len(server.seen) == asked
    assert {path: facts["also"] for path, facts in proposed(session).items()} == {
        path: facts["also"] for path, facts in second.items()
    }


def test_without_answers_the_proposals_stay_as_they_were(session: Session) -> None:
    first = proposed(session)
    with serving(truthful) as server:
        assert audit(session, CHECK, server) == "done"
    options = AuditOptions(
        checks=["multi_label"], parameters={"multi_label": {"answers": False}}, device="cpu"
    )
    (end,) = session.audit(options)
    assert end.state == "done"
    rows = session.findings("multi_label").to_pylist()
    assert {row["path"] for row in rows if row["flagged"]} == set(first)


def test_only_what_is_proposed_is_asked_about_where_no_label_looks_wrong(session: Session) -> None:
    """Questions about other classes come for the pictures with a proposal alone."""
    first = proposed(session)
    with serving(truthful) as server:
        assert audit(session, CHECK, server, audit_share=0.0) == "done"
    found = session.read(
        lambda db: runs.findings(db, CHECK).select(["path", "evidence"]).to_pylist()
    )
    asked = {row["path"] for row in found if json.loads(row["evidence"])["others"]}
    assert asked == set(first)
