"""Heat maps from the project to a drawn file, asking a real server that answers in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from auditor.cli import app
from auditor.session import AuditOptions, ImportOptions, Session, understand
from auditor.session.folder import ProjectFolder
from auditor.session.importing import TaskError
from auditor.session.interview import InterviewError
from tests.answer_server import Body, Handler, picture, serving

pytestmark = pytest.mark.process
RED = (220, 30, 30)
CPU = AuditOptions(device="cpu")


def sees_red(handler: Handler, body: Body) -> None:
    """Says yes while the red square is to be seen."""
    if not handler.path.endswith("completions"):
        handler.reply({}, status=404)
        return
    pixels = np.asarray(picture(body).convert("RGB")).astype(int)
    seen = (np.abs(pixels - RED).sum(axis=2) < 60).mean() > 0.02
    handler.say("Yes." if seen else "No.")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One grey picture with a red square in the upper right, labelled stop; another without."""
    pixels = np.full((64, 64, 3), 120, np.uint8)
    for label in ("go", "stop"):
        folder = tmp_path / "set" / label
        folder.mkdir(parents=True)
        if label == "stop":
            pixels[4:20, 44:60] = RED
        Image.fromarray(pixels).save(folder / "a.png")
    with Session(ProjectFolder(tmp_path / "p.audit"), workers=1) as made:
        made.import_source(understand(tmp_path / "set", ImportOptions()))
        made.audit(AuditOptions(checks=["unreadable_images"], device="cpu"))
    return tmp_path / "p.audit"


@pytest.fixture
def session(project: Path) -> Iterator[Session]:
    with Session.open(project, workers=1) as opened:
        yield opened


def test_the_part_that_speaks_for_a_label_is_found_and_drawn(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    with serving(sees_red) as server:
        command = ["ask", "where", str(project), "--sample", "1", "--model", server.id]
        command += ["--cells", "4", "--out", str(out), "--device", "cpu"]
        told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.output
    assert "these are shares" in told.output
    with Image.open(out) as drawn:
        pixels = np.asarray(drawn).astype(int)
    blue = pixels[..., 2] - pixels[..., 0]
    assert np.unravel_index(blue.argmax(), blue.shape) >= (0, 32)
    assert blue[:32, 32:].mean() > 4 * blue[32:, :32].mean()


def test_another_class_or_a_phrase_can_be_asked_about(session: Session) -> None:
    with serving(sees_red) as server:
        of_phrase = session.interview.where(1, server.id, CPU, "a red sign", cells=2)
        of_class = session.interview.where(0, server.id, CPU, "stop", cells=2)
    assert of_phrase.hidden.shape == (2, 2)
    assert of_phrase.base > 0.5 > of_class.base


def test_who_cannot_be_asked_about_what_is_told(session: Session) -> None:
    with pytest.raises(InterviewError, match="no readable picture 99"):
        session.interview.where(99, "server:http://127.0.0.1:9/v1#x", CPU)
    with pytest.raises(TaskError, match="A person is asked in the window"):
        session.interview.where(1, "person", CPU)
