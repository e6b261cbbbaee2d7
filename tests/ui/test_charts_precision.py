from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session import browsing
from auditor.session.browsing import View
from auditor.session.precision import Band
from tests.ui.world import WRONG
from ui.charts.precision_panel import PrecisionPanel
from ui.charts.precision_view import PrecisionView
from ui.commands import Commands
from ui.workspace import Workspace

BAND = Band(
    low=0.8,
    high=0.9,
    findings=60,
    judged=40,
    confirmed=31,
    precision=31 / 40,
    precision_low=0.63,
    precision_high=0.88,
    expected_left=12.3,
    expected_left_low=8,
    expected_left_high=17,
)


@pytest.fixture
def panel(
    workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot
) -> PrecisionPanel:
    made = PrecisionPanel(workspace, commands, window)
    window.setCentralWidget(made)
    window.resize(900, 400)
    window.show()
    qtbot.waitUntil(lambda: len(made.view.bands) > 0)
    return made


def test_a_band_is_told_in_words(qtbot: QtBot) -> None:
    view = PrecisionView()
    qtbot.addWidget(view)
    assert view.sentence(BAND) == (
        "Of the findings you judged between 0.8 and 0.9, 31 of 40 were errors: 78 % (63 to 88)."
        " About 12 errors are left there."
    )
    unjudged = replace(
        BAND, judged=0, confirmed=0, precision=None, precision_low=None, precision_high=None
    )
    assert "None of the 60 samples" in view.sentence(unjudged)
    assert "No sample" in view.sentence(replace(unjudged, findings=0, expected_left=0))


def test_it_follows_each_decision(
    panel: PrecisionPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    assert "at least 30" in panel.summary.text()
    ids = flagged(workspace)
    for sample_id in ids[:2]:
        decide(workspace, sample_id, Verdict.ACCEPT)
    decide(workspace, ids[2], Verdict.KEEP)
    qtbot.waitUntil(lambda: sum(band.judged for band in panel.view.bands) == 3)
    assert sum(band.confirmed for band in panel.view.bands) == 2
    assert "2 of 3 were errors" in panel.row_words.text()
    assert panel.view.accessibleDescription() == panel.row_words.text()


def test_whether_to_stop_is_said_by_a_sign_and_words(
    panel: PrecisionPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    assert "Go on" in panel.mark.text()
    for sample_id in flagged(workspace):
        decide(workspace, sample_id, Verdict.ACCEPT)
    qtbot.waitUntil(lambda: "Stopping is reasonable" in panel.mark.text())
    assert panel.mark.text().startswith("✓")


def test_enter_lists_what_is_left_of_a_band(
    panel: PrecisionPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    decide(workspace, flagged(workspace)[0], Verdict.KEEP)
    qtbot.waitUntil(lambda: panel.view.bands[0].judged == 1)
    QTest.keyClick(panel.view, Qt.Key.Key_Home)
    with qtbot.waitSignal(workspace.ids_changed):
        QTest.keyClick(panel.view, Qt.Key.Key_Return)
    assert panel.view.bands[0].high == 1, "p_error of 1 belongs to the topmost band"
    assert len(workspace.ids) == WRONG - 1


def test_keys_read_the_rows(panel: PrecisionPanel, qtbot: QtBot) -> None:
    QTest.keyClick(panel.view, Qt.Key.Key_End)
    last = panel.row_words.text()
    QTest.keyClick(panel.view, Qt.Key.Key_Down)
    assert panel.row_words.text() == last
    QTest.keyClick(panel.view, Qt.Key.Key_Home)
    assert panel.row_words.text() == panel.view.sentence(panel.view.bands[0]) != last


def test_without_an_audit_it_says_what_it_would_tell(
    panel: PrecisionPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.set_view(View(check_id="no_such_check"))
    qtbot.waitUntil(lambda: panel.blank_sentence is not None)
    assert "audit" in (panel.blank_sentence or "")
    assert not panel.mark.isVisible()


def flagged(workspace: Workspace) -> list[int]:
    view = View(check_id="label_errors", where="flagged", sort="p_error", descending=True)
    found = workspace.desk.session.read(lambda db: browsing.ids(db, view))
    return [int(sample_id) for sample_id in found]


def decide(workspace: Workspace, sample_id: int, verdict: Verdict) -> None:
    ids = np.array([sample_id], np.int64)
    workspace.desk.act(
        lambda session: session.decide_on(ids, verdict, check_id="label_errors"), lambda _n: None
    )
