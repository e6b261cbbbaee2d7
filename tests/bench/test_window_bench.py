"""How fast the whole window is on 1,281,167 samples. Prints figures; read docs/benchmarks.md."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session import Session
from auditor.session.browsing import View
from auditor.session.evidence import Evidence
from auditor.settings import Settings
from tests.bench import million
from ui.project_window import ProjectWindow
from ui.review.card import EvidenceCard

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

RUNS = 3
QUEUE = View(check_id="label_errors", where="flagged", sort="p_error", descending=True)
ROOT = Path(__file__).parents[2]


def percentile(seconds: list[float], share: float) -> float:
    return float(np.percentile(seconds, share)) * 1000


def start(*arguments: str) -> dict[str, float]:
    return in_a_process("tests.bench.window_start", str(time.time()), *arguments)


def in_a_process(module: str, *arguments: str) -> dict[str, float]:
    """What the module prints as its first line, run as a process of its own."""
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[0])
    return found


def test_start_to_a_usable_window() -> None:
    seconds = [start()["window"] for _ in range(RUNS)]
    print(f"\nempty start to usable window: {statistics.median(seconds):.2f} s of {seconds}")


@pytest.mark.parametrize(("words", "seconds"), [("a moment after", 3), ("at", 0)])
def test_opening_to_the_first_thumbnails(tmp_path: Path, words: str, seconds: int) -> None:
    project = million.copy(tmp_path / "million.audit")
    found = [start(str(project), str(seconds)) for _ in range(RUNS)]
    took = [one["thumbnails"] for one in found]
    print(
        f"\nproject opened {words} the program's start, to first thumbnails:"
        f" {statistics.median(took):.2f} s of {_round(took)};"
        f" peak memory {max(one['most_mb'] for one in found):.0f} MB"
    )


@pytest.fixture
def opened(tmp_path: Path, qtbot: QtBot) -> Iterator[ProjectWindow]:
    project = million.copy(tmp_path / "million.audit")
    settings = Settings()
    session = Session.open(project, memory_mb=settings.engine.memory_mb)
    window = ProjectWindow(session, settings)
    window.resize(1440, 900)
    window.show()
    qtbot.waitUntil(lambda: len(window.workspace.ids) == million.SAMPLES, timeout=60_000)
    yield window
    closed: list[bool] = []
    window.closed.connect(closed.append)
    window.close()
    qtbot.waitUntil(lambda: bool(closed), timeout=60_000)


def spin(reached: Callable[[], bool], patience: float = 120.0) -> float:
    """Seconds until something holds, with the event loop running free."""
    started = time.perf_counter()
    while not reached():
        assert time.perf_counter() - started < patience
        loop = QEventLoop()
        QTimer.singleShot(1, loop.quit)
        loop.exec()
    return time.perf_counter() - started


def test_a_key_decides_and_the_next_sample_is_shown(opened: ProjectWindow, qtbot: QtBot) -> None:
    """From the key to the commit, the painted cell and the next sample's card."""
    workspace = opened.workspace
    workspace.set_view(QUEUE)
    spin(lambda: 0 < len(workspace.ids) < million.SAMPLES)
    card = opened.docks["evidence"].ensure()
    assert isinstance(card, EvidenceCard)
    shown: list[Evidence] = []
    card.shown.connect(shown.append)
    workspace.step(1)
    spin(lambda: bool(shown) and shown[-1].sample_id == workspace.focus)
    opened.gallery.view.setFocus()
    seconds = []
    for _ in range(RUNS * 40):
        before, told = workspace.focus, list[object]()
        opened.decider.decided.connect(told.append)
        started = time.perf_counter()
        QTest.keyClick(opened.gallery.view, Qt.Key.Key_K)
        spin(partial(_is_next_shown, opened, before, told, shown))
        opened.gallery.view.viewport().repaint()
        seconds.append(time.perf_counter() - started)
        opened.decider.decided.disconnect(told.append)
        qtbot.wait(150)  # a quick reviewer's next glance
    decided = opened.session.read(
        lambda db: db.execute("select count(*) from review").fetchall()[0][0]
    )
    print(
        f"\ndecision key to durable and painted: median {percentile(seconds, 50):.0f} ms,"
        f" p95 {percentile(seconds, 95):.0f} ms of {len(seconds)} ({decided} in the file)"
    )


def _is_next_shown(
    window: ProjectWindow, before: int | None, told: list[object], shown: list[Evidence]
) -> bool:
    focus = window.workspace.focus
    moved = focus != before and shown[-1].sample_id == focus
    return bool(told) and moved and _marked(window, before)


def _marked(window: ProjectWindow, sample_id: int | None) -> bool:
    """Whether the sample's cell has its decision."""
    place = window.workspace.place(sample_id)
    row = None if place is None else window.gallery.view.samples.row(place)
    return row is not None and row.verdict == Verdict.KEEP


def test_a_hundred_thousand_at_once_and_their_undo(opened: ProjectWindow) -> None:
    bulk, undo = [], []
    ids = opened.workspace.ids[:: million.SAMPLES // 100_000][:100_000]
    for _ in range(RUNS):
        done: list[object] = []
        started = time.perf_counter()
        opened.desk.act(lambda session: session.decide_on(ids, Verdict.EXCLUDE), done.append)
        spin(partial(bool, done))
        opened.gallery.view.viewport().repaint()
        bulk.append(time.perf_counter() - started)
        assert done == [100_000]
        started = time.perf_counter()
        opened.commands.action("decide.undo").trigger()
        spin(lambda: _decisions(opened.session) == 0)
        undo.append(time.perf_counter() - started)
    print(
        f"\nbulk decision on 100,000: {statistics.median(bulk):.2f} s of {_round(bulk)};"
        f" its undo: {statistics.median(undo):.2f} s of {_round(undo)}"
    )


def _decisions(session: Session) -> int:
    count: int = session.read(lambda db: db.execute("select count(*) from review").fetchall()[0][0])
    return count


def _round(seconds: list[float]) -> list[float]:
    return [round(one, 2) for one in seconds]


def test_memory_after_an_hour_of_looking(tmp_path: Path) -> None:
    """Every panel looked at, a hundred places of the list, filters and sorts."""
    project = million.copy(tmp_path / "million.audit")
    found = [in_a_process("tests.bench.window_tour", str(project)) for _ in range(RUNS)]
    now, most = (statistics.median(one[name] for one in found) for name in ("now", "most"))
    print(f"\nmemory of the window's process: {now:.0f} MB now, {most:.0f} MB at the most; {found}")
