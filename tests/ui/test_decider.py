from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session import Session, browsing, evidence, history
from auditor.session.browsing import View
from auditor.settings import ReviewSettings, Settings
from tests.ui import tampering
from ui.commands import Commands
from ui.review.class_picker import ClassPicker
from ui.review.decider import Decider
from ui.workspace import Workspace

FLAGGED = View(check_id="label_errors", where="flagged", sort="quality")
Verdicts = Callable[[], dict[int, str]]


@pytest.fixture
def decider(workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot) -> Decider:
    """With the flagged samples listed and the first in focus; the window takes keys."""
    made = Decider(workspace, commands, window)
    with qtbot.waitActive(window):
        window.show()
    window.setFocus()
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(FLAGGED)
    workspace.set_focus(int(workspace.ids[0]))
    return made


@pytest.fixture
def verdicts(workspace: Workspace, session: Session) -> Verdicts:
    """What is decided in the file, by place in the list."""

    def read() -> dict[int, str]:
        ids = workspace.ids.tolist()
        rows = session.read(lambda db: browsing.rows(db, View(), ids))
        return {place: row.verdict for place, row in enumerate(rows) if row.verdict}

    return read


def press(qtbot: QtBot, window: QMainWindow, decider: Decider, *keys: Qt.Key) -> None:
    """Press keys one at a time as fast as it goes, and wait until each is written."""
    with qtbot.waitSignals([decider.decided] * len(keys)):
        for key in keys:
            QTest.keyClick(window, key)


def test_each_key_decides_about_the_sample_in_focus_and_goes_on(
    workspace: Workspace, decider: Decider, window: QMainWindow, verdicts: Verdicts, qtbot: QtBot
) -> None:
    keys = (Qt.Key.Key_Return, Qt.Key.Key_K, Qt.Key.Key_X, Qt.Key.Key_F)
    press(qtbot, window, decider, *keys)
    assert verdicts() == {0: "accept", 1: "keep", 2: "exclude", 3: "defer"}
    assert workspace.place(workspace.focus) == 4


def test_the_focus_is_at_the_next_sample_before_the_write_is_done(
    workspace: Workspace, decider: Decider, window: QMainWindow, verdicts: Verdicts, qtbot: QtBot
) -> None:
    QTest.keyClick(window, Qt.Key.Key_K)
    assert workspace.place(workspace.focus) == 1
    qtbot.waitUntil(lambda: verdicts() == {0: "keep"})


def test_a_held_key_decides_once(
    workspace: Workspace, decider: Decider, window: QMainWindow, verdicts: Verdicts, qtbot: QtBot
) -> None:
    none = Qt.KeyboardModifier.NoModifier
    press(qtbot, window, decider, Qt.Key.Key_K)
    for _ in range(5):
        event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_K, none, "k", autorep=True)
        QApplication.sendEvent(window, event)
    press(qtbot, window, decider, Qt.Key.Key_X)
    assert verdicts() == {0: "keep", 1: "exclude"}


def test_in_a_text_field_no_key_decides(
    workspace: Workspace, decider: Decider, window: QMainWindow, verdicts: Verdicts, qtbot: QtBot
) -> None:
    field = QLineEdit(window)
    window.setCentralWidget(field)
    field.setFocus()
    QTest.keyClicks(field, "kxuf1")
    assert field.text() == "kxuf1"
    assert workspace.place(workspace.focus) == 0
    assert verdicts() == {}


def test_what_is_decided_is_passed_over_and_the_end_is_not_the_beginning(
    workspace: Workspace, decider: Decider, window: QMainWindow, qtbot: QtBot
) -> None:
    last = len(workspace.ids) - 1
    workspace.set_focus(int(workspace.ids[last - 1]))
    press(qtbot, window, decider, Qt.Key.Key_K)
    workspace.set_focus(int(workspace.ids[last - 2]))
    press(qtbot, window, decider, Qt.Key.Key_K)
    assert workspace.place(workspace.focus) == last
    with qtbot.waitSignal(decider.said) as said:
        press(qtbot, window, decider, Qt.Key.Key_K)
    assert str(last - 2) in said.args[0]
    assert workspace.place(workspace.focus) == last


@pytest.fixture
def kept_before(session: Session) -> None:
    """The two worst flagged samples were kept because of another check before they were flagged."""
    ids = session.read(lambda db: browsing.ids(db, FLAGGED))[:2].tolist()
    tampering.keep_before(session, ids, "label_errors")


