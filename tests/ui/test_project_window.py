from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session import AuditOptions, Session, browsing, history
from auditor.session.background import JobState
from auditor.session.browsing import View
from auditor.session.folder import ProjectFolder
from auditor.settings import Settings
from auditor.store import review
from tests.ui.test_workspace import EVERY
from ui.charts.panel import ChartsPanel
from ui.commands import Commands
from ui.dialogs.export_dialog import ExportDialog
from ui.dialogs.history_panel import HistoryPanel
from ui.dialogs.settings_dialog import SettingsDialog
from ui.project_window import ProjectWindow
from ui.review.card import EvidenceCard
from ui.start.import_dialog import ImportDialog

FLAGGED = View(check_id="label_errors", where="flagged", sort="p_error", descending=True)
Opener = Callable[[], ProjectWindow]


@pytest.fixture
def open_window(project: Path, qtbot: QtBot) -> Iterator[Opener]:
    """Opens the project in a window, as often as one likes; the last one is closed at the end."""
    windows: list[ProjectWindow] = []

    def opened() -> ProjectWindow:
        window = ProjectWindow(Session.open(project, workers=1), Settings())
        windows.append(window)
        window.show()
        qtbot.waitUntil(lambda: len(window.workspace.ids) > 0, timeout=20_000)
        return window

    yield opened
    for window in windows:
        if not window.is_gone:
            close(window, qtbot)
        window.deleteLater()


def close(window: ProjectWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.closed, timeout=30_000):
        window.close()


def show(window: ProjectWindow, view: View, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.workspace.ids_changed, timeout=20_000):
        window.workspace.set_view(view)


def decide(window: ProjectWindow, verdict: Verdict, qtbot: QtBot, count: int = 1) -> None:
    ids, done = window.workspace.ids[:count], list[int]()
    window.desk.act(lambda session: session.decide_on(ids, verdict), done.append)
    qtbot.waitUntil(lambda: bool(done))


def make_every_panel(window: ProjectWindow) -> None:
    for dock in window.docks.values():
        dock.ensure()
    for page in ("loupe", "wall", "compare", "gallery"):
        window.show_page(page)


def test_no_two_commands_want_the_same_key(open_window: Opener) -> None:
    window = open_window()
    make_every_panel(window)
    wanted = [key for command in window.commands.all() for key in command.keys]
    assert len(wanted) > 50
    assert sorted(set(wanted)) == sorted(wanted)
    assert all(window.commands.keys(one.id) == one.keys for one in window.commands.all())


def test_every_command_is_in_a_menu(open_window: Opener) -> None:
    window = open_window()
    make_every_panel(window)
    menus = [action.menu() for action in window.menuBar().actions()]
    listed = {action.objectName() for menu in menus for action in menu.actions()}  # type: ignore[attr-defined]
    assert {command.id for command in window.commands.all()} <= listed


def test_a_project_opens_where_it_was_left(open_window: Opener, qtbot: QtBot) -> None:
    first = open_window()
    show(first, FLAGGED, qtbot)
    first.workspace.set_focus(int(first.workspace.ids[4]))
    first.docks["history"].bring()
    first.docks["audit"].uncover()
    first.docks["queue"].hide()
    first.show_page("loupe")
    first.setGeometry(0, 30, 1100, 720)
    first.gallery.view.set_zoom(200)
    focus = first.workspace.focus
    close(first, qtbot)
    again = open_window()
    assert again.workspace.view == FLAGGED
    qtbot.waitUntil(lambda: again.workspace.focus == focus)
    # The width is cut to that of the offscreen screen.
    assert (again.geometry().y(), again.height(), again.page) == (30, 720, "loupe")
    assert again.docks["queue"].isHidden()
    for name, behind in (("history", "charts"), ("audit", "evidence")):
        assert not again.docks[name].visibleRegion().isEmpty()
        assert again.docks[behind].visibleRegion().isEmpty()
    qtbot.waitUntil(lambda: again.gallery.view.zoom == 200)


def test_a_project_opens_with_the_chart_that_was_in_front(
    open_window: Opener, qtbot: QtBot
) -> None:
    first = open_window()
    first.docks["charts"].bring()
    first.commands.action("charts.pairs").trigger()
    close(first, qtbot)
    again = open_window()
    panel = again.docks["charts"].ensure()
    assert isinstance(panel, ChartsPanel)
    qtbot.waitUntil(lambda: panel.tabs.currentWidget() is panel.pairs)


def test_a_memory_that_cannot_be_read_opens_at_the_beginning(
    open_window: Opener, project: Path, qtbot: QtBot
) -> None:
    with Session.open(project, workers=1) as session:
        odd = {"view": {"nonsense": 1}, "page": "no such", "geometry": 5, "docks": None}
        session.store.write(browsing.Remember("window", odd)).result()
    window = open_window()
    assert (window.workspace.view, window.page) == (View(), "gallery")


