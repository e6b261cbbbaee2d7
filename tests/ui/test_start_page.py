from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session import recent
from ui.commands import Commands
from ui.start.page import StartPage


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUDITOR_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def projects(tmp_path: Path) -> list[Path]:
    """Three projects opened one after the other; the second is gone since."""
    paths = [tmp_path / "data" / f"{name}.audit" for name in ("old", "gone", "new")]
    for path in paths:
        if path.stem != "gone":
            path.mkdir(parents=True)
            (path / "project.duckdb").touch()
        recent.add(path)
    return paths


def make_page(window: QMainWindow, commands: Commands, qtbot: QtBot, *, listed: int) -> StartPage:
    page = StartPage(commands, window)
    window.setCentralWidget(page)
    window.resize(900, 600)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    qtbot.waitUntil(lambda: page.recent.count() == listed)
    return page


def drop(page: StartPage, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0))
    place = QPointF(20, 20)
    entered = QDragEnterEvent(place.toPoint(), *how)
    page.dragEnterEvent(entered)
    assert entered.isAccepted()
    page.dropEvent(QDropEvent(place, *how))


def test_projects_are_listed_newest_first_and_opened_by_keyboard(
    window: QMainWindow, commands: Commands, projects: list[Path], qtbot: QtBot
) -> None:
    page = make_page(window, commands, qtbot, listed=3)
    assert page.recent.current() == projects[2]
    QTest.keyClick(page.recent, Qt.Key.Key_End)
    with qtbot.waitSignal(page.open_project) as opened:
        QTest.keyClick(page.recent, Qt.Key.Key_Return)
    assert opened.args == [projects[0]]


def test_a_project_that_is_gone_is_not_opened_but_can_be_taken_off(
    window: QMainWindow, commands: Commands, projects: list[Path], qtbot: QtBot
) -> None:
    page = make_page(window, commands, qtbot, listed=3)
    page.recent.setCurrentRow(1)
    with qtbot.assertNotEmitted(page.open_project):
        QTest.keyClick(page.recent, Qt.Key.Key_Enter)
    assert "gone.audit is not there any more" in page.notice.sentence
    commands.action("start.forget").trigger()
    qtbot.waitUntil(lambda: page.recent.count() == 2)
    assert [one.path for one in recent.load()] == [projects[2], projects[0]]


def test_delete_key_takes_a_project_off_the_list(
    window: QMainWindow, commands: Commands, projects: list[Path], qtbot: QtBot
) -> None:
    page = make_page(window, commands, qtbot, listed=3)
    page.recent.setFocus()
    QTest.keyClick(page.recent, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: page.recent.count() == 2)
    assert projects[2].is_dir()


def test_without_projects_there_is_nothing_to_remove(
    window: QMainWindow, commands: Commands, qtbot: QtBot
) -> None:
    make_page(window, commands, qtbot, listed=0)
    qtbot.waitUntil(lambda: not commands.action("start.forget").isEnabled())


def test_a_dropped_folder_is_imported(
    window: QMainWindow, commands: Commands, tmp_path: Path, qtbot: QtBot
) -> None:
    page = make_page(window, commands, qtbot, listed=0)
    with qtbot.waitSignal(page.import_source) as asked:
        drop(page, tmp_path)
    assert asked.args == [tmp_path]


def test_a_dropped_project_or_its_file_is_opened(
    window: QMainWindow, commands: Commands, projects: list[Path], qtbot: QtBot
) -> None:
    page = make_page(window, commands, qtbot, listed=3)
    for path in (projects[0], projects[0] / "project.duckdb"):
        with (
            qtbot.assertNotEmitted(page.import_source),
            qtbot.waitSignal(page.open_project) as opened,
        ):
            drop(page, path)
        assert opened.args == [projects[0]]


def test_two_dropped_things_are_refused_in_a_sentence(
    window: QMainWindow, commands: Commands, tmp_path: Path, qtbot: QtBot
) -> None:
    page = make_page(window, commands, qtbot, listed=0)
    drop(page, tmp_path, tmp_path / "b")
    assert page.notice.sentence == "Drop one folder or one file at a time."


def test_a_folder_that_is_no_project_can_be_imported_instead(
    window: QMainWindow, commands: Commands, tmp_path: Path, qtbot: QtBot
) -> None:
    page = make_page(window, commands, qtbot, listed=0)
    commands.action("start.project").trigger()
    (dialog,) = page.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path))
    qtbot.waitUntil(lambda: "holds no project" in page.notice.sentence)
    dialog.reject()


def test_the_demo_starts_by_its_key(window: QMainWindow, commands: Commands, qtbot: QtBot) -> None:
    page = make_page(window, commands, qtbot, listed=0)
    with qtbot.waitSignal(page.try_demo):
        QTest.keyClick(page, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)


def test_a_problem_is_said_and_taken_away(
    window: QMainWindow, commands: Commands, qtbot: QtBot
) -> None:
    page = make_page(window, commands, qtbot, listed=0)
    page.say("birds.audit is open in process 42.")
    assert page.notice.sentence == "birds.audit is open in process 42."
    page.say("")
    assert page.notice.sentence == ""


def test_the_page_fits_a_small_window(
    window: QMainWindow, commands: Commands, projects: list[Path], qtbot: QtBot
) -> None:
    page = make_page(window, commands, qtbot, listed=3)
    page.say("A rather long sentence about what went wrong. " * 4)
    assert page.minimumSizeHint().width() <= 900
    assert page.minimumSizeHint().height() <= 560
