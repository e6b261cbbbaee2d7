from __future__ import annotations

from functools import partial

import pytest
from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QLineEdit,
    QMainWindow,
    QPushButton,
    QTableView,
    QTreeWidget,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ui.commands import Command, Commands, KeyConflictError, OwnKeys
from ui.palette import CommandPalette, matching
from ui.shortcuts import ShortcutSheet

KEEP = Command("decide.keep", "Keep the label", "Decide", ("K",))
DROP = Command("decide.drop", "Exclude", "Decide", ("X", "Del"))
FIND = Command("app.palette", "Find a command", "Project", ("Ctrl+K",), in_text=True)
MARK = OwnKeys("wall.mark", "Mark an exception", "On the wall", ("Space",))


@pytest.fixture
def done(commands: Commands) -> list[str]:
    """Ids of the commands that ran, in order."""
    ran: list[str] = []
    for command in (KEEP, DROP, FIND):
        commands.add(command, partial(ran.append, command.id))
    return ran


@pytest.fixture
def shown(window: QMainWindow, qtbot: QtBot) -> QMainWindow:
    """The window with a text field and a button, on the screen."""
    middle = QWidget(window)
    column = QVBoxLayout(middle)
    column.addWidget(QLineEdit(middle))
    column.addWidget(QPushButton("Press", middle))
    window.setCentralWidget(middle)
    window.show()
    qtbot.waitActive(window)
    return window


def child(window: QWidget, kind: type[QWidget]) -> QWidget:
    found = window.findChild(kind)
    assert isinstance(found, QWidget)
    return found


def test_a_key_does_its_command(shown: QMainWindow, done: list[str], qtbot: QtBot) -> None:
    shown.setFocus()
    QTest.keyClick(shown, Qt.Key.Key_K)
    QTest.keyClick(shown, Qt.Key.Key_Delete)
    assert done == ["decide.keep", "decide.drop"]


def test_in_a_text_field_a_key_is_text(shown: QMainWindow, done: list[str], qtbot: QtBot) -> None:
    field = child(shown, QLineEdit)
    assert isinstance(field, QLineEdit)
    field.setFocus()
    for key in (Qt.Key.Key_K, Qt.Key.Key_X, Qt.Key.Key_Delete):
        QTest.keyClick(field, key)
    assert (done, field.text()) == ([], "kx")


def test_what_is_meant_for_text_fields_too_works_there(
    shown: QMainWindow, done: list[str], qtbot: QtBot
) -> None:
    field = child(shown, QLineEdit)
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert done == ["app.palette"]


def test_space_presses_the_button_that_has_the_focus(
    shown: QMainWindow, commands: Commands, qtbot: QtBot
) -> None:
    ran: list[str] = []
    commands.add(Command("list.toggle", "Select", "List", ("Space",)), lambda: ran.append("list"))
    button = child(shown, QPushButton)
    assert isinstance(button, QPushButton)
    button.clicked.connect(lambda: ran.append("button"))
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    button.clearFocus()
    QTest.keyClick(shown, Qt.Key.Key_Space)
    assert ran == ["button", "list"]


def test_in_a_list_that_opens_something_enter_is_the_lists(
    shown: QMainWindow, commands: Commands, qtbot: QtBot
) -> None:
    ran: list[str] = []
    commands.add(
        Command("decide.accept", "Accept", "Decide", ("Return",)), lambda: ran.append("accept")
    )
    table = QTableView(shown)
    table.setModel(QStringListModel(["one"], table))
    shown.setCentralWidget(table)
    table.show()
    table.setFocus()
    table.setCurrentIndex(table.model().index(0, 0))
    QTest.keyClick(table, Qt.Key.Key_Return)
    table.activated.connect(lambda _index: ran.append("opened"))
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert ran == ["accept", "opened"]


