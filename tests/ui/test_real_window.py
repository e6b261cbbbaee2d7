"""The program as a user has it: a process of its own, a real screen, real keys."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditor import screen as system
from auditor.session import Session
from auditor.store import review

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0

pytestmark = [
    pytest.mark.skipif(
        not (shutil.which("Xvfb") and shutil.which("xdotool")),
        reason="Xvfb and xdotool are not installed",
    ),
    pytest.mark.skipif(
        bool(system.missing_qt_packages()), reason="Qt's X11 plugin lacks libraries: see doctor"
    ),
]


@pytest.fixture
def screen() -> Iterator[str]:
    """A virtual screen that nobody else uses."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1440x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as said:
        display = f":{said.readline().strip()}"
    yield display
    server.terminate()
    server.wait()


class Program:
    """`python main.py` on a screen, driven from outside."""

    def __init__(self, display: str, home: Path, *arguments: str) -> None:
        self.environment = {
            **os.environ,
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
            "AUDITOR_SETTINGS": str(home / "settings.toml"),
            "AUDITOR_STATE": str(home / "state"),
        }
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "main.py"), *arguments],
            env=self.environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def xdotool(self, *arguments: str) -> str:
        done = subprocess.run(
            ["xdotool", *arguments], env=self.environment, capture_output=True, text=True
        )
        return done.stdout.strip()

    def wait_for(self, title: str) -> str:
        """The id of the window whose title has `title` in it."""
        return until(lambda: self.xdotool("search", "--onlyvisible", "--name", title))

    def end(self) -> str:
        """What it said on stderr, once it has ended by itself."""
        _, said = self.process.communicate(timeout=PATIENCE)
        return said

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def until(look: Callable[[], str]) -> str:
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)
    return found.splitlines()[0]


def decided(project: Path) -> list[str]:
    with Session.open(project) as session:
        return [str(v) for v in session.read(review.decisions)["verdict"].to_pylist()]


def test_keys_on_a_real_screen_decide_and_closing_keeps_it(
    screen: str, project: Path, tmp_path: Path
) -> None:
    program = Program(screen, tmp_path, str(project))
    try:
        window = program.wait_for("241 samples")
        program.xdotool("windowfocus", "--sync", window)
        for _ in range(3):
            program.xdotool("key", "--window", window, "k")
            time.sleep(0.3)  # as a person would
        program.xdotool("key", "--window", window, "ctrl+q")
        said = program.end()
    finally:
        program.kill()
    assert program.process.returncode == 0, said
    assert "Traceback" not in said
    assert decided(project) == ["keep"] * 3


def test_with_no_project_the_start_window_comes(screen: str, tmp_path: Path) -> None:
    program = Program(screen, tmp_path)
    try:
        window = program.wait_for("Dataset Auditor")
        program.xdotool("windowfocus", "--sync", window)
        program.xdotool("key", "--window", window, "ctrl+q")
        said = program.end()
    finally:
        program.kill()
    assert (program.process.returncode, "Traceback" in said) == (0, False), said


def test_without_a_screen_a_sentence_names_the_way_on() -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py")], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "no screen here" in done.stderr
    assert "--help" in done.stderr
