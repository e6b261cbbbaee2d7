"""The heat map of a label, asked for on the evidence card and drawn over its picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session import AuditOptions, Session
from auditor.session.interview import CHECK
from tests.answer_server import Body, Handler, picture, serving
from ui.commands import Commands
from ui.review.card import EvidenceCard
from ui.review.where import Where
from ui.workspace import Workspace

WAIT = 60_000


def dislikes_dark_left_halves(handler: Handler, body: Body) -> None:
    """Says yes the less, the more ink the left half shows."""
    if not handler.path.endswith("completions"):
        handler.reply({}, status=404)
        return
    seen = np.asarray(picture(body).convert("L"), np.float32)
    ink = float((255 - seen[:, : seen.shape[1] // 2]).mean()) / 255
    p_yes = 0.95 - 0.9 * min(1.0, 3 * ink)
    handler.say("Yes" if p_yes > 0.5 else "No", {"Yes": np.log(p_yes), "No": np.log(1 - p_yes)})


@pytest.fixture
def card(
    workspace: Workspace, commands: Commands, window: QMainWindow, session: Session, qtbot: QtBot
) -> EvidenceCard:
    made = EvidenceCard(workspace, commands)
    window.setCentralWidget(made)
    window.resize(420, 900)
    window.show()
    qtbot.waitUntil(lambda: made.evidence is not None, timeout=WAIT)
    return made


def heat_of(found: Where) -> Any:
    return None if found.heat is None else found.heat.against


def test_nothing_is_offered_where_nobody_was_asked(card: EvidenceCard) -> None:
    assert not card.body.where.isVisible()


def test_the_map_shows_the_part_that_speaks_against_the_label_and_can_be_hidden(
    card: EvidenceCard, session: Session, workspace: Workspace, qtbot: QtBot
) -> None:
    found = card.body.where
    with serving(dislikes_dark_left_halves) as server:
        values = {"model": server.id, "alternatives": 0}
        session.audit(AuditOptions(checks=[CHECK], parameters={CHECK: values}, device="cpu"))
        qtbot.waitUntil(found.isVisible, timeout=WAIT)
        found.button.click()
        assert not found.button.isEnabled(), "asked once"
        qtbot.waitUntil(lambda: found.heat is not None, timeout=WAIT)
    left, right = np.split(heat_of(found), 2, axis=1)
    assert left.max() > 0.05
    assert np.abs(right[:, 1:]).max() < 0.01
    assert "speaks against it" in found.words.text()
    before = card.loupe.grab().toImage()
    found.button.click()
    assert found.heat is None
    assert card.loupe.grab().toImage() != before
    found.button.click()
    assert card.loupe.grab().toImage() == before
    first = workspace.focus
    workspace.step(1)
    qtbot.waitUntil(lambda: card.evidence is not None and card.evidence.sample_id != first)
    assert found.heat is None
    workspace.set_focus(first)
    qtbot.waitUntil(lambda: found.heat is not None, timeout=WAIT)


def test_where_the_server_is_gone_a_sentence_says_so_and_it_can_be_asked_again(
    card: EvidenceCard, session: Session, qtbot: QtBot
) -> None:
    found = card.body.where
    with serving(dislikes_dark_left_halves) as server:
        values = {"model": server.id, "alternatives": 0}
        session.audit(AuditOptions(checks=[CHECK], parameters={CHECK: values}, device="cpu"))
        qtbot.waitUntil(found.isVisible, timeout=WAIT)
    found.button.click()
    qtbot.waitUntil(found.button.isEnabled, timeout=2 * WAIT)
    assert found.heat is None
