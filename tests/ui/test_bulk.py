from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow, QTreeWidget
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session import Session, browsing, history
from auditor.session.browsing import View
from auditor.settings import ReviewSettings, Settings
from ui.commands import Commands
from ui.review.bulk import BulkPreview
from ui.review.decider import Decider
from ui.workspace import Workspace

FLAGGED = View(check_id="label_errors", where="flagged", sort="quality")


@pytest.fixture
def decider(workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot) -> Decider:
    """With the flagged samples listed, and all of them selected."""
    made = Decider(workspace, commands, window)
    with qtbot.waitActive(window):
        window.show()
    window.setFocus()
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(FLAGGED)
    workspace.set_focus(int(workspace.ids[0]))
    workspace.select(workspace.ids.copy())
    return made


def ask(window: QMainWindow, key: Qt.Key, qtbot: QtBot) -> BulkPreview:
    """Press the key; the preview, once it has counted."""
    QTest.keyClick(window, key)
    qtbot.waitUntil(lambda: isinstance(window.findChild(BulkPreview), BulkPreview))
    preview = window.findChild(BulkPreview)
    assert isinstance(preview, BulkPreview)
    qtbot.waitUntil(lambda: "Counting" not in preview.facts)
    return preview


def verdicts(session: Session, workspace: Workspace) -> list[str | None]:
    ids = workspace.ids.tolist()
    return [r.verdict for r in session.read(lambda db: browsing.rows(db, View(), ids))]


def steps(session: Session) -> int:
    return len(session.read(lambda db: history.steps(db)))


def test_many_are_decided_after_a_preview_as_one_step(
    workspace: Workspace, decider: Decider, window: QMainWindow, session: Session, qtbot: QtBot
) -> None:
    many = len(workspace.ids)
    preview = ask(window, Qt.Key.Key_Return, qtbot)
    assert steps(session) == 0
    assert f"{many} samples change" in preview.facts
    with qtbot.waitSignal(decider.decided) as decided:
        QTest.keyClick(preview, Qt.Key.Key_Return)
    assert decided.args == [many]
    assert verdicts(session, workspace) == ["accept"] * many
    assert steps(session) == 1
    assert not len(workspace.selection)


def test_escape_decides_nothing_and_keeps_the_selection(
    workspace: Workspace, decider: Decider, window: QMainWindow, session: Session, qtbot: QtBot
) -> None:
    preview = ask(window, Qt.Key.Key_X, qtbot)
    QTest.keyClick(preview, Qt.Key.Key_Escape)
    assert steps(session) == 0
    assert len(workspace.selection) == len(workspace.ids)


def test_the_preview_says_what_is_replaced_what_is_left_out_and_where_labels_go(
    workspace: Workspace, decider: Decider, window: QMainWindow, session: Session, qtbot: QtBot
) -> None:
    session.decide_on(workspace.ids[:2], Verdict.EXCLUDE, check_id="label_errors")
    session.decide_on(workspace.ids[2:3], Verdict.ACCEPT, check_id="label_errors")
    flagged = len(workspace.ids)
    broken = session.read(lambda db: browsing.ids(db, View(where="reason is not null")))
    workspace.select(np.concatenate([workspace.ids, broken]))
    preview = ask(window, Qt.Key.Key_Return, qtbot)
    said = preview.facts.splitlines()
    assert said[0].startswith(f"{flagged - 1} samples change")
    assert said[1].startswith("2 of them were decided before")
    assert said[2].startswith("1 are left out")
    assert said[3].startswith("1 are decided so already")
    moves = preview.findChild(QTreeWidget)
    assert isinstance(moves, QTreeWidget)
    model = moves.model()
    counts = [int(model.index(row, 2).data()) for row in range(model.rowCount())]
    assert sum(counts) == flagged - 1


def test_where_nothing_would_change_enter_decides_nothing(
    workspace: Workspace, decider: Decider, window: QMainWindow, session: Session, qtbot: QtBot
) -> None:
    preview = ask(window, Qt.Key.Key_U, qtbot)
    assert not preview.is_ready
    QTest.keyClick(preview, Qt.Key.Key_Return)
    assert steps(session) == 0


def test_a_digit_over_many_gives_them_the_class_of_the_one_in_focus(
    workspace: Workspace, decider: Decider, window: QMainWindow, session: Session, qtbot: QtBot
) -> None:
    preview = ask(window, Qt.Key.Key_2, qtbot)
    with qtbot.waitSignal(decider.decided):
        QTest.keyClick(preview, Qt.Key.Key_Return)
    ids = workspace.ids.tolist()
    labels = {r.labels for r in session.read(lambda db: browsing.rows(db, View(), ids))}
    assert len(labels) == 1
    assert steps(session) == 1


def test_as_many_as_the_setting_allows_need_no_preview(
    workspace: Workspace, decider: Decider, window: QMainWindow, session: Session, qtbot: QtBot
) -> None:
    workspace.settings = Settings(review=ReviewSettings(confirm_above=3))
    workspace.select(workspace.ids[:3])
    with qtbot.waitSignal(decider.decided):
        QTest.keyClick(window, Qt.Key.Key_K)
    assert verdicts(session, workspace)[:4] == ["keep"] * 3 + [None]
    assert workspace.place(workspace.focus) == 3
    workspace.select(workspace.ids[3:5])
    with qtbot.waitSignal(decider.decided):
        QTest.keyClick(window, Qt.Key.Key_1)
    assert {*verdicts(session, workspace)[3:5]} == {"relabel"}
    workspace.select(workspace.ids[3:7])
    assert ask(window, Qt.Key.Key_K, qtbot).is_ready
