from __future__ import annotations

import subprocess
import sys

import pytest
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session.browsing import View
from ui import theme
from ui.charts.panel import ChartsPanel
from ui.commands import Commands
from ui.workspace import Workspace


@pytest.fixture
def panel(
    workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot
) -> ChartsPanel:
    made = ChartsPanel(workspace, commands, window)
    window.setCentralWidget(made)
    window.resize(900, 400)
    window.show()
    qtbot.waitUntil(lambda: len(made.scores.view.shown) > 0)
    return made


def test_only_the_chart_that_is_seen_reads(
    panel: ChartsPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.set_view(View(where="given_label = 'zero'"))
    qtbot.waitUntil(lambda: len(panel.scores.view.shown) == 80)
    # What the others would have asked then is answered before this second question.
    workspace.set_view(View())
    qtbot.waitUntil(lambda: len(panel.scores.view.shown) == 240)
    assert panel.classes.model.rowCount() == 0
    assert panel.pairs.model.rowCount() == 0
    assert panel.precision.view.bands == ()


def test_a_chart_is_read_when_it_is_looked_at(
    panel: ChartsPanel, commands: Commands, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(panel.wanted):
        commands.action("charts.pairs").trigger()
    qtbot.waitUntil(lambda: panel.pairs.model.rowCount() == 3)
    commands.action("charts.classes").trigger()
    qtbot.waitUntil(lambda: panel.classes.model.rowCount() == 3)


def test_charts_follow_the_scheme(panel: ChartsPanel, qtbot: QtBot) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    backgrounds = []
    for scheme in ("dark", "light"):
        theme.set_scheme(app, scheme)
        image = panel.scores.view.grab().toImage()
        backgrounds.append(image.pixelColor(image.width() // 2, 5).name())
    assert backgrounds == [theme.DARK.base, theme.LIGHT.base]


def test_the_charts_bring_no_plotting_library() -> None:
    code = (
        "import sys, ui.charts.panel;"
        "print([m for m in ('pyqtgraph', 'scipy', 'matplotlib', 'pandas', 'torch')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
