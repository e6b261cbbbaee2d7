"""Arrays of the user's own are attached in the window, by the engine's rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.test_workspace import EVERY
from ui.audit.panel import AuditPanel
from ui.commands import Commands
from ui.dialogs.attach_dialog import AttachDialog
from ui.sentences import for_the_window
from ui.workspace import Workspace

LONG = 30_000


@pytest.fixture
def dialog(workspace: Workspace, qtbot: QtBot) -> AttachDialog:
    made = AttachDialog(workspace)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    return made


def attach(dialog: AttachDialog, array: np.ndarray, folder: Path, qtbot: QtBot) -> str:
    """Have it attached by keyboard; what the dialog says then."""
    np.save(folder / "mine.npy", array)
    dialog.file.setText(str(folder / "mine.npy"))
    QTest.keyClick(dialog.file, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(dialog.said), timeout=LONG)
    return dialog.said


def test_it_says_how_many_rows_and_which_columns_are_wanted(
    dialog: AttachDialog, workspace: Workspace, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: f"{EVERY:,} rows" in dialog.about)
    dialog.kind.setCurrentIndex(1)
    assert ", ".join(workspace.classes) in dialog.about
    assert not dialog.go.isEnabled()


def test_features_are_attached_and_the_next_audit_uses_them(
    dialog: AttachDialog, workspace: Workspace, tmp_path: Path, qtbot: QtBot
) -> None:
    rows = np.random.default_rng(0).normal(size=(EVERY, 4)).astype(np.float32)
    said = attach(dialog, rows, tmp_path, qtbot)
    assert said.startswith(f"Attached: {EVERY:,} rows of 4 values.")
    assert "are the rows in import order?" in said  # they are random
    session = workspace.desk.session
    facts = session.folder.embeddings.glob("attached-embedding-*.npy")
    assert np.array_equal(np.load(next(facts)), rows)
    assert dialog.go.isEnabled()


@pytest.mark.parametrize(
    ("rows", "columns", "why"),
    [
        (3, 3, "name a file that says whose each row is"),
        (EVERY, 2, "in the order that stands here"),
    ],
)
def test_what_does_not_fit_is_refused_in_the_windows_words_and_can_be_tried_again(
    dialog: AttachDialog, tmp_path: Path, qtbot: QtBot, rows: int, columns: int, why: str
) -> None:
    dialog.kind.setCurrentIndex(1)
    said = attach(dialog, np.full((rows, columns), 1 / columns), tmp_path, qtbot)
    assert why in said
    assert "auditor" not in said
    assert "--" not in said
    assert attach(dialog, np.full((EVERY, 3), 1 / 3), tmp_path, qtbot).startswith("Attached")


def test_the_audit_panel_and_a_command_offer_it(
    workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot
) -> None:
    panel = AuditPanel(workspace, commands, window)
    window.setCentralWidget(panel)

    def dialogs() -> list[QWidget]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, AttachDialog)]

    for way in (commands.action("audit.attach").trigger, panel.settings.attach.click):
        way()
        (opened,) = dialogs()
        opened.close()
        qtbot.waitUntil(lambda: not dialogs())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            "it needs pred_probs: bring them with `auditor attach`",
            "it needs pred_probs: bring them with “Attach features or probabilities” in the menu"
            " Audit",
        ),
        (
            "it needs somebody to ask: --set visual_language.model=MODEL, with MODEL hf:ORG/REPO",
            "it needs somebody to ask: write MODEL into “model” among its settings, with MODEL"
            " hf:ORG/REPO",
        ),
    ],
)
def test_sentences_name_the_windows_commands(said: str, meant: str) -> None:
    assert for_the_window(said) == meant
