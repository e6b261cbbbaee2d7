from __future__ import annotations

from functools import partial

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session import Session, browsing, history
from auditor.session.browsing import Pair, View
from tests.ui import tampering
from ui.commands import Commands
from ui.review.decider import Decider
from ui.review.wall import WallPanel
from ui.workspace import Workspace

FLAGGED = View(check_id="label_errors", where="flagged", sort="quality")


@pytest.fixture
def wall(workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot) -> WallPanel:
    """The wall of the first pair, with its pictures."""
    made = WallPanel(workspace, commands, window)
    window.setCentralWidget(made)
    window.resize(900, 600)
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(FLAGGED)
    with qtbot.waitActive(window):
        window.show()
    made.grid.setFocus()
    wait(made, qtbot)
    return made


def wait(wall: WallPanel, qtbot: QtBot) -> None:
    """Until the page is complete."""
    qtbot.waitUntil(lambda: bool(wall.pair and wall.grid.to_decide) and wall.grid.is_complete)


def shows(wall: WallPanel, pair: Pair) -> bool:
    return wall.pair == pair


def is_at(wall: WallPanel, sample_id: int) -> bool:
    return wall.grid.to_decide == [sample_id]


def decisions(session: Session) -> dict[int, str]:
    ids = session.read(lambda db: browsing.ids(db, View())).tolist()
    rows = session.read(lambda db: browsing.rows(db, View(), ids))
    return {row.sample_id: row.verdict for row in rows if row.verdict}


def steps(session: Session) -> int:
    return len(session.read(lambda db: history.steps(db)))


def enter(wall: WallPanel, session: Session, qtbot: QtBot) -> None:
    before = steps(session)
    QTest.keyClick(wall.grid, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: steps(session) == before + 1)


def test_it_opens_with_the_pair_that_has_most_findings(
    wall: WallPanel, workspace: Workspace, session: Session
) -> None:
    pairs = session.read(lambda db: browsing.pairs(db, FLAGGED))
    assert wall.pair == pairs[0]
    rows = session.read(lambda db: browsing.rows(db, FLAGGED, workspace.ids.tolist()))
    assert {(r.given, r.suggested) for r in rows} == {((pairs[0].given,), (pairs[0].suggested,))}
    assert len(rows) == pairs[0].undecided


