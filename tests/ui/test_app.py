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


def test_arrays_are_made_without_pandas_and_beside_the_hook_of_pyside() -> None:
    subprocess.run([sys.executable, "-c", _ARRAYS], check=True, timeout=60)


def test_leaving_while_a_project_is_opened_ends_the_program(project: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "AUDITOR_SETTINGS": str(tmp_path / "settings.toml"),
        "AUDITOR_STATE": str(tmp_path / "state"),
    }
    done = subprocess.run(
        [sys.executable, "-c", _LEAVES_AT_ONCE, str(project)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
