"""Makes the pictures of the README: the real program, on a copy of the demo's project.

    python tools/screenshots.py [PROJECT] [-o docs/pictures]

Offscreen, light and dark; nothing is retouched.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from auditor.model import Verdict
from auditor.planting import truth
from auditor.session import Session
from auditor.session.browsing import View
from auditor.settings import Settings
from ui import theme
from ui.project_window import ProjectWindow
from ui.start.window import StartWindow

PATIENCE = 120.0
SIZE = (1440, 900)


def settle(seconds: float = 1.5) -> None:
    """Let the program work for so long."""
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def until(reached: Callable[[], bool]) -> None:
    """Let the program work until something holds. Raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError("the window did not get there")
        settle(0.1)


class Studio:
    """One window in one scheme, and where its pictures go."""

    def __init__(self, app: QApplication, out: Path, scheme: str) -> None:
        self.app, self.out, self.scheme = app, out, scheme
        theme.set_scheme(app, scheme)

    def take(self, widget: QWidget, name: str) -> None:
        settle()
        target = self.out / f"{name}-{self.scheme}.png"
        widget.grab().save(str(target))
        print(target)

    def project(self, path: Path) -> None:
        session = Session.open(path)
        window = ProjectWindow(session, Settings())
        window.show()
        until(lambda: len(window.workspace.ids) > 0)
        # Not before: a window that was open once comes back as large as the screen allows.
        window.resize(*SIZE)
        self._review(window)
        self._wall(window)
        self._charts(window)
        self._others(window)
        closed: list[bool] = []
        window.closed.connect(closed.append)
        window.close()
        until(lambda: bool(closed))

    def _review(self, window: ProjectWindow) -> None:
        view = View(check_id="label_errors", where="flagged", sort="p_error", descending=True)
        window.workspace.set_view(view)
        until(lambda: 0 < len(window.workspace.ids) < 1000)
        for name in ("history", "charts"):
            window.docks[name].hide()
        window.docks["evidence"].bring()
        window.workspace.step(117)
        settle(3)
        self.take(window, "review")
        window.show_page("loupe")
        self.take(window, "loupe")

    def _wall(self, window: ProjectWindow) -> None:
        window.show_page("wall")
        self.take(window, "wall")
        window.show_page("gallery")

    def _charts(self, window: ProjectWindow) -> None:
        if window.session.map_points() is None:
            job = window.session.jobs.add("map", "Map", window.session.make_map)
            until(lambda: any(e.number == job and e.ended for e in window.session.jobs.events()))
        dock = window.docks["charts"]
        dock.setFloating(True)
        dock.resize(980, 640)
        dock.bring()
        charts = dock.ensure()
        for name in ("scores", "precision", "pairs", "classes", "map"):
            if name == "map":
                window.workspace.set_view(View())
            window.commands.action(f"charts.{name}").trigger()
            self.take(charts, f"chart-{name}")
        dock.setFloating(False)
        dock.hide()

    def _others(self, window: ProjectWindow) -> None:
        window.docks["audit"].bring()
        window.docks["history"].bring()
        self.take(window, "audit-and-history")


def decide_some(project: Path) -> None:
    """Decisions of a reviewer who looks at each, in place of those that the demo made by rule."""
    with Session.open(project) as session:
        session.reviewer = "reviewer"
        for _ in range(2):
            session.undo()
        found = session.findings("label_errors").sort_by([("p_error", "descending")])
        rows = zip(*(found[n].to_pylist() for n in ("sample_id", "path", "given")), strict=True)
        true = _true_labels(project)
        for sample_id, path, given in list(rows)[:112]:
            is_wrong = true.get(path, given[0]) != given[0]
            verdict = Verdict.ACCEPT if is_wrong else Verdict.KEEP
            session.decide_on(np.array([sample_id]), verdict, check_id="label_errors")


def _true_labels(project: Path) -> dict[str, str]:
    """What the demo knows of its own wrong labels, by path."""
    known = truth.read(truth.folder_beside(project.with_suffix("")))
    return {row["path"]: row["true_label"] for row in known.table.to_pylist() if row["true_label"]}


def main() -> None:
    """Take every picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, nargs="?", default=Path("demo.audit"))
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/pictures"))
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    theme.apply(app, "light")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AUDITOR_STATE"] = folder
        copy = Path(shutil.copytree(wanted.project, Path(folder) / wanted.project.name))
        shutil.copytree(
            truth.folder_beside(wanted.project.with_suffix("")),
            truth.folder_beside(copy.with_suffix("")),
        )
        decide_some(copy)
        for scheme in ("light", "dark"):
            studio = Studio(app, wanted.out, scheme)
            start = StartWindow()
            start.show()
            studio.take(start, "start")
            start.close()
            studio.project(copy)


if __name__ == "__main__":
    main()
