from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QMainWindow, QToolButton
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session import Session, browsing
from auditor.session.browsing import View
from auditor.settings import Settings
from tests.ui import tampering
from ui.commands import Commands
from ui.desk import Desk
from ui.review.pair_list import PairList
from ui.review.pairs import fitted, pair_view
from ui.review.queue import QueuePanel
from ui.workspace import Workspace

CHECK = "label_errors"


@pytest.fixture
def queue(
    workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot
) -> QueuePanel:
    made = QueuePanel(workspace, commands, window)
    window.setCentralWidget(made)
    window.resize(280, 700)
    window.show()
    qtbot.waitUntil(lambda: CHECK in made.check_ids)
    return made


def choose(queue: QueuePanel, workspace: Workspace, qtbot: QtBot) -> None:
    with qtbot.waitSignal(workspace.ids_changed):
        QTest.mouseClick(queue.row(CHECK), Qt.MouseButton.LeftButton)


def decide(workspace: Workspace, verdict: Verdict, first: int, stop: int) -> None:
    ids = workspace.ids[first:stop]
    workspace.desk.act(lambda session: session.decide_on(ids, verdict), lambda _n: None)


def chip(queue: QueuePanel, word: str) -> QToolButton:
    found = queue.findChildren(QToolButton)
    return next(one for one in found if one.text().endswith(word))


def test_it_lists_the_checks_that_flagged_something(queue: QueuePanel, session: Session) -> None:
    for check_id in queue.check_ids:
        assert queue.row(check_id).tally.samples == session.findings(check_id).num_rows > 0
    assert set(queue.check_ids) == {CHECK, "unreadable_images"}


