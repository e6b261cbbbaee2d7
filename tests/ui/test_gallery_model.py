"""The gallery's model: what it fetches, when, and what it drops."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from auditor.model import ChangeSet, SampleId
from auditor.session import Session, browsing
from auditor.session.browsing import Ids, View
from ui.desk import Desk
from ui.gallery import model as gallery_model
from ui.gallery.model import WINDOW, GalleryModel, RowRole, SampleIdRole


@pytest.fixture
def ids(session: Session) -> Ids:
    """The project's samples, over and over: several windows of them."""
    once = session.read(lambda db: browsing.ids(db, View()))
    return np.tile(once, 8)


class Asked(list[int]):
    """How many rows each question asked for."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The questions that reach the engine; they are answered by it as ever."""
    seen = Asked()
    really = browsing.rows

    def rows(db: Any, view: View, sample_ids: Any) -> Any:
        seen.append(len(sample_ids))
        return really(db, view, sample_ids)

    monkeypatch.setattr(browsing, "rows", rows)
    return seen


@pytest.fixture
def model(desk: Desk, ids: Ids, asked: Asked, qtbot: QtBot) -> GalleryModel:
    made = GalleryModel(desk)
    made.show_ids(ids, View())
    return made


def rows_of(model: GalleryModel, position: int, qtbot: QtBot) -> Any:
    qtbot.waitUntil(lambda: model.row(position) is not None)
    return model.row(position)


def test_a_row_is_asked_for_once_and_told_of(
    model: GalleryModel, ids: Ids, asked: Asked, qtbot: QtBot
) -> None:
    index = model.index(0, 0)
    assert model.data(index, RowRole) is None
    with qtbot.waitSignal(model.dataChanged):
        assert model.data(index, RowRole) is None
    assert model.data(index, RowRole).sample_id == ids[0]
    assert asked == [WINDOW]


def test_flags_and_ids_fetch_nothing(model: GalleryModel, ids: Ids, asked: Asked) -> None:
    for row in range(model.rowCount()):
        for column in range(model.columnCount()):
            index = model.index(row, column)
            is_there = model.position(index) < len(ids)
            assert bool(model.flags(index) & Qt.ItemFlag.ItemIsEnabled) == is_there
            assert (model.data(index, SampleIdRole) is not None) == is_there
    assert asked == []


def test_answers_about_another_list_are_dropped(
    desk: Desk, model: GalleryModel, ids: Ids, qtbot: QtBot
) -> None:
    model.row(0)
    turned = ids[::-1].copy()
    model.show_ids(turned, View())
    assert rows_of(model, 0, qtbot).sample_id == turned[0]
    assert model.row(0).sample_id == turned[0]  # type: ignore[union-attr]


def test_what_scrolled_away_is_not_fetched(
    desk: Desk, model: GalleryModel, asked: Asked, qtbot: QtBot
) -> None:
    may_go = threading.Event()
    for _ in range(2):  # both quick threads wait
        desk.ask(lambda _session: may_go.wait(10), lambda _done: None)
    for window in range(6):
        model.look_at(window * WINDOW, window * WINDOW + 1)
    may_go.set()
    rows_of(model, 5 * WINDOW, qtbot)
    # Two were on their way before the screen moved on.
    assert len(asked) == 3


def test_a_change_fetches_the_windows_it_touches_only(
    session: Session, model: GalleryModel, asked: Asked, qtbot: QtBot
) -> None:
    once = session.read(lambda db: browsing.ids(db, View()))
    model.show_ids(once, View())
    count = len(once)
    model.look_at(0, count)
    rows_of(model, 0, qtbot)
    before = len(asked)
    model.rows_changed(ChangeSet(frozenset({"review"}), (SampleId(10**9),)))
    assert len(asked) == before
    with qtbot.waitSignal(model.dataChanged):
        model.rows_changed(ChangeSet(frozenset({"review"}), (SampleId(once[0]),)))
        assert model.row(0) is not None  # the old row stands in
    assert len(asked) == before + 1


def test_a_change_while_rows_are_on_their_way_reads_them_again(
    desk: Desk, session: Session, model: GalleryModel, asked: Asked, ids: Ids, qtbot: QtBot
) -> None:
    model.look_at(0, 1)
    model.rows_changed(ChangeSet(frozenset({"review"}), (SampleId(ids[0]),)))
    qtbot.waitUntil(lambda: len(asked) == 2)


def test_memory_holds_a_bounded_number_of_windows(
    model: GalleryModel, asked: Asked, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(gallery_model, "MAX_WINDOWS", 2)
    for window in range(4):
        rows_of(model, window * WINDOW, qtbot)
    assert model.row(3 * WINDOW) is not None
    assert model.row(0) is None


def test_a_reflow_keeps_the_rows(model: GalleryModel, asked: Asked, qtbot: QtBot) -> None:
    rows_of(model, 0, qtbot)
    model.set_columns(9)
    assert model.columnCount() == 9
    assert model.row(0) is not None
    assert asked == [WINDOW]


def test_a_failed_question_is_told_of_and_not_repeated(
    desk: Desk, model: GalleryModel, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    calls: list[int] = []

    def fail(*_: Any) -> Any:
        calls.append(1)
        raise OSError("the disk is gone")

    monkeypatch.setattr(browsing, "rows", fail)
    with qtbot.waitSignal(desk.trouble) as told:
        model.row(0)
    assert told.args == ["the disk is gone"]
    for _ in range(3):
        model.row(0)
    assert calls == [1]


def test_a_decision_that_is_being_written_is_seen_and_then_read_again(
    model: GalleryModel, asked: Asked, qtbot: QtBot
) -> None:
    rows_of(model, 0, qtbot)
    sample_id, windows = int(model.ids[0]), len(asked)
    model.expect(sample_id, "relabel", ("other",))
    shown = model.row(0)
    assert shown is not None
    assert (shown.verdict, shown.labels) == ("relabel", ("other",))
    model.rows_changed(ChangeSet(frozenset({"review"}), (SampleId(sample_id),)))
    qtbot.waitUntil(lambda: (row := model.row(0)) is not None and row.verdict is None)
    assert asked[windows:] == [1], "the window was read again for one row"
