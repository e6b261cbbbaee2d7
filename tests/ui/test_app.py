"""The program around the windows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_ARRAYS = """
from PySide6.QtWidgets import QApplication
from ui.app import without_pandas
without_pandas()
import sys
import pyarrow
pyarrow.array(["a", None], pyarrow.string())
assert "pandas" not in sys.modules
"""
_LEAVES_AT_ONCE = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ui.app import Program

app = QApplication([])
app.setQuitOnLastWindowClosed(False)
program = Program(app)
program.start.closed.connect(app.quit)
program.open(Path(sys.argv[1]))
QTimer.singleShot(0, program.start.close)
app.exec()
"""
_KEEPS_SETTINGS = """
import os
from dataclasses import replace
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from auditor import settings as user_settings
from ui.app import Program

app = QApplication([])
app.setQuitOnLastWindowClosed(False)
program = Program(app)
path = user_settings.default_path()
slow = path.with_name(f".{path.name}.{os.getpid()}")
os.mkfifo(slow)  # who writes there waits for a reader, as for a disk that does not answer
program.use_settings(replace(program.settings, keys={"decide.keep": ("Y",)}))
assert "decide.keep" in slow.read_text()

def change_and_leave():
    program.use_settings(replace(program.settings, keys={"decide.keep": ("Z",)}))
    app.quit()

QTimer.singleShot(0, change_and_leave)
app.exec()
assert user_settings.load(path).keys == {"decide.keep": ("Z",)}
"""


def test_arrays_are_made_without_pandas_and_beside_the_hook_of_pyside() -> None:
    subprocess.run([sys.executable, "-c", _ARRAYS], check=True, timeout=60)


def test_settings_are_kept_without_holding_the_window_up_and_before_the_program_ends(
    tmp_path: Path,
) -> None:
    environment = environment_of(tmp_path)
    subprocess.run([sys.executable, "-c", _KEEPS_SETTINGS], env=environment, check=True, timeout=60)


def environment_of(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "AUDITOR_SETTINGS": str(tmp_path / "settings.toml"),
        "AUDITOR_STATE": str(tmp_path / "state"),
    }


def test_leaving_while_a_project_is_opened_ends_the_program(project: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LEAVES_AT_ONCE, str(project)],
        env=environment_of(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
