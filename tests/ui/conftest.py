"""The window under Qt's offscreen platform, with the real store and a real audit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing: see doctor")

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session import Session
from auditor.settings import Settings
from tests.ui import world
from ui.commands import Commands
from ui.desk import Desk
from ui.workspace import Workspace


@pytest.fixture(autouse=True)
def ended_here(qapp: QApplication) -> Iterator[None]:
    """What a test leaves behind ends with it, on this thread.

    Left to Python's collector, it could end on a thread of the engine, where Qt cannot stop its
    timers: they would then go off for an object that is gone.
    """
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that nobody changes: copy it, or take `project`."""
    return world.make(tmp_path_factory.mktemp("world"))


@pytest.fixture
def project(audited: Path, tmp_path: Path) -> Path:
    """A copy of the audited project, for one test."""
    return Path(shutil.copytree(audited, tmp_path / audited.name))


@pytest.fixture
def session(project: Path) -> Iterator[Session]:
    with Session.open(project, workers=1) as opened:
        yield opened


@pytest.fixture
def desk(session: Session, qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(session)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def workspace(desk: Desk, qtbot: QtBot) -> Iterator[Workspace]:
    """A started workspace whose first list has come."""
    made = Workspace(desk, Settings())
    with qtbot.waitSignals([made.ids_changed, made.facts_changed], timeout=20_000):
        made.start()
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    """An empty window to put a panel into."""
    made = QMainWindow()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def commands(window: QMainWindow) -> Commands:
    return Commands(window)
