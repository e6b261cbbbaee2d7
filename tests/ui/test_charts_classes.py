from __future__ import annotations

import csv
import io

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session.browsing import ClassRow
from tests.ui.world import CLASSES
from ui.charts.class_model import ClassModel
from ui.charts.class_table import ClassTable
from ui.commands import Commands
from ui.workspace import Workspace

ASCENDING, DESCENDING = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


def row(name: str, noise: float | None = None, samples: int = 1) -> ClassRow:
    return ClassRow(
        name=name,
        samples=samples,
        flagged=0,
        undecided=0,
        noise=noise,
        changed_to=0,
        changed_from=0,
    )


def names(model: ClassModel) -> list[str]:
    return [model.row(at).name for at in range(model.rowCount())]


@pytest.fixture
def panel(
    workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot
) -> ClassTable:
    made = ClassTable(workspace, commands, window)
    window.setCentralWidget(made)
    window.resize(900, 400)
    window.show()
    qtbot.waitUntil(lambda: made.model.rowCount() == len(CLASSES))
    return made


def test_classes_without_a_number_come_last_either_way() -> None:
    model = ClassModel()
    model.show_rows([row("a"), row("b", 0.2), row("c", 0.0), row("d", 0.1)])
    model.sort(4, ASCENDING)
    assert names(model) == ["c", "d", "b", "a"]
    model.sort(4, DESCENDING)
    assert names(model) == ["b", "d", "c", "a"]
    model.sort(-1)
    assert names(model) == ["a", "b", "c", "d"]


def test_a_filter_looks_within_names_whatever_their_case_and_keeps_the_order() -> None:
    model = ClassModel()
    model.show_rows([row("Dogfish"), row("cat"), row("hot dog")])
    model.sort(0, DESCENDING)
    model.filter(" DOG ")
    assert names(model) == ["hot dog", "Dogfish"]


def test_names_that_csv_must_quote_come_back_as_they_are() -> None:
    model = ClassModel()
    awkward = 'a, "b"\nc'
    model.show_rows([row(awkward, 0.25, 1234)])
    header, cells = csv.reader(io.StringIO(model.csv()))
    assert header[0] == "Class"
    assert cells[:2] == [awkward, "1234"]
    assert cells[4] == "0.25"


def test_enter_and_a_double_click_narrow_the_list_to_the_class(
    panel: ClassTable, workspace: Workspace, qtbot: QtBot
) -> None:
    at = panel.model.find("zero")
    assert at is not None
    panel.table.setCurrentIndex(panel.model.index(at, 2))
    with qtbot.waitSignal(workspace.ids_changed):
        QTest.keyClick(panel.table, Qt.Key.Key_Return)
    assert len(workspace.ids) == panel.model.row(at).samples
    assert "given_label = 'zero'" in workspace.view.where


def test_a_quote_in_a_class_name_does_not_end_the_filter(
    panel: ClassTable, workspace: Workspace, qtbot: QtBot
) -> None:
    panel.model.show_rows([row("bird's nest")])
    panel.table.setCurrentIndex(panel.model.index(0, 0))
    with qtbot.waitSignal(workspace.ids_changed):
        QTest.keyClick(panel.table, Qt.Key.Key_Return)
    assert len(workspace.ids) == 0


def test_the_class_of_the_sample_in_focus_is_marked(
    panel: ClassTable, workspace: Workspace, qtbot: QtBot
) -> None:
    panel.filter.setFocus()
    workspace.set_focus(int(workspace.ids[-2]))
    expected = panel.model.find("zero")
    qtbot.waitUntil(lambda: panel.table.currentIndex().row() == expected)


def test_the_table_is_copied_as_it_is_shown(panel: ClassTable, commands: Commands) -> None:
    panel.filter.setText("seven")
    commands.action("classes.copy").trigger()
    copied = QGuiApplication.clipboard().text().splitlines()
    assert len(copied) == 2
    assert copied[1].startswith("seven,80,3,3,")
    assert "1 class" in panel.summary.text()
