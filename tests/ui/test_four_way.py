"""The four-way question: a digit decides, counts as a vote, and is undone like everything else."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session import Session, four_way
from auditor.session.four_way import FourWay
from auditor.session.votes import Voting
from tests.ui.test_decider import decider  # noqa: F401  a fixture
from tests.ui.test_several_labels import known
from ui.commands import Commands
from ui.review.card import EvidenceCard
from ui.review.decider import Decider
from ui.workspace import Workspace

WAIT = 30_000


def flagged(session: Session) -> int:
    rows = session.findings("label_errors").to_pylist()
    return int(next(row["sample_id"] for row in rows if row["flagged"]))


@pytest.mark.parametrize("said", list(FourWay))
def test_each_answer_decides_and_counts_as_a_vote(
    said: FourWay,
    workspace: Workspace,
    decider: Decider,  # noqa: F811
    window: QMainWindow,
    session: Session,
    qtbot: QtBot,
) -> None:
    focus = workspace.focus
    assert focus is not None
    before = known(session, focus)
    asked = four_way.pair(before)
    assert asked is not None
    QTest.keyClick(window, Qt.Key.Key_Y)
    with qtbot.waitSignal(decider.decided):
        QTest.keyClick(window, Qt.Key(Qt.Key.Key_1 + list(FourWay).index(said)))
    after = known(session, focus)
    assert after.labels == asked.labels(said)
    assert after.verdict == (Verdict.KEEP if said is FourWay.GIVEN else Verdict.RELABEL)
    (vote,) = Voting(session.store, session.folder).all().to_pylist()
    assert (vote["label"], vote["suggested"], vote["answer"]) == (asked.given, asked.other, said)
    assert vote["annotator"] == session.who
    assert workspace.focus != focus, "the next sample comes by itself"
    session.undo()
    assert known(session, focus).labels == before.labels


def test_who_answers_again_has_one_vote_and_it_is_the_last(session: Session) -> None:
    focus = flagged(session)
    for said in (FourWay.BOTH, FourWay.NEITHER):
        four_way.answer(session, known(session, focus), said, "label_errors")
    (vote,) = Voting(session.store, session.folder).all().to_pylist()
    assert vote["answer"] == "neither"


def test_digits_are_classes_again_when_the_mode_is_left(
    workspace: Workspace,
    decider: Decider,  # noqa: F811
    window: QMainWindow,
    session: Session,
    qtbot: QtBot,
) -> None:
    focus = workspace.focus
    assert focus is not None
    first = known(session, focus).ranked[0][0]
    with qtbot.waitSignal(decider.said) as told:
        QTest.keyClick(window, Qt.Key.Key_Y)
        QTest.keyClick(window, Qt.Key.Key_5)
    assert told.args is not None
    assert "1 to 4" in told.args[0]
    QTest.keyClick(window, Qt.Key.Key_Y)
    with qtbot.waitSignal(decider.decided):
        QTest.keyClick(window, Qt.Key.Key_1)
    assert known(session, focus).labels == (first,)


def test_the_card_asks_in_the_words_of_the_two_labels(
    workspace: Workspace, window: QMainWindow, commands: Commands, session: Session, qtbot: QtBot
) -> None:
    focus = flagged(session)
    workspace.set_focus(focus)
    card = EvidenceCard(workspace, commands, window)
    window.setCentralWidget(card)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    qtbot.waitUntil(lambda: card.evidence is not None, timeout=WAIT)
    assert not card.body.of_two.isVisible()
    QTest.keyClick(window, Qt.Key.Key_Y)
    asked = four_way.pair(known(session, focus))
    assert asked is not None
    assert card.body.of_two.isVisible()
    assert not card.body.classes.isVisible()
    names = [button.name for button in card.body.of_two.buttons]
    assert names == [f"Only “{asked.given}”", f"Only “{asked.other}”", "Both", "Neither"]
    with qtbot.waitSignal(card.answered) as told:
        card.body.of_two.buttons[2].click()
    assert told.args == [FourWay.BOTH]
