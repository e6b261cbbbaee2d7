"""A reviewer's whole session, key by key, and the labels that come out of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMainWindow, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from auditor.session import Session, browsing, evidence, history
from auditor.session.browsing import Row, View
from ui.commands import Commands
from ui.review.bulk import BulkPreview
from ui.review.decider import Decider
from ui.review.queue import QueuePanel
from ui.workspace import Workspace

CHECK = "label_errors"
KEYS = {
    "accept": Qt.Key.Key_Return,
    "keep": Qt.Key.Key_K,
    "exclude": Qt.Key.Key_X,
    "defer": Qt.Key.Key_F,
    "first": Qt.Key.Key_1,
}
CONTROL = Qt.KeyboardModifier.ControlModifier
Labels = Counter[tuple[str, str]]
"""File name and class of each image of a folder of classes."""


class Reviewer:
    """Presses keys in a real window with a queue, and knows what each should come to."""

    def __init__(
        self, workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot
    ) -> None:
        self.workspace, self.window, self.qtbot = workspace, window, qtbot
        self.decider = Decider(workspace, commands, window)
        self.queue = QueuePanel(workspace, commands, window)
        self.field = QLineEdit(window)
        middle = QWidget(window)
        column = QVBoxLayout(middle)
        column.addWidget(self.field)
        column.addWidget(self.queue)
        window.setCentralWidget(middle)
        with qtbot.waitActive(window):
            window.show()
        window.setFocus()
        qtbot.waitUntil(lambda: CHECK in self.queue.check_ids)

    def show(self, view: View) -> None:
        with self.qtbot.waitSignal(self.workspace.ids_changed):
            self.workspace.set_view(view)
        self.workspace.set_focus(int(self.workspace.ids[0]))
        self.qtbot.wait(1)

    def press(self, names: list[str]) -> list[int]:
        """Press the keys without waiting; the samples they were pressed for."""
        about: list[int] = []
        written: list[int] = []
        self.decider.decided.connect(written.append)
        for name in names:
            assert self.workspace.focus is not None
            about.append(self.workspace.focus)
            QTest.keyClick(self.window, KEYS[name])
        self.qtbot.waitUntil(lambda: len(written) == len(names), timeout=20_000)
        self.decider.decided.disconnect(written.append)
        return about

    def walk(self, key: Qt.Key, end: str) -> int:
        """Press until `end` is said; how often it was not."""
        for steps in range(1000):
            with self.qtbot.waitSignal(self.decider.said) as said:
                QTest.keyClick(self.window, key, CONTROL)
            if said.args == [end]:
                return steps
        raise AssertionError("there is no end to it")


@pytest.fixture
def reviewer(
    workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot
) -> Reviewer:
    return Reviewer(workspace, commands, window, qtbot)


def rows(session: Session) -> dict[int, Row]:
    ids = session.read(lambda db: browsing.ids(db, View(check_id=CHECK))).tolist()
    found = session.read(lambda db: browsing.rows(db, View(check_id=CHECK), ids))
    return {row.sample_id: row for row in found}


def folder(root: Path) -> Labels:
    return Counter((path.name, path.parent.name) for path in root.glob("*/*.png"))


def likeliest(session: Session, sample_id: int) -> str:
    known = session.read(lambda db: evidence.evidence(db, sample_id, CHECK))
    return known.ranked[0][0]


def expected(before: dict[int, Row], decided: dict[int, str], first: dict[int, str]) -> Labels:
    """What each verdict comes to, from the rows as they were before any decision."""
    out: Labels = Counter()
    for sample_id, row in before.items():
        verdict = decided.get(sample_id)
        if verdict == "exclude":
            continue
        label = {"accept": row.suggested[:1], "first": (first.get(sample_id, ""),)}.get(
            verdict or "", row.given
        )
        out[Path(row.path).name, label[0]] += 1
    return out


def test_fifty_decisions_a_bulk_undone_and_done_again_come_out_in_the_export(
    reviewer: Reviewer,
    workspace: Workspace,
    session: Session,
    project: Path,
    tmp_path: Path,
    qtbot: QtBot,
) -> None:
    before = rows(session)
    decided: dict[int, str] = {}

    # the check's findings, from the most suspicious on
    with qtbot.waitSignal(workspace.ids_changed):
        QTest.mouseClick(reviewer.queue.row(CHECK), Qt.MouseButton.LeftButton)
    reviewer.window.setFocus()
    workspace.set_focus(int(workspace.ids[0]))
    names = (["accept", "accept", "keep", "exclude", "defer"] * 10)[: len(workspace.ids) - 1]
    about = reviewer.press(names)
    assert about == workspace.ids[: len(names)].tolist()  # one sample each, in order
    decided |= dict(zip(about, names, strict=True))

    # a filter: samples that no check flags, by digit and by letter
    reviewer.show(View(check_id=CHECK, where="given_label = 'seven' and not flagged"))
    names = ["keep", "first", "exclude", "first", "defer"] * 10
    about = reviewer.press(names[: 50 - len(decided)])
    assert len(set(about)) == len(about)
    decided |= dict(zip(about, names, strict=False))
    assert len(decided) == 50
    first = {i: likeliest(session, i) for i, name in decided.items() if name == "first"}

    # typing decides nothing
    reviewer.field.setFocus()
    QTest.keyClicks(reviewer.field, "kxf1")
    reviewer.window.setFocus()

    # many at once
    reviewer.show(View(where="given_label = 'three' and decision is null"))
    bulk = workspace.ids[10:40].copy()
    workspace.select(bulk)
    QTest.keyClick(reviewer.window, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: reviewer.window.findChild(BulkPreview) is not None)
    preview = reviewer.window.findChild(BulkPreview)
    assert isinstance(preview, BulkPreview)
    qtbot.waitUntil(lambda: preview.is_ready)
    with qtbot.waitSignal(reviewer.decider.decided) as counted:
        QTest.keyClick(preview, Qt.Key.Key_Return)
    assert counted.args == [30]
    decided |= dict.fromkeys(bulk.tolist(), "exclude")
    with qtbot.waitActive(reviewer.window):
        reviewer.window.activateWindow()

    # all of it back, and all of it again
    steps = len(session.read(lambda db: history.steps(db)))
    assert steps == 51
    assert reviewer.walk(Qt.Key.Key_Z, "There is nothing to undo.") == steps
    assert rows(session) == before
    assert reviewer.walk(Qt.Key.Key_Y, "There is nothing to do again.") == steps

    session.export(tmp_path / "cleaned")
    assert folder(tmp_path / "cleaned") == expected(before, decided, first)
    assert folder(tmp_path / "cleaned") != folder(project.parent / "digits")