def test_choosing_a_check_lists_its_findings_most_worth_a_look_first(
    queue: QueuePanel, workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    choose(queue, workspace, qtbot)
    found = session.findings(CHECK).sort_by([("p_error", "descending"), ("sample_id", "ascending")])
    assert workspace.ids.tolist() == found["sample_id"].to_pylist()
    assert queue.row(CHECK).isChecked()
    assert queue.position == f"1 of {len(workspace.ids)}"


def test_the_bars_and_chips_follow_what_is_decided(
    queue: QueuePanel, workspace: Workspace, qtbot: QtBot
) -> None:
    choose(queue, workspace, qtbot)
    many = len(workspace.ids)
    decide(workspace, Verdict.KEEP, 0, 3)
    decide(workspace, Verdict.DEFER, 3, 5)
    qtbot.waitUntil(lambda: queue.row(CHECK).tally.decided == 3)
    qtbot.waitUntil(lambda: queue.row(CHECK).tally.deferred == 2)
    assert chip(queue, "unseen").text().split() == [str(many - 5), "unseen"]
    today = [label.text() for label in queue.findChildren(QLabel) if "today" in label.text()]
    assert today == ["5 decided today"]


def test_of_a_long_pair_both_names_are_seen(queue: QueuePanel) -> None:
    metrics = queue.fontMetrics()
    short, long = "emu", "American Staffordshire terrier, Staffordshire terrier"

    def shown(given: str, suggested: str, room: int) -> list[str]:
        text = fitted(browsing.Pair(given, suggested, 2, 1), metrics, room)
        assert metrics.horizontalAdvance(text) <= room
        return text.split(" → ")

    assert shown(short, "cat", 200) == [short, "cat"]
    for names in ((long, long), (long, short), (short, long)):
        given, suggested = shown(*names, 200)
        for name, text in zip(names, (given, suggested), strict=True):
            assert text == short or (text[-1] == "…" and name.startswith(text[:5]))


def test_a_chip_narrows_the_list_to_its_state(
    queue: QueuePanel, workspace: Workspace, qtbot: QtBot
) -> None:
    choose(queue, workspace, qtbot)
    every = workspace.ids.tolist()
    decide(workspace, Verdict.KEEP, 0, 2)
    qtbot.waitUntil(lambda: queue.row(CHECK).tally.decided == 2)
    for word, wanted in (("unseen", every[2:]), ("decided", every[:2]), ("all", every)):
        with qtbot.waitSignal(workspace.ids_changed):
            QTest.mouseClick(chip(queue, word), Qt.MouseButton.LeftButton)
        assert workspace.ids.tolist() == wanted
        assert chip(queue, word).isChecked()
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(replace(workspace.view, where="flagged and split is null"))
    assert not any(chip(queue, word).isChecked() for word in ("all", "unseen", "decided"))


def test_a_pair_lists_its_unseen_findings_and_asks_for_the_wall(
    queue: QueuePanel, workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    choose(queue, workspace, qtbot)
    pairs = session.read(lambda db: browsing.pairs(db, View(check_id=CHECK)))
    listed = queue.findChild(PairList)
    assert isinstance(listed, PairList)
    qtbot.waitUntil(lambda: listed.topLevelItemCount() == len(pairs))
    listed.setFocus()
    listed.setCurrentIndex(listed.model().index(0, 0))
    with qtbot.waitSignals([queue.wall_wanted, workspace.ids_changed]):
        QTest.keyClick(listed, Qt.Key.Key_Return)
    rows = session.read(lambda db: browsing.rows(db, workspace.view, workspace.ids.tolist()))
    assert {(r.given[0], r.suggested[0]) for r in rows} == {(pairs[0].given, pairs[0].suggested)}
    assert len(rows) == pairs[0].undecided


def test_a_class_whose_name_has_a_quote_is_a_pair_like_any_other(
    queue: QueuePanel, workspace: Workspace, session: Session
) -> None:
    view = pair_view(CHECK, browsing.Pair("it's", "o'clock", 1, 1), by_chance=True)
    assert session.read(lambda db: browsing.ids(db, view)).tolist() == []


def test_it_goes_on_where_the_reviewer_was_after_a_look_elsewhere(
    queue: QueuePanel, workspace: Workspace, qtbot: QtBot
) -> None:
    choose(queue, workspace, qtbot)
    workspace.step(5)
    was = workspace.focus
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(View(where="given_label = 'zero'"))
    choose(queue, workspace, qtbot)
    workspace.set_focus(int(workspace.ids[0]))
    with qtbot.waitSignal(workspace.ids_changed, raising=False, timeout=500):
        queue.go_on()
    assert workspace.focus == was


def test_a_project_opened_again_goes_on_where_it_was(
    queue: QueuePanel,
    workspace: Workspace,
    desk: Desk,
    session: Session,
    project: Path,
    qtbot: QtBot,
) -> None:
    choose(queue, workspace, qtbot)
    workspace.step(4)
    was, view = workspace.focus, workspace.view
    queue.remember()
    desk.close()
    session.close()
    with Session.open(project, workers=1) as again:
        window = QMainWindow()
        qtbot.addWidget(window)
        other = Workspace(Desk(again, window), Settings(), window)
        with qtbot.waitSignal(other.ids_changed):
            other.start()
        panel = QueuePanel(other, Commands(window), window)
        qtbot.waitUntil(lambda: CHECK in panel.check_ids)
        choose(panel, other, qtbot)
        assert other.focus != was
        panel.go_on()
        qtbot.waitUntil(lambda: other.focus == was)
        assert other.view == view
        other.close()
        other.desk.close()


def test_findings_that_no_longer_fit_the_data_are_named_so(
    queue: QueuePanel, workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    choose(queue, workspace, qtbot)
    tampering.outdate(session)
    qtbot.waitUntil(lambda: queue.row(CHECK).findings.stale)
    warnings = [one for one in queue.findChildren(QLabel) if "run the check again" in one.text()]
    assert [one.isVisible() for one in warnings] == [True]


def test_a_click_on_a_check_leaves_the_keys_with_the_pictures(
    queue: QueuePanel, workspace: Workspace, window: QMainWindow, qtbot: QtBot
) -> None:
    pictures = QLineEdit(window)
    pictures.show()
    pictures.setFocus()
    choose(queue, workspace, qtbot)
    assert window.focusWidget() is pictures