def test_closing_during_an_audit_stops_it_and_it_goes_on_next_time(
    open_window: Opener, project: Path, qtbot: QtBot
) -> None:
    window = open_window()
    options = AuditOptions(encoder="classic", seed=7)
    window.session.jobs.add("audit", "Audit", lambda p: window.session.audit(options, p))
    qtbot.waitUntil(
        lambda: window.session.jobs.events()[-1].state is JobState.RUNNING, timeout=20_000
    )
    close(window, qtbot)
    assert window.session.jobs.events()[-1].state is JobState.CANCELLED
    with Session.open(project, workers=1) as session:
        assert {end.state for end in session.audit(options)} <= {"done", "reused"}


def test_what_was_decided_just_before_closing_is_kept(
    open_window: Opener, project: Path, qtbot: QtBot
) -> None:
    window = open_window()
    show(window, FLAGGED, qtbot)
    window.gallery.view.setFocus()
    QTest.keyClick(window.gallery.view, Qt.Key.Key_K)
    close(window, qtbot)
    with Session.open(project) as session:
        assert session.read(review.decisions)["verdict"].to_pylist() == ["keep"]


def test_the_set_as_of_then_is_shown_and_cannot_be_decided_about(
    open_window: Opener, qtbot: QtBot
) -> None:
    window = open_window()
    decide(window, Verdict.EXCLUDE, qtbot)
    decide(window, Verdict.KEEP, qtbot)
    window.docks["history"].bring()
    panel = window.docks["history"].ensure()
    assert isinstance(panel, HistoryPanel)
    qtbot.waitUntil(lambda: len(panel.steps) == 2)
    panel.choose(panel.steps[-1].action_id)
    with qtbot.waitSignal(window.workspace.ids_changed):
        panel.show_then()
    assert "earlier step" in window.as_of.sentence
    window.gallery.view.setFocus()
    QTest.keyClick(window.gallery.view, Qt.Key.Key_U)
    qtbot.wait(100)
    assert len(window.session.read(review.decisions)) == 1
    with qtbot.waitSignal(window.workspace.ids_changed):
        panel.back_to_now()
    assert window.as_of.sentence == ""


def test_another_message_does_not_cover_that_an_earlier_step_is_shown(
    open_window: Opener, qtbot: QtBot
) -> None:
    window = open_window()
    decide(window, Verdict.KEEP, qtbot)
    (step,) = window.session.read(lambda db: history.steps(db, limit=1))
    show(window, View(as_of=step.action_id), qtbot)
    window.desk.trouble.emit("The disk is full.")
    assert "earlier step" in window.as_of.sentence
    assert window.notice.sentence == "The disk is full."
    show(window, View(), qtbot)
    assert window.as_of.sentence == ""
    assert window.notice.sentence == "The disk is full."


def test_an_empty_project_asks_for_pictures_and_takes_them(tmp_path: Path, qtbot: QtBot) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        Image.new("RGB", (4, 4)).save(tmp_path / "pets" / name / "1.png")
    session = Session(ProjectFolder(tmp_path / "new.audit"), workers=1)
    window = ProjectWindow(session, Settings())
    window.show()
    qtbot.waitUntil(lambda: window.gallery.message == "No samples yet", timeout=20_000)
    assert window.gallery.import_button.isVisible()
    assert not window.gallery.clear_button.isVisible()
    window.importing.understand(tmp_path / "pets")
    dialog = window.findChild(ImportDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.is_ready, timeout=20_000)
    assert dialog.project.path == session.folder.path
    dialog.accept()
    qtbot.waitUntil(lambda: len(window.workspace.ids) == 2, timeout=30_000)
    close(window, qtbot)
    window.deleteLater()


def test_the_key_for_a_note_brings_the_card_from_behind_another_panel(
    open_window: Opener, qtbot: QtBot
) -> None:
    window = open_window()
    card = window.docks["evidence"].ensure()
    assert isinstance(card, EvidenceCard)
    qtbot.waitUntil(lambda: card.evidence is not None)
    window.docks["audit"].bring()
    qtbot.waitUntil(lambda: card.visibleRegion().isEmpty())
    window.commands.action("decide.note").trigger()
    qtbot.waitUntil(lambda: not card.body.note.visibleRegion().isEmpty())


def test_the_history_shows_a_steps_samples_and_what_was_undone(
    open_window: Opener, qtbot: QtBot
) -> None:
    window = open_window()
    decide(window, Verdict.KEEP, qtbot, count=3)
    window.docks["history"].bring()
    panel = window.docks["history"].ensure()
    assert isinstance(panel, HistoryPanel)
    qtbot.waitUntil(lambda: len(panel.steps) == 1)
    panel.choose(panel.steps[0].action_id)
    with qtbot.waitSignal(window.workspace.ids_changed):
        panel.show_samples()
    assert len(window.workspace.ids) == 3
    window.commands.action("decide.undo").trigger()
    qtbot.waitUntil(lambda: [one.standing for one in panel.steps] == [True, False])


