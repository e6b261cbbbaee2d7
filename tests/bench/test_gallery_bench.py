"""The gallery at 1,281,167 samples: jumps, filters, painting, memory. Prints; asserts no time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
pytest.importorskip("PySide6.QtWidgets", reason="Qt's system libraries are missing: see doctor")

from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session import Session
from auditor.session.browsing import View
from auditor.settings import Settings
from tests.bench import million
from ui.commands import Commands
from ui.desk import Desk
from ui.gallery.panel import GalleryPanel
from ui.gallery.view import GalleryView
from ui.workspace import Workspace

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1200)]

JUMPS, FILTERS, PAINTS = 60, 12, 100


@pytest.fixture
def workspace(tmp_path: Path, qtbot: QtBot) -> Iterator[Workspace]:
    with Session.open(million.copy(tmp_path / "million.audit"), workers=1) as session:
        desk = Desk(session)
        made = Workspace(desk, Settings())
        yield made
        made.close()
        desk.close()


@pytest.fixture
def view(workspace: Workspace, qtbot: QtBot) -> GalleryView:
    window = QMainWindow()
    qtbot.addWidget(window)
    panel = GalleryPanel(workspace, Commands(window), window)
    window.setCentralWidget(panel)
    window.resize(1600, 1000)
    window.show()
    begun = time.perf_counter()
    workspace.start()
    wait(qtbot, lambda: len(workspace.ids) > 0 and is_whole(panel.view))
    print(f"\nlist asked for -> first screen: {1000 * (time.perf_counter() - begun):.0f} ms")
    return panel.view


def is_whole(view: GalleryView) -> bool:
    """Whether every cell on the screen has its row and its pixmap."""
    visible = view.visible()
    pixmaps, model = view.workspace.thumbnails, view.samples
    return len(visible) > 0 and all(
        model.row(place) is not None and pixmaps.get(int(model.ids[place])) is not None
        for place in visible
    )


def wait(qtbot: QtBot, until: Callable[[], bool]) -> None:
    qtbot.waitUntil(until, timeout=60_000)


class Stopwatch:
    """Wall-clock and processor milliseconds of what is repeated."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.processor: list[float] = []

    @contextmanager
    def run(self) -> Iterator[None]:
        begun, used = time.perf_counter(), time.process_time()
        yield
        self.wall.append(1000 * (time.perf_counter() - begun))
        self.processor.append(1000 * (time.process_time() - used))

    def say(self, what: str) -> None:
        median, late = np.percentile(self.wall, [50, 95])
        used = np.median(self.processor)
        print(f"{what}: median {median:.0f} ms, p95 {late:.0f} ms, processor {used:.0f} ms")


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_jumps_filters_and_memory(workspace: Workspace, view: GalleryView, qtbot: QtBot) -> None:
    rng = np.random.default_rng(0)
    bar = view.verticalScrollBar()
    jump = Stopwatch()
    for place in rng.integers(0, bar.maximum(), JUMPS).tolist():
        with jump.run():
            bar.setValue(place)
            wait(qtbot, lambda: is_whole(view))
            view.viewport().repaint()
    jump.say(f"jump -> {len(view.visible())} cells painted with thumbnails")

    filtering = Stopwatch()
    for turn in range(FILTERS):
        where = f"p_error >= {0.3 + 0.05 * turn:.2f}"
        asked = View(
            check_id="label_errors", where=where, sort="p_error", descending=bool(turn % 2)
        )
        with filtering.run():
            with qtbot.waitSignal(workspace.ids_changed, timeout=60_000):
                workspace.set_view(asked)
            wait(qtbot, lambda: view.samples.row(view.visible().start) is not None)
            view.viewport().repaint()
    filtering.say("filter and sort by score -> first cells")

    everything = View(check_id="label_errors", sort="p_error", descending=True)
    begun = time.perf_counter()
    with qtbot.waitSignal(workspace.ids_changed, timeout=60_000):
        workspace.set_view(everything)
    print(f"sort all by score -> list: {1000 * (time.perf_counter() - begun):.0f} ms")

    begun = time.perf_counter()
    view.picker.all()
    print(f"select all: {1000 * (time.perf_counter() - begun):.1f} ms")
    view.picker.none()

    wait(qtbot, lambda: is_whole(view))
    begun, busy = time.perf_counter(), time.thread_time()
    for _ in range(PAINTS):
        view.viewport().repaint()
    taken = 1000 * (time.perf_counter() - begun) / PAINTS
    mine = 1000 * (time.thread_time() - busy) / PAINTS
    cells = len(view.visible())
    print(f"one paint of {cells} cells: {taken:.1f} ms ({mine:.1f} ms of processor time)")
    print(f"memory of the process: {resident_mb():.0f} MiB")
