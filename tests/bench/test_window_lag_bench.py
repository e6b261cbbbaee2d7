"""How long the Qt thread is ever held up while 50,000 samples are imported and audited."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt, QTimer
from pytestqt.qtbot import QtBot
from sklearn.datasets import load_digits

from auditor.session import AuditOptions, ImportOptions, Session, understand
from auditor.session.background import JobState
from auditor.session.folder import ProjectFolder
from auditor.settings import Settings
from ui.project_window import ProjectWindow

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

SAMPLES = 50_000


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits on coloured noise, one label in twenty wrong, in class folders."""
    root = tmp_path_factory.mktemp("lag") / "digits"
    digits, rng = load_digits(), np.random.default_rng(0)
    for label in range(10):
        (root / str(label)).mkdir(parents=True)
    for number in range(SAMPLES):
        pick = int(rng.integers(len(digits.target)))
        label = int(digits.target[pick]) if rng.random() > 0.05 else int(rng.integers(10))
        shape = np.kron(digits.images[pick] / 16, np.ones((4, 4)))[..., None]
        ground = rng.integers(0, 120, 3) + rng.integers(0, 30, (32, 32, 3))
        pixels = (ground * (1 - shape) + 250 * shape).astype(np.uint8)
        Image.fromarray(pixels).save(root / str(label) / f"{number}.jpg", quality=85)
    return root


class Pulse:
    """Notes the time between one turn of the event loop and the next."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self._last = 0.0
        self._timer = QTimer(interval=1, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self.gaps.clear()
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> str:
        """What was noted, in milliseconds."""
        self._timer.stop()
        gaps = np.array(self.gaps) * 1000
        over = gaps[gaps > 16]
        return (
            f"p50 {np.percentile(gaps, 50):.1f} ms, p99 {np.percentile(gaps, 99):.1f} ms, longest"
            f" {gaps.max():.0f} ms; {len(over)} of {len(gaps):,} over 16 ms,"
            f" {over.sum() / gaps.sum():.2%} of the time"
        )

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append(now - self._last)
        self._last = now


@pytest.fixture
def window(tmp_path: Path) -> ProjectWindow:
    settings = Settings()
    session = Session(ProjectFolder(tmp_path / "lag.audit"), memory_mb=settings.engine.memory_mb)
    made = ProjectWindow(session, settings)
    made.resize(1440, 900)
    made.show()
    return made


def test_the_qt_thread_while_an_audit_runs(
    window: ProjectWindow, source: Path, qtbot: QtBot
) -> None:
    pulse = Pulse()
    understood = understand(source, ImportOptions())
    pulse.start()
    window.import_source(understood)
    ended(window, qtbot)
    print(f"\nwhile {SAMPLES:,} images were imported: {pulse.stop()}")

    def look_around() -> None:
        """A reviewer scrolls and steps on while the audit runs."""
        bar = window.gallery.view.verticalScrollBar()
        bar.setValue((bar.value() + 4 * bar.pageStep()) % max(1, bar.maximum()))
        window.workspace.step(1)

    look = QTimer(interval=400)
    look.timeout.connect(look_around)
    look.start()
    pulse.start()
    window.session.jobs.add(
        "audit", "Audit", lambda p: window.session.audit(AuditOptions(encoder="classic"), p)
    )
    ended(window, qtbot)
    look.stop()
    print(f"while they were audited, and looked at: {pulse.stop()}")
    closed: list[bool] = []
    window.closed.connect(closed.append)
    window.close()
    qtbot.waitUntil(lambda: bool(closed), timeout=60_000)


def ended(window: ProjectWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: all(e.ended for e in window.session.jobs.events()), timeout=1_800_000)
    assert [e.state for e in window.session.jobs.events()][-1] is JobState.DONE