def test_the_history_names_the_check_by_its_title(open_window: Opener, qtbot: QtBot) -> None:
    window = open_window()
    ids = window.workspace.ids[:1]
    window.session.decide_on(ids, Verdict.KEEP, check_id="label_errors")
    window.docks["history"].bring()
    panel = window.docks["history"].panel
    assert isinstance(panel, HistoryPanel)
    qtbot.waitUntil(lambda: len(panel.steps) == 1)
    steps = panel.findChild(QTreeWidget)
    assert isinstance(steps, QTreeWidget)
    assert steps.findItems("Label errors", Qt.MatchFlag.MatchExactly, 4)


def test_an_export_is_previewed_and_written(
    open_window: Opener, tmp_path: Path, qtbot: QtBot
) -> None:
    window = open_window()
    show(window, FLAGGED, qtbot)
    decide(window, Verdict.EXCLUDE, qtbot, count=2)
    dialog = ExportDialog(window.desk, window)
    qtbot.waitUntil(lambda: "2 are left out" in dialog.counts)
    assert dialog.line_count == 2
    dialog.set_folder(tmp_path / "clean")
    dialog.start()
    qtbot.waitUntil(lambda: "Written to" in dialog.said, timeout=30_000)
    assert len(list((tmp_path / "clean").rglob("*.png"))) == EVERY - 2


def test_an_export_into_a_full_folder_says_so_and_can_be_tried_again(
    open_window: Opener, tmp_path: Path, qtbot: QtBot
) -> None:
    window = open_window()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    dialog = ExportDialog(window.desk, window)
    dialog.set_folder(tmp_path / "mine")
    dialog.start()
    qtbot.waitUntil(lambda: "empty" in dialog.said, timeout=30_000)
    assert (tmp_path / "mine" / "file").read_text() == "mine"
    dialog.set_folder(tmp_path / "other")
    dialog.start()
    qtbot.waitUntil(lambda: "Written to" in dialog.said, timeout=30_000)


def test_a_report_is_written_and_offered(open_window: Opener, qtbot: QtBot) -> None:
    window = open_window()
    window.commands.action("project.report").trigger()
    qtbot.waitUntil(lambda: "report" in window.notice.sentence, timeout=30_000)
    assert (window.session.folder.path / "report.html").is_file()


def test_settings_say_what_they_are_and_change_only_what_is_touched(qtbot: QtBot) -> None:
    before = replace(Settings(), keys={"decide.keep": ("Z",)})
    dialog = SettingsDialog(before)
    qtbot.addWidget(dialog)
    assert dialog.settings == before
    names = [field.accessibleName() for field in dialog.findChildren(QLineEdit)]
    assert "Reviewer's name" in names
    assert dialog.findChildren(QPushButton)


def test_other_keys_are_told_to_the_settings(open_window: Opener, qtbot: QtBot) -> None:
    window = open_window()
    window.show_keys()
    with qtbot.waitSignal(window.settings_wanted) as told:
        window.commands.assign("decide.keep", ["F7"])
        window.keep_keys()
    assert told.args[0].keys == {"decide.keep": ("F7",)}
    assert isinstance(window.commands, Commands)


def test_a_folder_that_vanished_leaves_the_window_usable(
    open_window: Opener, audited: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    """The pictures are somewhere else now: thumbnails stay, the large picture says why not."""
    source = audited.parent / "digits"
    hidden = source.rename(tmp_path / "hidden")
    try:
        window = open_window()
        window.show_page("loupe")
        decide(window, Verdict.KEEP, qtbot)
        assert len(window.session.read(review.decisions)) == 1
    finally:
        shutil.move(hidden, source)


@pytest.mark.timeout(120)
def test_no_model_library_is_loaded_in_the_windows_process(project: Path) -> None:
    """In a process of its own: this one has loaded who knows what."""
    code = f"""
import json, os, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from auditor.session import Session
from auditor.settings import Settings
from ui.project_window import ProjectWindow
if __name__ == "__main__":
    app = QApplication([])
    window = ProjectWindow(Session.open(Path({str(project)!r}), workers=1), Settings())
    window.show()
    for dock in window.docks.values():
        dock.ensure()
    for page in ("loupe", "wall", "compare", "gallery"):
        window.show_page(page)
    window.closed.connect(lambda _quits: app.quit())
    QTimer.singleShot(3000, window.close)
    app.exec()
    json.dump(sorted(sys.modules), sys.stdout)
"""
    script = project.parent / "look.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    loaded = set(json.loads(done.stdout))
    heavy = {"torch", "transformers", "open_clip", "timm", "sklearn", "cleanlab", "numba", "pacmap"}
    assert heavy.isdisjoint(loaded), heavy & loaded
    assert np.__name__ in loaded


def test_what_failed_is_not_said_any_more_once_it_is_tried_again(
    open_window: Opener, qtbot: QtBot
) -> None:
    window = open_window()

    def fail(_progress: object) -> None:
        raise OSError("the disk is gone")

    window.session.jobs.add("audit", "Audit", fail)
    qtbot.waitUntil(lambda: "the disk is gone" in window.notice.sentence)
    window.session.jobs.add("audit", "Audit", lambda _progress: None)
    qtbot.waitUntil(lambda: window.notice.sentence == "")
