from __future__ import annotations

from dataclasses import replace

import numpy as np
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session.browsing import View
from tests.ui.world import CLASSES
from ui.workspace import Subset, Workspace

EVERY = 241
"""Samples of the world: three classes of eighty, and a broken file."""


def show(qtbot: QtBot, workspace: Workspace, view: View) -> list[int]:
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(view)
    listed: list[int] = workspace.ids.tolist()
    return listed


def test_it_starts_with_every_sample_and_the_first_in_focus(workspace: Workspace) -> None:
    assert len(workspace.ids) == EVERY
    assert workspace.focus == workspace.ids[0]
    assert workspace.classes == tuple(sorted(CLASSES))
    assert workspace.columns["p_error"] == "number"


def test_a_filter_narrows_the_list_and_a_second_one_narrows_it_further(
    workspace: Workspace, qtbot: QtBot
) -> None:
    flagged = show(qtbot, workspace, View(check_id="label_errors", where="flagged"))
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(replace(workspace.view, where="flagged and given_label = 'zero'"))
    assert 0 < len(workspace.ids) < len(flagged) < EVERY
    assert set(workspace.ids.tolist()) < set(flagged)


def test_a_filter_that_cannot_be_read_leaves_the_list(workspace: Workspace, qtbot: QtBot) -> None:
    with qtbot.waitSignal(workspace.filter_failed) as told:
        workspace.set_view(View(where="no such column = 3"))
    assert "no" in told.args[0]
    assert len(workspace.ids) == EVERY


def test_a_subset_keeps_within_the_filter(workspace: Workspace, qtbot: QtBot) -> None:
    zeros = show(qtbot, workspace, View(where="given_label = 'zero'"))
    chosen = np.array([zeros[3], zeros[1], -5, 10**9], np.int64)
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_subset(Subset("Lasso", chosen))
    assert workspace.ids.tolist() == sorted(chosen[:2].tolist())
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_subset(Subset("Like it", chosen, ordered=True))
    assert workspace.ids.tolist() == chosen[:2].tolist()


def test_a_decision_moves_nothing_in_the_list(workspace: Workspace, qtbot: QtBot) -> None:
    unseen = show(qtbot, workspace, View(check_id="label_errors", where="decision is null"))
    with qtbot.waitSignal(workspace.rows_changed) as told:
        workspace.desk.act(
            lambda session: session.decide_on(workspace.ids[:2], Verdict.KEEP), lambda _n: None
        )
    assert set(told.args[0].sample_ids) == set(unseen[:2])
    assert workspace.ids.tolist() == unseen
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.reload()
    assert workspace.ids.tolist() == unseen[2:]


def test_the_focus_steps_along_the_list_and_stays_at_its_ends(
    workspace: Workspace, qtbot: QtBot
) -> None:
    listed = show(qtbot, workspace, View(sort="path", descending=True))
    workspace.set_focus(listed[0])
    workspace.step(-1)
    assert workspace.focus == listed[0]
    workspace.step(2)
    assert workspace.focus == listed[2]
    workspace.step(10**7)
    assert workspace.focus == listed[-1]


def test_focus_and_selection_follow_what_is_listed(workspace: Workspace, qtbot: QtBot) -> None:
    workspace.select(workspace.ids[:100])
    workspace.set_focus(int(workspace.ids[0]))
    listed = show(qtbot, workspace, View(where="given_label = 'zero'"))
    assert set(workspace.selection.tolist()) <= set(listed)
    assert workspace.focus in listed


def test_what_is_acted_on_is_the_selection_else_the_focus(workspace: Workspace) -> None:
    workspace.set_focus(int(workspace.ids[7]))
    assert workspace.acted_on().tolist() == [workspace.ids[7]]
    workspace.select(workspace.ids[:3])
    assert workspace.acted_on().tolist() == workspace.ids[:3].tolist()
