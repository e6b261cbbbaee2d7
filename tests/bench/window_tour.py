"""Started as a process of its own by the bench: an hour of looking in a minute, then its memory.

    python -m tests.bench.window_tour PROJECT

A process of its own, since one that measures in the test process counts pytest, too. The high-water
mark is read from /proc: what `getrusage` tells begins with that of the process that started it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from auditor.session.browsing import View
from ui.app import Program, without_pandas
from ui.project_window import ProjectWindow

VIEWS = (
    View(check_id="label_errors", where="flagged", sort="p_error", descending=True),
    View(sort="sharpness"),
    View(where="given_label = 'n01440764'"),
    View(),
)
PLACES = 25
PANELS = ("audit", "charts", "history", "evidence")


def main() -> None:
    without_pandas()
    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    program = Program(app)
    program.start.show()
    program.warm_up()
    program.open(Path(sys.argv[1]))
    tour = _tour(program)
    turn = QTimer(singleShot=True)

    def go_on() -> None:
        pause = next(tour, None)
        if pause is not None:
            turn.start(pause)
            return
        print(json.dumps(memory_mb()), flush=True)
        if program.project is not None:
            program.project.close()

    turn.timeout.connect(go_on)
    turn.start(0)
    app.exec()


def _tour(program: Program) -> Iterator[int]:
    """Every panel, a hundred places of the list, filters and sorts; yields pauses in milliseconds."""
    while (window := program.project) is None or not len(window.workspace.ids):
        yield 50
    for name in PANELS:
        window.docks[name].bring()
        yield 1500
    for view in VIEWS:
        window.workspace.set_view(view)
        yield 700
        yield from _places(window)


def _places(window: ProjectWindow) -> Iterator[int]:
    bar = window.gallery.view.verticalScrollBar()
    for place in np.random.default_rng(0).random(PLACES):
        bar.setValue(int(place * bar.maximum()))
        yield 60
        window.workspace.step(1)
        yield 60


def memory_mb() -> dict[str, float]:
    """Resident memory of this process now, and at the most."""
    facts = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(facts[key].split()[0]) / 1000 for name, key in _FACTS.items()}


_FACTS = {"now": "VmRSS", "most": "VmHWM"}


if __name__ == "__main__":
    main()
