"""Two samples side by side: which two, looked at together, and what differs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session import Session
from auditor.session.browsing import View
from auditor.session.evidence import Evidence, evidence
from ui.commands import Commands
from ui.review import pairing
from ui.review.canvas import FIT
from ui.review.looking import Looking
from ui.review.pair import PairView
from ui.workspace import Workspace

WAIT = 20_000


def known(session: Session, sample_id: int) -> Evidence:
    return session.read(lambda db: evidence(db, sample_id, "label_errors"))


@pytest.fixture
def wrong(session: Session) -> Evidence:
    """A wrongly labelled sample."""
    query = "select min(sample_id) from sample where path like '%wrong%'"
    return known(session, session.read(lambda db: db.execute(query).fetchall())[0][0])


@pytest.fixture
def pair(
    workspace: Workspace, commands: Commands, window: QMainWindow, wrong: Evidence, qtbot: QtBot
) -> PairView:
    """A comparison in a window, of the wrong sample and what it looks like."""
    with qtbot.waitSignal(workspace.ids_changed, timeout=WAIT):
        workspace.set_view(View(check_id="label_errors"))
    workspace.set_focus(wrong.sample_id)
    made = PairView(workspace, commands)
    window.setCentralWidget(made)
    window.resize(800, 600)
    window.show()
    both_shown(made, qtbot)
    return made


def both_shown(pair: PairView, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: pair.left.is_complete and pair.right.is_complete, timeout=WAIT)


def shown(pair: PairView) -> tuple[int | None, int | None]:
    return pair.left.sample_id, pair.right.sample_id


def test_pairs_the_focus_with_the_nearest_of_the_suggested_class(
    pair: PairView, wrong: Evidence
) -> None:
    assert shown(pair) == (wrong.sample_id, wrong.neighbours_suggested[0])
    assert wrong.suggested[0] in pair.words


def test_two_selected_samples_are_compared(
    pair: PairView, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.select(np.array([3, 8], np.int64))
    qtbot.waitUntil(lambda: shown(pair) == (3, 8), timeout=WAIT)


def test_a_sample_is_paired_with_its_copy_first(wrong: Evidence) -> None:
    copied = replace(wrong, findings=(replace(wrong.findings[0], related_id=5),))
    read = {wrong.sample_id: copied, 5: replace(wrong, sample_id=5)}
    found = pairing.find(read.__getitem__, wrong.sample_id, None)
    assert found is not None
    assert (found.right.sample_id, found.why) == (5, pairing.Why.RELATED)


def test_a_sample_without_likeness_is_said_to_have_none(
    pair: PairView, workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    query = "select sample_id from sample where path like '%broken%'"
    workspace.set_focus(session.read(lambda db: db.execute(query).fetchall())[0][0])
    qtbot.waitUntil(lambda: "Select two samples" in pair.words, timeout=WAIT)


def test_both_zoom_and_pan_together(pair: PairView) -> None:
    pair.right.zoom_by(3.0)
    assert pair.left.look == pair.right.look != FIT
    pair.left.reset()
    pair.left.zoom_by(2.0)
    assert pair.right.look == pair.left.look


def test_blink_shows_them_in_turns_at_one_place(
    pair: PairView, commands: Commands, qtbot: QtBot
) -> None:
    commands.action("look.blink").trigger()
    seen: set[int] = set()
    both = {id(loupe.layers[-1]) for loupe in (pair.left, pair.right)}

    def both_seen() -> bool:
        seen.add(id(pair.over.layers[-1]))
        return both <= seen

    qtbot.waitUntil(both_seen, timeout=WAIT)
    commands.action("look.blink").trigger()
    assert not pair.is_blinking
    assert pair.left.isVisible()
    assert pair.right.isVisible()


def test_the_difference_of_a_picture_with_itself_is_none(
    pair: PairView, commands: Commands, wrong: Evidence, qtbot: QtBot
) -> None:
    Looking.of(commands).compare(wrong.sample_id, wrong.sample_id)
    qtbot.waitUntil(lambda: shown(pair) == (wrong.sample_id, wrong.sample_id), timeout=WAIT)
    both_shown(pair, qtbot)
    commands.action("look.difference").trigger()
    qtbot.waitUntil(lambda: "the same, pixel for pixel" in pair.words, timeout=WAIT)


def test_the_difference_button_shows_it_and_goes_back(pair: PairView, qtbot: QtBot) -> None:
    button = pair.difference_button
    button.click()
    qtbot.waitUntil(lambda: pair.over.isVisible() and "of 255 levels" in pair.words, timeout=WAIT)
    assert button.isChecked()
    button.click()
    assert not button.isChecked()
    assert pair.left.isVisible()


def test_going_to_the_other_of_the_two_is_no_new_comparison(
    pair: PairView, workspace: Workspace, commands: Commands, wrong: Evidence, qtbot: QtBot
) -> None:
    Looking.of(commands).compare(wrong.sample_id, wrong.neighbours_given[0])
    wanted = wrong.sample_id, wrong.neighbours_given[0]
    qtbot.waitUntil(lambda: shown(pair) == wanted, timeout=WAIT)
    workspace.set_focus(wrong.neighbours_given[0])
    workspace.set_focus(wrong.sample_id)
    assert Looking.of(commands).pair == wanted
    workspace.set_focus(int(workspace.ids[0]))
    qtbot.waitUntil(lambda: pair.left.sample_id == int(workspace.ids[0]), timeout=WAIT)


def test_what_differs_is_marked(wrong: Evidence, session: Session) -> None:
    other = known(session, wrong.neighbours_suggested[0])
    found = pairing.Pairing(wrong, other, pairing.Why.CHOSEN)
    differs = {fact.name: fact.differs for fact in pairing.facts(found)}
    assert differs["Label"]
    assert not differs["Pixels"]


def test_blink_brings_the_comparison_first(
    workspace: Workspace, commands: Commands, qtbot: QtBot
) -> None:
    looking = Looking.of(commands)
    with qtbot.waitSignals([looking.compare_wanted, looking.blink_wanted], order="strict"):
        commands.action("look.blink").trigger()