def test_enter_accepts_the_rest_and_keeps_the_exceptions_in_one_step_and_goes_on(
    wall: WallPanel, workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    ids, pair = workspace.ids.tolist(), wall.pair
    QTest.mouseClick(wall.grid, Qt.MouseButton.LeftButton, pos=wall.grid.cell(ids[1]).center())
    enter(wall, session, qtbot)
    wanted = dict.fromkeys(ids, "accept") | {ids[1]: "keep"}
    assert decisions(session) == wanted
    (step,) = session.read(lambda db: history.steps(db))
    assert f"accept {len(ids) - 1}, keep 1" in step.title
    qtbot.waitUntil(lambda: wall.pair not in {pair, None})


def test_exceptions_are_put_aside_or_left_alone_as_chosen(
    wall: WallPanel, workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    choice = wall.findChildren(QComboBox)[1]
    first = workspace.ids.tolist()
    choice.setCurrentIndex(choice.findData("defer"))
    QTest.keyClick(wall.grid, Qt.Key.Key_Space)
    enter(wall, session, qtbot)
    assert decisions(session) == dict.fromkeys(first, "accept") | {first[0]: "defer"}
    qtbot.waitUntil(lambda: workspace.ids.tolist() != first)
    wait(wall, qtbot)
    second = workspace.ids.tolist()
    choice.setCurrentIndex(2)
    QTest.keyClick(wall.grid, Qt.Key.Key_Space)
    enter(wall, session, qtbot)
    assert set(decisions(session)) == {*first, *second[1:]}


def test_only_what_the_page_shows_is_accepted_and_then_comes_the_next_page(
    wall: WallPanel, workspace: Workspace, session: Session, window: QMainWindow, qtbot: QtBot
) -> None:
    wall.grid.set_side(224)
    window.resize(320, 420)
    qtbot.waitUntil(lambda: wall.grid.capacity < len(workspace.ids))
    wait(wall, qtbot)
    capacity, ids = wall.grid.capacity, workspace.ids.tolist()
    assert wall.grid.to_decide == ids[:capacity]
    enter(wall, session, qtbot)
    assert set(decisions(session)) == set(ids[:capacity])
    wait(wall, qtbot)
    assert wall.grid.to_decide == ids[capacity : 2 * capacity]
    assert workspace.focus == ids[capacity]


def test_a_held_enter_accepts_one_page(wall: WallPanel, session: Session, qtbot: QtBot) -> None:
    none = Qt.KeyboardModifier.NoModifier
    event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, none, "\r", autorep=True)
    QApplication.sendEvent(wall.grid, event)
    assert steps(session) == 0
    enter(wall, session, qtbot)


def test_the_walls_keys_can_be_others_and_its_texts_say_so(
    wall: WallPanel, workspace: Workspace, commands: Commands, session: Session, qtbot: QtBot
) -> None:
    commands.assign("wall.accept", ["Y"])
    commands.assign("wall.mark", ["Ctrl+M"])
    texts = [label.text() for label in wall.findChildren(QLabel)]
    assert any("Y accepts the rest" in text for text in texts)
    first, *others = workspace.ids.tolist()
    QTest.keyClick(wall.grid, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    for old in (Qt.Key.Key_Return, Qt.Key.Key_Space):
        QTest.keyClick(wall.grid, old)
    assert (wall.grid.exceptions, steps(session)) == ({first}, 0)
    QTest.keyClick(wall.grid, Qt.Key.Key_Y)
    qtbot.waitUntil(lambda: steps(session) == 1)
    assert decisions(session) == dict.fromkeys(others, "accept") | {first: "keep"}


def test_the_arrows_move_the_focus_that_every_panel_shares(
    wall: WallPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    ids = workspace.ids.tolist()
    QTest.keyClick(wall.grid, Qt.Key.Key_End)
    assert workspace.focus == ids[-1]
    QTest.keyClick(wall.grid, Qt.Key.Key_Left)
    assert workspace.focus == ids[-2]
    workspace.set_focus(ids[0])
    QTest.keyClick(wall.grid, Qt.Key.Key_Space)
    assert wall.grid.exceptions == {ids[0]}


def test_on_the_wall_enter_is_the_walls_and_k_keeps_the_one_under_the_cursor(
    wall: WallPanel,
    workspace: Workspace,
    commands: Commands,
    session: Session,
    window: QMainWindow,
    qtbot: QtBot,
) -> None:
    decider = Decider(workspace, commands, window)
    ids = workspace.ids.tolist()
    with qtbot.waitSignal(decider.decided):
        QTest.keyClick(wall.grid, Qt.Key.Key_K)
    assert decisions(session) == {ids[0]: "keep"}
    qtbot.waitUntil(lambda: ids[0] not in wall.grid.to_decide)
    enter(wall, session, qtbot)
    assert decisions(session) == dict.fromkeys(ids, "accept") | {ids[0]: "keep"}
    with qtbot.waitSignal(decider.said):
        decider.undo()
    assert decisions(session) == {ids[0]: "keep"}


def test_after_the_last_pair_it_says_that_none_is_left(
    wall: WallPanel, workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    pairs = session.read(lambda db: browsing.pairs(db, FLAGGED))
    for pair in pairs:
        qtbot.waitUntil(partial(shows, wall, pair))
        wait(wall, qtbot)
        enter(wall, session, qtbot)
    assert wall.pair is None
    assert set(decisions(session).values()) == {"accept"}
    flagged = session.read(lambda db: browsing.ids(db, FLAGGED))
    assert set(decisions(session)) == set(flagged.tolist())


def test_a_write_that_fails_brings_the_page_back(
    wall: WallPanel, workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    pair, ids = wall.pair, workspace.ids.tolist()
    tampering.set_present(session, ids[:1], present=False)
    with qtbot.waitSignal(workspace.desk.trouble) as told:
        QTest.keyClick(wall.grid, Qt.Key.Key_Return)
    assert "no sample" in told.args[0]
    tampering.set_present(session, ids[:1], present=True)
    qtbot.waitUntil(lambda: wall.pair == pair)
    assert decisions(session) == {}
    wait(wall, qtbot)
    enter(wall, session, qtbot)
    assert set(decisions(session)) == set(ids)


def test_pages_that_were_undone_wait_again_whichever_is_shown(
    wall: WallPanel,
    workspace: Workspace,
    commands: Commands,
    session: Session,
    window: QMainWindow,
    qtbot: QtBot,
) -> None:
    decider = Decider(workspace, commands, window)
    wall.grid.set_side(500)
    assert wall.grid.capacity == 1
    first, second, last = workspace.ids.tolist()
    for _ in range(2):
        wait(wall, qtbot)
        enter(wall, session, qtbot)
    for _ in range(2):
        with qtbot.waitSignal(decider.said):
            decider.undo()
    for sample_id in (first, second, last):
        qtbot.waitUntil(partial(is_at, wall, sample_id))
        wait(wall, qtbot)
        enter(wall, session, qtbot)
    assert decisions(session) == dict.fromkeys((first, second, last), "accept")


@pytest.fixture
def kept_before(session: Session) -> list[int]:
    """Every flagged sample, kept because of another check before it was flagged."""
    ids = session.read(lambda db: browsing.ids(db, FLAGGED)).tolist()
    tampering.keep_before(session, ids, "label_errors")
    return [int(sample_id) for sample_id in ids]


def test_labels_kept_before_they_were_flagged_are_to_be_decided_about(
    kept_before: list[int],
    wall: WallPanel,
    workspace: Workspace,
    session: Session,
    qtbot: QtBot,
) -> None:
    page = workspace.ids.tolist()
    assert page
    assert set(page) <= set(kept_before)
    assert wall.grid.to_decide == page
    enter(wall, session, qtbot)
    known = decisions(session)
    assert {known[sample_id] for sample_id in page} == {"accept"}
    qtbot.waitUntil(lambda: not set(wall.grid.to_decide) & set(page))