@pytest.mark.usefixtures("kept_before")
def test_a_label_kept_before_it_was_flagged_is_not_passed_over_and_kept_once_more(
    decider: Decider, workspace: Workspace, session: Session, window: QMainWindow, qtbot: QtBot
) -> None:
    press(qtbot, window, decider, Qt.Key.Key_K)
    assert workspace.place(workspace.focus) == 1
    press(qtbot, window, decider, Qt.Key.Key_K)
    workspace.set_focus(int(workspace.ids[0]))
    press(qtbot, window, decider, Qt.Key.Key_F)
    assert workspace.place(workspace.focus) == 2
    left = View(check_id="label_errors", where="flagged and state = 'unseen'")
    unseen = session.read(lambda db: browsing.ids(db, left)).tolist()
    assert set(unseen) == set(workspace.ids[2:].tolist())


def test_a_digit_gives_the_class_of_that_place_in_the_order_of_the_card(
    workspace: Workspace,
    decider: Decider,
    window: QMainWindow,
    session: Session,
    verdicts: Verdicts,
    qtbot: QtBot,
) -> None:
    focus = workspace.focus
    assert focus is not None
    known = session.read(lambda db: evidence.evidence(db, focus, "label_errors"))
    names = [name for name, _ in known.ranked]
    other = next(i for i, name in enumerate(names) if (name,) != known.given)
    same = names.index(known.given[0])
    press(qtbot, window, decider, Qt.Key(Qt.Key.Key_1 + other))
    (row,) = session.read(lambda db: browsing.rows(db, FLAGGED, [focus]))
    assert (row.verdict, row.labels) == ("relabel", (names[other],))
    workspace.set_focus(focus)
    press(qtbot, window, decider, Qt.Key(Qt.Key.Key_1 + same))
    assert verdicts()[0] == "keep"


