"""The questions and answers on the evidence card, and one's own answer to a question."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session import AuditOptions, Session
from auditor.session.interview import CHECK
from tests.answer_server import Body, Handler, question, serving
from ui.commands import Commands
from ui.review.card import EvidenceCard
from ui.workspace import Workspace

WAIT = 20_000


def sees_threes(handler: Handler, body: Body) -> None:
    """Takes every picture for a three, and cannot tell of other classes."""
    if not handler.path.endswith("completions"):
        handler.reply({}, status=404)
        return
    asked = question(body)
    handler.say("Yes." if "three" in asked else "Perhaps.")


@pytest.fixture
def card(
    workspace: Workspace, commands: Commands, window: QMainWindow, session: Session, qtbot: QtBot
) -> EvidenceCard:
    """The card of a sample labelled three, after a model was asked."""
    with serving(sees_threes) as server:
        values = {"model": server.id, "alternatives": 0}
        session.audit(AuditOptions(checks=[CHECK], parameters={CHECK: values}, device="cpu"))
    made = EvidenceCard(workspace, commands)
    window.setCentralWidget(made)
    window.resize(420, 900)
    window.show()
    three = session.read(
        lambda db: db.execute(
            "select min(sample_id) from sample where given = ['three']"
        ).fetchall()[0][0]
    )
    workspace.set_focus(int(three))
    qtbot.waitUntil(lambda: made.evidence is not None, timeout=WAIT)
    return made


def test_each_question_has_a_chip_that_says_whether_its_answer_fits(card: EvidenceCard) -> None:
    chips = card.body.transcript.chips
    assert chips[:5] == ["✓ yes 100%"] * 5
    assert chips[5] == "? unclear"  # the negative one, about another class


def test_ones_own_answer_is_shown_at_once_and_kept(
    card: EvidenceCard, session: Session, qtbot: QtBot
) -> None:
    assert card.evidence is not None
    text = card.evidence.transcript[0].question.text
    card.body.transcript.answer(text, "no")
    qtbot.waitUntil(lambda: card.body.transcript.chips[0] == "✕ you: no 100%", timeout=WAIT)
    told = session.read(
        lambda db: db.execute(
            "select count(*) from answer where starts_with(answerer, 'person:')"
        ).fetchall()
    )
    assert told == [(1,)]
