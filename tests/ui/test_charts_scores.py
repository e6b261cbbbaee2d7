from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session.browsing import View
from tests.ui.world import PER_CLASS, WRONG
from ui.charts.distribution import EMPTY, Distribution
from ui.charts.histogram import HistogramPanel
from ui.commands import Command, Commands
from ui.workspace import Subset, Workspace

READABLE = 3 * PER_CLASS


def spread(*parts: list[float]) -> Distribution:
    return Distribution("p_error", *(np.array(sorted(part), np.float32) for part in parts))


@pytest.fixture
def panel(
    workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot
) -> HistogramPanel:
    made = HistogramPanel(workspace, commands, window)
    window.setCentralWidget(made)
    window.resize(900, 400)
    window.show()
    qtbot.waitUntil(lambda: len(made.view.shown) > 0)
    return made


def test_each_value_is_in_one_bar_and_the_last_bar_holds_the_upper_end() -> None:
    shown = spread([0.0, 0.5], [0.25, 1.0], [0.1])
    bars = shown.bars(np.array([0.0, 0.25, 0.5, 1.0]))
    assert bars.tolist() == [[1, 0, 1], [0, 1, 1], [1, 0, 0]]
    assert bars.sum() == len(shown)


def test_the_count_is_that_of_the_filter_which_compares_in_double_precision() -> None:
    stored = np.float32(0.82)  # a little less than 0.82
    shown = spread([float(stored)], [0.9], [0.1])
    assert float(stored) < 0.82
    assert shown.beyond(0.82, upward=True) == (1, 0)
    assert shown.beyond(float(stored), upward=True) == (2, 1)
    assert shown.beyond(0.1, upward=False) == (0, 0), "0.1 is stored as a little more"


def test_an_axis_of_one_value_has_a_width() -> None:
    low, high = spread([7.0], [], []).limits
    assert low < 7 < high
    assert EMPTY.limits == (0, 1)


def test_it_counts_every_score_of_the_list_by_state(
    panel: HistogramPanel, workspace: Workspace
) -> None:
    assert len(panel.view.shown) == READABLE
    assert len(panel.view.shown.flagged) == WRONG
    assert len(panel.view.shown.decided) == 0
    assert f"{WRONG} samples" in panel.summary.text()
    assert panel.view.accessibleDescription() == panel.summary.text()


def test_decisions_move_samples_to_the_decided(
    panel: HistogramPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    ids = flagged(workspace)
    workspace.desk.act(lambda s: s.decide_on(ids[:2], Verdict.KEEP), lambda _n: None)
    workspace.desk.act(lambda s: s.decide_on(ids[2:3], Verdict.DEFER), lambda _n: None)
    qtbot.waitUntil(lambda: len(panel.view.shown.decided) == 2)
    assert len(panel.view.shown.flagged) == WRONG - 2, "a deferred finding is still to review"
    assert "2 decided" in panel.summary.text()


def test_enter_narrows_the_list_to_what_lies_beyond_the_threshold(
    panel: HistogramPanel, workspace: Workspace, commands: Commands, qtbot: QtBot
) -> None:
    accepted: list[int] = []
    commands.add(
        Command("decide.accept", "Accept", "Decide", ("Return",)), lambda: accepted.append(1)
    )
    panel.view.setFocus()
    qtbot.waitUntil(panel.view.hasFocus)
    with qtbot.waitSignal(workspace.ids_changed):
        QTest.keyClick(panel.view, Qt.Key.Key_Return)
    assert workspace.ids.tolist() == flagged(workspace).tolist()
    assert not accepted, "Enter belongs to the picture while it has the focus"


def test_arrow_keys_move_the_threshold_and_the_count(panel: HistogramPanel, qtbot: QtBot) -> None:
    before = panel.view.threshold
    QTest.keyClick(panel.view, Qt.Key.Key_Right)
    assert panel.view.threshold == pytest.approx(before + 0.01)
    QTest.keyClick(panel.view, Qt.Key.Key_Home)
    assert panel.view.threshold == 0
    assert f"{READABLE} samples (100 %)" in panel.summary.text()
    QTest.keyClick(panel.view, Qt.Key.Key_End)
    assert panel.view.threshold == 1


def test_a_drag_moves_the_threshold(panel: HistogramPanel, qtbot: QtBot) -> None:
    y = panel.view.height() // 2
    QTest.mousePress(
        panel.view,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        QPoint(panel.view.width() // 2, y),
    )
    middle = panel.view.threshold
    QTest.mouseMove(panel.view, QPoint(panel.view.width() // 4, y))
    QTest.mouseRelease(
        panel.view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(10, y)
    )
    assert 0.4 < middle < 0.6
    assert panel.view.threshold < 0.3


def test_the_side_can_be_turned(panel: HistogramPanel) -> None:
    upward = panel.view.shown.beyond(panel.view.threshold, upward=True)[0]
    panel.side.click()
    assert panel.condition is not None
    assert "<=" in panel.condition
    assert panel.summary.text().split(": ")[1].startswith(f"{READABLE - upward} samples")


def test_it_follows_filter_and_lasso(
    panel: HistogramPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.set_view(View(where="given_label = 'zero'"))
    qtbot.waitUntil(lambda: len(panel.view.shown) == PER_CLASS)
    workspace.set_subset(Subset("Lasso", workspace.ids[-5:]))
    qtbot.waitUntil(lambda: len(panel.view.shown) == 5)


def test_another_score_is_shown_and_a_list_without_scores_says_so(
    panel: HistogramPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    panel.columns.setCurrentText("width")
    panel.columns.activated.emit(panel.columns.currentIndex())
    qtbot.waitUntil(lambda: panel.view.shown.column == "width")
    assert panel.condition is not None
    assert panel.condition.startswith("width >=")
    workspace.set_view(View(where="reason is not null"))
    qtbot.waitUntil(lambda: panel.blank_sentence is not None)
    assert "width" in (panel.blank_sentence or "")
    assert panel.condition is None


def flagged(workspace: Workspace) -> np.ndarray:
    from auditor.session import browsing

    view = View(check_id="label_errors", where="flagged")
    return workspace.desk.session.read(lambda db: browsing.ids(db, view))
