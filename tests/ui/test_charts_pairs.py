from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session.browsing import Pair, View
from tests.ui.world import CLASSES, WRONG
from ui.charts import palette
from ui.charts.heat_map import PairHeatMap
from ui.charts.pair_model import matrix
from ui.commands import Commands
from ui.workspace import Workspace


@pytest.fixture
def panel(
    workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot
) -> PairHeatMap:
    made = PairHeatMap(workspace, commands, window)
    window.setCentralWidget(made)
    window.resize(900, 400)
    window.show()
    qtbot.waitUntil(lambda: made.model.rowCount() == len(CLASSES))
    return made


def test_classes_are_chosen_by_how_many_findings_they_take_part_in() -> None:
    pairs = [Pair("a", "b", 5, 0), Pair("c", "b", 4, 0), Pair("d", "a", 3, 0), Pair("e", "e", 6, 0)]
    shown = matrix(pairs, 2)
    assert shown.names == ("b", "a")
    assert list(shown.cells) == [("a", "b")]
    assert shown.all_names == 5
    assert matrix(pairs, 9).names[:3] == ("b", "a", "e"), "a class is not counted twice"


def test_the_cells_hold_every_finding(panel: PairHeatMap) -> None:
    cells = panel.model.matrix.cells.values()
    assert sum(pair.flagged for pair in cells) == WRONG
    assert f"{WRONG} findings" in panel.summary.text()


def test_a_cell_says_in_words_what_it_counts(panel: PairHeatMap) -> None:
    pair = next(iter(panel.model.matrix.cells.values()))
    index = panel.model.index_of(pair.given, pair.suggested)
    said = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert said == index.data(Qt.ItemDataRole.ToolTipRole)
    assert f"labelled “{pair.given}” where “{pair.suggested}”" in said
    empty = panel.model.index_of(pair.given, pair.given)
    assert empty.data() == ""
    assert "No finding" in empty.data(Qt.ItemDataRole.ToolTipRole)


def test_enter_on_a_cell_lists_its_findings(
    panel: PairHeatMap, workspace: Workspace, qtbot: QtBot
) -> None:
    pair = next(iter(panel.model.matrix.cells.values()))
    panel.table.setCurrentIndex(panel.model.index_of(pair.given, pair.suggested))
    with qtbot.waitSignal(workspace.ids_changed):
        QTest.keyClick(panel.table, Qt.Key.Key_Return)
    assert len(workspace.ids) == pair.flagged
    assert workspace.view.check_id == "label_errors"


def test_a_click_on_an_empty_cell_changes_nothing(panel: PairHeatMap, workspace: Workspace) -> None:
    name = panel.model.matrix.names[0]
    panel.table.chosen.emit(panel.model.index_of(name, name))
    assert workspace.view == View()


def test_the_pair_of_the_sample_in_focus_is_marked(
    panel: PairHeatMap, workspace: Workspace, qtbot: QtBot
) -> None:
    last = list(panel.model.matrix.cells.values())[-1]
    workspace.set_view(
        View(
            check_id="label_errors",
            where=f"flagged and given_label = '{last.given}' and suggested_label = '{last.suggested}'",
        )
    )
    with qtbot.waitSignal(workspace.ids_changed):
        pass
    workspace.set_focus(int(workspace.ids[0]))
    expected = panel.model.index_of(last.given, last.suggested)
    qtbot.waitUntil(
        lambda: panel.model.rowCount() < len(CLASSES) or panel.table.currentIndex() == expected
    )
    qtbot.waitUntil(lambda: panel.model.pair(panel.table.currentIndex()) == last)


def test_more_and_fewer_classes(panel: PairHeatMap, commands: Commands) -> None:
    names = [f"class {number}" for number in range(60)]
    pairs = [Pair(one, other, 2, 1) for one, other in itertools.pairwise(names)]
    panel._show(pairs)  # noqa: SLF001
    assert panel.model.rowCount() == 25
    assert panel.shown.text() == "25 of 60 classes"
    commands.action("pairs.more").trigger()
    assert panel.model.rowCount() == 50
    panel.more.click()
    assert panel.model.rowCount() == 60
    assert not panel.more.isEnabled()
    for _ in range(5):
        commands.action("pairs.fewer").trigger()
    assert panel.model.rowCount() == 10


def test_numbers_can_be_read_on_every_shade(qtbot: QtBot) -> None:
    for shade in palette.sequence():
        light = palette.luminance(shade) + 0.05
        ink = palette.luminance(palette.ink_on(shade)) + 0.05
        assert max(light, ink) / min(light, ink) >= 4.4


def test_a_list_without_pairs_says_so(
    panel: PairHeatMap, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.set_view(View(check_id="label_errors", where="not flagged"))
    qtbot.waitUntil(lambda: panel.blank_sentence is not None)
    assert "No finding" in (panel.blank_sentence or "")
