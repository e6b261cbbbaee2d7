"""The visual-linguistic check from pictures to findings, asking a real server on loopback."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auditor.session import AuditOptions, ImportOptions, Session, understand
from auditor.session.folder import ProjectFolder
from auditor.session.interview import CHECK, transcript
from auditor.session.transcript import Asked
from auditor.store import answers, runs, samples
from tests.answer_server import Body, Handler, ScriptedServer, question, serving
from tests.asking_world import audit
from tests.system import program

pytestmark = pytest.mark.process

COLOURS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}
EACH, WRONG = 20, 3


def colour_of(body: Body) -> str:
    """What colour the picture in a request has."""
    content = body["messages"][0]["content"]
    url = next(part["image_url"]["url"] for part in content if part["type"] == "image_url")
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as picture:
        mean = np.asarray(picture.convert("RGB")).reshape(-1, 3).mean(0)
    return list(COLOURS)[int(mean.argmax())]


def truthful(handler: Handler, body: Body) -> None:
    """Says yes where the question names the picture's colour; knows chat completions only."""
    if not handler.path.endswith("completions"):
        handler.reply({}, status=404)
        return
    asked = set(re.findall(r"\w+", question(body).lower()))
    handler.say("Yes." if colour_of(body) in asked else "No.")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Pictures of one colour each; the first three red ones are among the blue."""
    rng = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        for number in range(EACH):
            label = "blue" if name == "red" and number < WRONG else name
            path = tmp_path / "set" / label / f"{name}{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = rng.integers(-20, 20, (24, 24, 3))
            Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8)).save(path)
    return tmp_path / "set"


@pytest.fixture
def session(source: Path, tmp_path: Path) -> Iterator[Session]:
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as opened:
        opened.import_source(understand(source, ImportOptions()))
        yield opened


def pictures_and_questions(server: ScriptedServer) -> Counter[tuple[str, str]]:
    """How often each question came about each picture."""
    return Counter(
        (body["messages"][0]["content"][0]["image_url"]["url"], question(body))
        for path, _, body in server.seen
        if path.endswith("completions")
    )


def test_wrong_labels_are_found_with_the_right_ones_and_nothing_is_asked_twice(
    session: Session,
) -> None:
    with serving(truthful) as server:
        assert audit(session, CHECK, server) == "done"
        flagged = session.findings(CHECK).to_pylist()
        asked = len(server.seen)
        assert audit(session, CHECK, server, score="vote") == "done"
        assert len(server.seen) == asked
        assert set(pictures_and_questions(server).values()) == {1}
    assert sorted(Path(row["path"]).name for row in flagged) == ["red0.png", "red1.png", "red2.png"]
    assert all(row["suggested"] == ["red"] and row["p_error"] > 0.9 for row in flagged)


def test_the_transcript_shows_what_was_answered_and_a_persons_answer_goes_first(
    session: Session,
) -> None:
    with serving(truthful) as server:
        audit(session, CHECK, server)
        wrong = session.findings(CHECK)["sample_id"][0].as_py()
        own = about_given(session, wrong)
        assert [one.agree for one in own if one.question.expected == "yes"] == [0.0] * 5
        for one in own:
            session.interview.tell(wrong, one.question.text, one.question.expected)
        told = about_given(session, wrong)
        assert all(one.by_person and one.agree == 1.0 for one in told)
        audit(session, CHECK, server)
    assert wrong not in session.findings(CHECK)["sample_id"].to_pylist()


def about_given(session: Session, sample_id: int) -> list[Asked]:
    return [one for one in session.read(lambda db: transcript(db, sample_id)) if one.is_about_given]


def test_a_server_that_vanishes_stops_the_check_with_a_sentence_and_keeps_the_answers(
    session: Session,
) -> None:
    def fades(handler: Handler, body: Body) -> None:
        if len(handler.server.seen) > 40:
            handler.cut()
        else:
            truthful(handler, body)

    with serving(fades) as server:
        told = audit(session, CHECK, server, concurrency=2)
        kept = session.read(lambda db: db.execute("select count(*) from answer").fetchall()[0][0])
        server.script = truthful
        assert audit(session, CHECK, server) == "done"
        again = pictures_and_questions(server)
    assert told.startswith("failed")
    assert told.count("kept") == 1
    assert kept >= 38
    answered_twice = [one for one, times in again.items() if times > 1]
    assert len(answered_twice) <= len(again) - kept


def test_a_killed_program_asks_no_question_twice(source: Path, tmp_path: Path) -> None:
    """The program dies with requests under way; its worker ends them and writes them down."""
    project, died = tmp_path / "k.audit", threading.Event()
    with Session(ProjectFolder(project), workers=1) as made:
        made.import_source(understand(source, ImportOptions()))
    process: list[subprocess.Popen[bytes]] = []

    def kills(handler: Handler, body: Body) -> None:
        if len(handler.server.seen) == 50 and not died.is_set():
            died.set()
            os.kill(process[0].pid, signal.SIGKILL)
        truthful(handler, body)

    with serving(kills) as server:
        command = ["audit", str(project), "--checks", CHECK, "--set", f"{CHECK}.model={server.id}"]
        process.append(
            subprocess.Popen(
                [sys.executable, str(program.ROOT / "main.py"), *command, "--device", "cpu", "-q"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        assert process[0].wait() == -signal.SIGKILL
        with Session.open(project, workers=1) as session:
            assert session.read(lambda db: runs.latest(db, CHECK)) is None
            assert audit(session, CHECK, server) == "done"
        assert set(pictures_and_questions(server).values()) == {1}


def test_nobody_named_is_skipped_with_the_way_on_and_not_part_of_every_check(
    session: Session,
) -> None:
    (end,) = session.audit(AuditOptions(checks=[CHECK], device="cpu"))
    assert end.state == "skipped"
    assert f"--set {CHECK}.model=" in str(end.message)
    assert CHECK not in [one.check_id for one in session.audit(AuditOptions(device="cpu"))]


def test_only_disputed_labels_reach_the_model_where_so_asked(session: Session) -> None:
    session.audit(AuditOptions(checks=["label_errors"], device="cpu"))
    with serving(truthful) as server:
        assert (
            audit(session, CHECK, server, ask="disputed", audit_share=0.0, alternatives=0) == "done"
        )
        fewer = len(server.seen)
    assert 0 < fewer < 6 * 3 * EACH / 2
    who = session.read(lambda db: answers.count(db, "nobody"))
    assert who == 0


def test_the_class_that_a_picture_shows_is_asked_about_though_its_label_is_not_doubted(
    session: Session, tmp_path: Path
) -> None:
    table = session.read(samples.read)
    labels, shown = [one[0] for one in table["labels"].to_pylist()], sorted(COLOURS)
    probabilities = np.full((len(labels), len(shown)), 0.02)
    probabilities[np.arange(len(labels)), [shown.index(one) for one in labels]] = 0.96
    odd = labels.index("green")
    probabilities[odd] = (0.5, 0.45, 0.05)  # rather blue than green
    np.save(tmp_path / "probabilities.npy", probabilities)
    session.attach("pred_probs", tmp_path / "probabilities.npy")
    session.audit(AuditOptions(checks=["label_errors"], device="cpu"))
    with serving(truthful) as server:
        assert audit(session, CHECK, server, audit_share=0.0) == "done"
    sample = table["sample_id"][odd].as_py()
    found = {row["sample_id"]: json.loads(row["evidence"]) for row in every_finding(session)}
    assert found[sample]["by_label_check"] < 0.25
    assert found[sample]["by_answers"] < 0.1
    assert "blue" in [name for name, _ in found[sample]["others"]]
    others = [one for one, evidence in found.items() if evidence["others"] and one != sample]
    assert len(others) == WRONG, "only labels that the answers doubt"


def every_finding(session: Session) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = session.read(lambda db: runs.findings(db, CHECK)).to_pylist()
    return rows
