"""Captions from a metadata file to findings that name the phrase, asking a real server on loopback."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auditor.report.words import evidence_parts
from auditor.session import ImportOptions, Session, understand
from auditor.session.folder import ProjectFolder
from auditor.session.interview import CAPTION_CHECK, transcript
from tests.answer_server import Body, Handler, question, serving
from tests.asking_world import audit
from tests.process.test_asking import COLOURS, colour_of, pictures_and_questions
from tests.system import program

pytestmark = pytest.mark.process

EACH, WRONG = 12, 2


def looks(handler: Handler, body: Body) -> None:
    """Says no where the question names a colour that the picture has not, or a place but the left."""
    if not handler.path.endswith("completions"):
        handler.reply({}, status=404)
        return
    words = set(re.findall(r"\w+", question(body).lower()))
    named = words & set(COLOURS)
    fits = (not named or colour_of(body) in named) and "right" not in words
    handler.say("Yes." if fits else "No.")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Cards of one colour each; the captions of the first two red ones call them blue."""
    rng, lines = np.random.default_rng(0), ["file_name,caption"]
    for name, colour in COLOURS.items():
        for number in range(EACH):
            called = "blue" if name == "red" and number < WRONG else name
            noise = rng.integers(-20, 20, (24, 24, 3))
            file = f"{name}{number}.png"
            path = tmp_path / "set" / file
            path.parent.mkdir(exist_ok=True)
            Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8)).save(path)
            lines.append(f"{file},A {called} card on the left with a pen.")
    (tmp_path / "set" / "metadata.csv").write_text("\n".join(lines))
    return tmp_path / "set"


@pytest.fixture
def session(source: Path, tmp_path: Path) -> Iterator[Session]:
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as opened:
        opened.import_source(understand(source, ImportOptions()))
        yield opened


def test_the_phrase_that_does_not_fit_is_named_and_nothing_is_asked_twice(session: Session) -> None:
    with serving(looks) as server:
        assert audit(session, CAPTION_CHECK, server) == "done"
        asked = len(server.seen)
        assert audit(session, CAPTION_CHECK, server) == "reused"
        assert len(server.seen) == asked
        flagged = session.findings(CAPTION_CHECK).to_pylist()
        assert sorted(Path(row["path"]).name for row in flagged) == ["red0.png", "red1.png"]
        for row in flagged:
            evidence = json.loads(row["evidence"])
            assert evidence["phrases"][0][0] == "a blue card"
            assert any(
                "does not fit the picture: a blue card" in s for s in evidence_parts(evidence)
            )
        wrong = flagged[0]["sample_id"]
        rows = session.read(lambda db: transcript(db, wrong))
        said = {one.question.text: one.agree for one in rows}
        assert said["Is there a blue card in the image?"] == 0.0
        assert said["Is there a pen in the image?"] == 1.0
        assert said["Is there a blue card on the right of the image?"] == 1.0
        session.interview.tell(wrong, "Is there a blue card in the image?", "yes")
        told = session.read(lambda db: transcript(db, wrong))
        assert [one.agree for one in told if one.by_person] == [1.0]


def test_a_set_without_captions_is_told_which_columns_it_has(session: Session) -> None:
    with serving(looks) as server:
        told = audit(session, CAPTION_CHECK, server, caption_column="text")
    assert told.startswith("failed")
    assert "no column 'text' beside the labels (it has: caption)" in told


def test_captions_are_planned_and_audited_from_the_command_line(
    source: Path, tmp_path: Path
) -> None:
    project = tmp_path / "c.audit"
    program.ok("import", source, "-p", project)
    with serving(looks) as server:
        named = ["--set", f"{CAPTION_CHECK}.model={server.id}"]
        plan = program.answer("ask", "plan", project, *named, "--device", "cpu")
        assert plan["prompts"] == plan["new"] > 3 * EACH * 8
        program.ok("audit", project, "--checks", CAPTION_CHECK, *named, "--device", "cpu", "-q")
        assert set(pictures_and_questions(server).values()) == {1}
    assert "a blue card" in program.ok("ask", "show", project, "--sample", "24")
