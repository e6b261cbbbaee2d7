"""Started as a process of its own by the bench: prints when the window came, in seconds.

    python -m tests.bench.window_start STARTED [PROJECT SECONDS]

STARTED is the clock (`time.time()`) at which the bench asked for the process; the project is
opened SECONDS after the start window came, as by a user who looked for it so long.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from tests.bench.window_tour import memory_mb
from ui.app import Program, without_pandas


def main() -> None:
    started = float(sys.argv[1])
    without_pandas()
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    program = Program(app)
    program.start.show()
    seen: dict[str, float] = {}
    QTimer.singleShot(0, lambda: seen.setdefault("window", time.time() - started))
    watch = QTimer(interval=5)

    def look() -> None:
        if len(sys.argv) == 2:
            finish()
        elif program.project is not None and _is_shown(program):
            seen["thumbnails"] = time.time() - seen.pop("asked")
            finish()

    def finish() -> None:
        watch.stop()
        seen["most_mb"] = memory_mb()["most"]
        print(json.dumps(seen), flush=True)
        if program.project is None:
            app.quit()
        else:
            program.project.close()

    watch.timeout.connect(look)

    def ask() -> None:
        seen["asked"] = time.time()
        program.open(Path(sys.argv[2]))

    program.warm_up()
    if len(sys.argv) > 2:
        QTimer.singleShot(int(1000 * float(sys.argv[3])), ask)
    watch.start()
    app.exec()


def _is_shown(program: Program) -> bool:
    """Whether each cell on the screen has its row and its picture."""
    window = program.project
    if window is None or not len(window.workspace.ids):
        return False
    shown = window.workspace.ids[window.gallery.view.visible()]
    return len(shown) > 0 and all(
        window.workspace.thumbnails.get(int(one)) is not None for one in shown
    )


if __name__ == "__main__":
    main()
