"""Any decisions, and then as many undos: the project is as it was, also after it was reopened."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session import Session, browsing
from auditor.session.browsing import Row, View
from auditor.settings import ReviewSettings, Settings
from ui.commands import Commands
from ui.desk import Desk
from ui.review.choices import Choice
from ui.review.decider import Decider
from ui.workspace import NONE, Workspace

FLAGGED = View(check_id="label_errors", where="flagged", sort="quality")
FEW = 6
"""Decisions are about so many samples, so that they meet."""
AT_ONCE = Settings(review=ReviewSettings(confirm_above=FEW))

choices = st.one_of(
    st.sampled_from([*(v for v in Verdict if v is not Verdict.RELABEL), None]).map(Choice),
    st.sampled_from(["zero", "seven", "a new class"]).map(
        lambda name: Choice(Verdict.RELABEL, label=name)
    ),
    st.integers(1, 4).map(lambda nth: Choice(Verdict.RELABEL, nth=nth)),
)
places = st.sets(st.integers(0, FEW - 1), min_size=1, max_size=3)
Decisions = list[tuple[Choice, set[int]]]


class Window:
    """An open project with a decider, whose presses are waited for."""

    def __init__(self, session: Session, qtbot: QtBot) -> None:
        self._qtbot = qtbot
        self.window = QMainWindow()
        qtbot.addWidget(self.window)
        self.desk = Desk(session, self.window)
        self.workspace = Workspace(self.desk, AT_ONCE, self.window)
        self.decider = Decider(self.workspace, Commands(self.window), self.window)
        self.said: list[str] = []
        self._ended = 0
        self.decider.said.connect(self.said.append)
        self.decider.failed.connect(self._fail)
        with qtbot.waitSignal(self.workspace.ids_changed, timeout=20_000):
            self.workspace.view = FLAGGED
            self.workspace.start()

    def decide(self, choice: Choice, at: set[int]) -> None:
        ids = self.workspace.ids[sorted(at)]
        if choice.nth is not None:
            ids = ids[:1]
        self.workspace.select(NONE if len(ids) == 1 else ids)
        self.workspace.set_focus(int(ids[0]))
        self.decider.decide(choice)

    def settle(self) -> None:
        """Until what was asked for is written and told."""
        done: list[bool] = []
        self.desk.act(lambda _session: True, done.append)
        self._qtbot.waitUntil(lambda: bool(done), timeout=20_000)

    def undo(self) -> bool:
        """Whether there was something to undo."""
        self.settle()
        self.said.clear()
        self.decider.undo()
        self.settle()
        return self.said[-1:] != ["There is nothing to undo."]

    def redo(self) -> bool:
        self.said.clear()
        self.decider.redo()
        self.settle()
        return self.said[-1:] != ["There is nothing to do again."]

    def close(self) -> None:
        self.workspace.close()
        self.desk.close()
        self.window.close()

    def _fail(self, sentence: str) -> None:
        raise AssertionError(sentence)


@contextmanager
def opened(project: Path, qtbot: QtBot) -> Iterator[tuple[Session, Window]]:
    with Session.open(project, workers=1) as session:
        window = Window(session, qtbot)
        try:
            yield session, window
        finally:
            window.close()


def state(session: Session) -> list[Row]:
    ids = session.read(lambda db: browsing.ids(db, View())).tolist()
    return session.read(lambda db: browsing.rows(db, View(), ids))


@pytest.mark.timeout(900)
@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    first=st.lists(st.tuples(choices, places), min_size=1, max_size=8),
    second=st.lists(st.tuples(choices, places), max_size=4),
    reopens=st.booleans(),
)
def test_as_many_undos_as_steps_lead_back_to_the_start_and_redos_to_the_end(
    audited: Path, qtbot: QtBot, first: Decisions, second: Decisions, reopens: bool
) -> None:
    with tempfile.TemporaryDirectory() as made:
        project = Path(shutil.copytree(audited, Path(made) / audited.name))
        with opened(project, qtbot) as (session, window):
            before = state(session)
            for choice, at in first:
                window.decide(choice, at)
            window.undo()  # a decision after an undo ends what could be done again
            for choice, at in second:
                window.decide(choice, at)
            window.settle()
            after = state(session)
            if not reopens:
                _back_and_again(session, window, before, after)
        if reopens:
            with opened(project, qtbot) as (session, window):
                assert state(session) == after
                _back_and_again(session, window, before, after)


def _back_and_again(session: Session, window: Window, before: list[Row], after: list[Row]) -> None:
    could_redo = window.redo()
    if could_redo:
        after = state(session)
    steps = 0
    while window.undo():
        steps += 1
        assert steps < 100
    assert state(session) == before
    for _ in range(steps):
        assert window.redo()
    assert state(session) == after
    assert not any(row.verdict for row in before)
