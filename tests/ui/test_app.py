"""The program around the windows."""

from __future__ import annotations

import subprocess
import sys

_ARRAYS = """
from PySide6.QtWidgets import QApplication
from ui.app import without_pandas
without_pandas()
import sys
import pyarrow
pyarrow.array(["a", None], pyarrow.string())
assert "pandas" not in sys.modules
"""


def test_arrays_are_made_without_pandas_and_beside_the_hook_of_pyside() -> None:
    subprocess.run([sys.executable, "-c", _ARRAYS], check=True, timeout=60)