def test_the_sheet_gives_a_panels_own_doing_another_key_and_its_own_back(
    shown: QMainWindow, commands: Commands, done: list[str], qtbot: QtBot
) -> None:
    commands.add_own([MARK])
    sheet = ShortcutSheet(commands, shown)
    qtbot.addWidget(sheet)
    sheet.choose(MARK.id)
    with qtbot.waitSignal(sheet.assigned):
        sheet.assign("M")
    tree = child(sheet, QTreeWidget)
    assert isinstance(tree, QTreeWidget)
    (item,) = tree.findItems(MARK.title, Qt.MatchFlag.MatchRecursive)
    assert (item.text(1), commands.overrides()) == ("M", {MARK.id: ("M",)})
    (button,) = (b for b in sheet.findChildren(QPushButton) if b.text() == "Default")
    button.click()
    assert (item.text(1), commands.overrides()) == ("Space", {})


def test_a_panels_own_doing_and_a_command_share_a_key_only_where_both_have_it_by_default(
    commands: Commands, done: list[str]
) -> None:
    commands.add(Command("list.toggle", "Select", "List", ("Space",)), lambda: None)
    commands.add_own([MARK, OwnKeys("wall.next", "Next page", MARK.group, ("PgDown",))])
    for command_id, key, whose in (
        (MARK.id, "X", "Exclude"),
        (MARK.id, "PgDown", "Next page"),
        (KEEP.id, "PgDown", "On the wall: Next page"),
        (KEEP.id, "Space", "Select"),
    ):
        with pytest.raises(KeyConflictError, match=whose):
            commands.assign(command_id, [key])
    assert (commands.keys(MARK.id), commands.keys("list.toggle")) == (("Space",), ("Space",))
    commands.assign("list.toggle", ["Y"])
    commands.assign("list.toggle", ["Space"])


def test_the_users_keys_of_a_panel_count_from_the_start(window: QMainWindow) -> None:
    own = Commands(window, {MARK.id: ["M"]})
    own.add_own([MARK])
    assert own.keys(MARK.id) == ("M",)


def test_a_key_that_belongs_to_another_command_is_refused(
    commands: Commands, done: list[str]
) -> None:
    with pytest.raises(KeyConflictError, match="Exclude"):
        commands.assign(KEEP.id, ["Y", "X"])
    assert commands.keys(KEEP.id) == ("K",)
    assert commands.overrides() == {}


def test_another_key_takes_the_old_ones_place(
    shown: QMainWindow, commands: Commands, done: list[str], qtbot: QtBot
) -> None:
    commands.assign(KEEP.id, ["Y"])
    shown.setFocus()
    QTest.keyClick(shown, Qt.Key.Key_K)
    QTest.keyClick(shown, Qt.Key.Key_Y)
    assert done == [KEEP.id]
    assert commands.overrides() == {KEEP.id: ("Y",)}


def test_the_users_keys_count_from_the_start(window: QMainWindow) -> None:
    own = Commands(window, {KEEP.id: ["Y"], DROP.id: []})
    own.add(KEEP, lambda: None)
    own.add(DROP, lambda: None)
    assert (own.keys(KEEP.id), own.keys(DROP.id)) == (("Y",), ())


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", [KEEP.id, DROP.id, FIND.id]),
        ("lab ke", [KEEP.id]),
        ("decide", [KEEP.id, DROP.id]),
        ("mmand", [FIND.id]),
        ("nothing", []),
    ],
)
def test_typed_words_find_commands(typed: str, found: list[str]) -> None:
    assert [one.id for one in matching([KEEP, DROP, FIND], typed)] == found


def test_the_palette_does_what_is_chosen(
    shown: QMainWindow, commands: Commands, done: list[str], qtbot: QtBot
) -> None:
    commands.action(KEEP.id).setEnabled(False)
    palette = CommandPalette(commands, shown)
    qtbot.addWidget(palette)
    palette.open()
    line = palette.findChild(QLineEdit)
    assert line is not None
    QTest.keyClicks(line, "e")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert done == [DROP.id]


def test_the_sheet_refuses_a_taken_key_and_says_whose_it_is(
    shown: QMainWindow, commands: Commands, done: list[str], qtbot: QtBot
) -> None:
    sheet = ShortcutSheet(commands, shown)
    qtbot.addWidget(sheet)
    sheet.choose(KEEP.id)
    with qtbot.assertNotEmitted(sheet.assigned):
        sheet.assign("X")
    assert "Exclude" in sheet.said
    with qtbot.waitSignal(sheet.assigned):
        sheet.assign("Y")
    assert (commands.keys(KEEP.id), sheet.said) == (("Y",), "")