def test_a_digit_beyond_the_classes_decides_nothing(
    workspace: Workspace, decider: Decider, window: QMainWindow, verdicts: Verdicts, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(decider.said) as said:
        QTest.keyClick(window, Qt.Key.Key_9)
    assert "classes" in said.args[0]
    assert workspace.place(workspace.focus) == 0
    assert verdicts() == {}


def test_where_nothing_is_suggested_accept_says_so_and_stays(
    workspace: Workspace, decider: Decider, window: QMainWindow, session: Session, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(View(where="reason is not null"))
    (broken,) = workspace.ids.tolist()
    workspace.set_focus(broken)
    with qtbot.waitSignal(decider.said, check_params_cb=lambda text: "suggested" in text):
        QTest.keyClick(window, Qt.Key.Key_Return)
    assert workspace.focus == broken
    assert session.read(history.to_undo) is None


def test_without_a_check_in_focus_accept_takes_the_suggestion_that_the_card_shows(
    workspace: Workspace, decider: Decider, window: QMainWindow, session: Session, qtbot: QtBot
) -> None:
    focus = workspace.focus
    assert focus is not None
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(View())
    press(qtbot, window, decider, Qt.Key.Key_Return)
    known = session.read(lambda db: evidence.evidence(db, focus))
    assert (known.verdict, known.labels) == ("accept", known.suggested)


def test_undo_goes_back_to_the_sample_and_names_the_step(
    workspace: Workspace, decider: Decider, window: QMainWindow, verdicts: Verdicts, qtbot: QtBot
) -> None:
    press(qtbot, window, decider, Qt.Key.Key_Return, Qt.Key.Key_K)
    control = Qt.KeyboardModifier.ControlModifier
    with qtbot.waitSignal(decider.said) as said:
        QTest.keyClick(window, Qt.Key.Key_Z, control)
    assert "Keep the label of 1 sample" in said.args[0]
    assert workspace.place(workspace.focus) == 1
    assert verdicts() == {0: "accept"}
    with qtbot.waitSignal(decider.said):
        QTest.keyClick(window, Qt.Key.Key_Y, control)
    assert verdicts() == {0: "accept", 1: "keep"}
    with qtbot.waitSignal(decider.said) as said:
        QTest.keyClick(window, Qt.Key.Key_Z, control | Qt.KeyboardModifier.ShiftModifier)
    assert said.args == ["There is nothing to do again."]


def test_clearing_takes_the_decision_back_and_stays(
    workspace: Workspace, decider: Decider, window: QMainWindow, verdicts: Verdicts, qtbot: QtBot
) -> None:
    press(qtbot, window, decider, Qt.Key.Key_K)
    workspace.step(-1)
    press(qtbot, window, decider, Qt.Key.Key_U)
    assert verdicts() == {}
    assert workspace.place(workspace.focus) == 0


def test_a_write_that_fails_is_told_and_the_focus_comes_back_to_the_first_that_failed(
    workspace: Workspace,
    decider: Decider,
    window: QMainWindow,
    session: Session,
    verdicts: Verdicts,
    qtbot: QtBot,
) -> None:
    told: list[str] = []
    decider.failed.connect(told.append)
    tampering.set_present(session, workspace.ids[1:4].tolist(), present=False)
    for _ in range(5):
        QTest.keyClick(window, Qt.Key.Key_K)
    assert workspace.place(workspace.focus) == 5
    qtbot.waitUntil(lambda: len(told) == 3)
    assert "no sample" in told[0]
    assert workspace.place(workspace.focus) == 1
    tampering.set_present(session, workspace.ids[1:4].tolist(), present=True)
    qtbot.waitUntil(lambda: verdicts() == {0: "keep", 4: "keep"})
    QTest.keyClick(window, Qt.Key.Key_X)
    assert workspace.place(workspace.focus) == 2
    qtbot.waitUntil(lambda: verdicts() == {0: "keep", 1: "exclude", 4: "keep"})


def test_in_a_view_of_the_past_nothing_can_be_decided(
    workspace: Workspace,
    decider: Decider,
    window: QMainWindow,
    session: Session,
    verdicts: Verdicts,
    qtbot: QtBot,
) -> None:
    press(qtbot, window, decider, Qt.Key.Key_K)
    (step,) = session.read(lambda db: history.steps(db))
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(View(as_of=step.action_id))
    for key in (Qt.Key.Key_X, Qt.Key.Key_Return, Qt.Key.Key_1, Qt.Key.Key_P, Qt.Key.Key_T):
        with qtbot.waitSignal(decider.said) as said:
            QTest.keyClick(window, key)
        assert "earlier step" in said.args[0]
    with qtbot.waitSignal(decider.said):
        QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(session.read(lambda db: history.steps(db))) == 1


def test_without_auto_advance_the_focus_stays(
    workspace: Workspace, decider: Decider, window: QMainWindow, verdicts: Verdicts, qtbot: QtBot
) -> None:
    workspace.settings = Settings(review=ReviewSettings(auto_advance=False))
    press(qtbot, window, decider, Qt.Key.Key_K, Qt.Key.Key_X)
    assert workspace.place(workspace.focus) == 0
    assert verdicts() == {0: "exclude"}


def test_a_class_found_by_typing_is_given_to_the_sample_the_picker_was_opened_for(
    workspace: Workspace, decider: Decider, window: QMainWindow, session: Session, qtbot: QtBot
) -> None:
    focus = workspace.focus
    assert focus is not None
    QTest.keyClick(window, Qt.Key.Key_T)
    picker = window.findChild(ClassPicker)
    assert isinstance(picker, ClassPicker)
    workspace.step(1)
    with qtbot.waitSignal(decider.decided):
        picker.chosen.emit("nine")
    (row,) = session.read(lambda db: browsing.rows(db, FLAGGED, [focus]))
    assert (row.verdict, row.labels) == ("relabel", ("nine",))


def test_the_selection_of_one_is_decided_and_let_go(
    workspace: Workspace, decider: Decider, window: QMainWindow, verdicts: Verdicts, qtbot: QtBot
) -> None:
    workspace.select(workspace.ids[3:4])
    press(qtbot, window, decider, Qt.Key.Key_K, Qt.Key.Key_X)
    assert verdicts() == {3: "keep", 4: "exclude"}
    assert not len(workspace.selection)


def test_of_two_copies_the_one_in_focus_is_kept_and_the_other_excluded_as_one_step(
    workspace: Workspace, decider: Decider, window: QMainWindow, session: Session, qtbot: QtBot
) -> None:
    one, other = workspace.ids[:2].tolist()
    tampering.pair_up(session, one, other)
    press(qtbot, window, decider, Qt.Key.Key_P)
    rows = session.read(lambda db: browsing.rows(db, View(), [one, other]))
    assert [row.verdict for row in rows] == ["keep", "exclude"]
    assert len(session.read(lambda db: history.steps(db))) == 1


def test_without_a_copy_nothing_is_picked(
    workspace: Workspace, decider: Decider, window: QMainWindow, session: Session, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(decider.said) as said:
        QTest.keyClick(window, Qt.Key.Key_P)
    assert "copy" in said.args[0]
    assert workspace.place(workspace.focus) == 0
