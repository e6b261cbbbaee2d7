"""Several labels for one picture, or none: one key each, undone like everything else."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session import Session, evidence
from auditor.session.evidence import Evidence
from tests.ui.test_decider import decider  # noqa: F401  a fixture
from ui.commands import Commands
from ui.review.card_classes import ClassList
from ui.review.decider import Decider
from ui.workspace import Workspace


def known(session: Session, sample_id: int) -> Evidence:
    return session.read(lambda db: evidence.evidence(db, sample_id, "label_errors"))


def press(qtbot: QtBot, window: QMainWindow, decided: Decider, key: Qt.Key, alt: bool) -> None:
    held = Qt.KeyboardModifier.AltModifier if alt else Qt.KeyboardModifier.NoModifier
    with qtbot.waitSignal(decided.decided):
        QTest.keyClick(window, key, held)


def test_alt_and_a_digit_puts_a_class_beside_the_labels_and_takes_it_away_again(
    workspace: Workspace,
    decider: Decider,  # noqa: F811
    window: QMainWindow,
    session: Session,
    qtbot: QtBot,
) -> None:
    focus = workspace.focus
    assert focus is not None
    before = known(session, focus)
    other = next(n for n, (name, _) in enumerate(before.ranked, 1) if name not in before.given)
    key = Qt.Key(Qt.Key.Key_0 + other)
    press(qtbot, window, decider, key, alt=True)
    assert known(session, focus).labels == (*before.given, before.ranked[other - 1][0])
    assert workspace.focus == focus
    press(qtbot, window, decider, key, alt=True)
    after = known(session, focus)
    assert (after.labels, after.verdict) == (before.given, Verdict.KEEP)
    for _ in range(2):
        session.undo()
    assert known(session, focus).verdict == before.verdict


def test_0_says_that_no_class_fits_and_goes_on(
    workspace: Workspace,
    decider: Decider,  # noqa: F811
    window: QMainWindow,
    session: Session,
    qtbot: QtBot,
) -> None:
    focus = workspace.focus
    assert focus is not None
    press(qtbot, window, decider, Qt.Key.Key_0, alt=False)
    now = known(session, focus)
    assert (now.labels, now.verdict) == ((), Verdict.RELABEL)
    assert workspace.focus != focus


def test_of_several_samples_nothing_is_toggled(
    workspace: Workspace,
    decider: Decider,  # noqa: F811
    session: Session,
    qtbot: QtBot,
) -> None:
    workspace.select(workspace.ids[:3])
    with qtbot.waitSignal(decider.said) as told:
        decider.toggle("0")
    assert "one sample at a time" in told.args[0]
    assert not known(session, int(workspace.ids[0])).verdict


def test_a_click_with_ctrl_toggles_and_one_without_replaces(
    qtbot: QtBot, workspace: Workspace, session: Session
) -> None:
    found = ClassList()
    qtbot.addWidget(found)
    found.tell(known(session, int(workspace.ids[0])))
    name = found.buttons[0].name
    with qtbot.waitSignal(found.chosen) as chosen:
        QTest.mouseClick(found.buttons[0], Qt.MouseButton.LeftButton)
    assert chosen.args == [name]
    with qtbot.waitSignal(found.toggled) as toggled:
        control = Qt.KeyboardModifier.ControlModifier
        QTest.mouseClick(found.buttons[0], Qt.MouseButton.LeftButton, control)
    assert toggled.args == [name]


def test_the_new_keys_are_on_the_sheet(decider: Decider, commands: Commands) -> None:  # noqa: F811
    shown = {one.id: one.keys for one in commands.all()}
    assert shown["decide.toggle_3"] == ("Alt+3",)
    assert shown["decide.none"] == ("0",)
    assert shown["decide.class_beside"] == ("Alt+T",)
