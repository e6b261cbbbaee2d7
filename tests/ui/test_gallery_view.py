"""The grid: focus, selection, scrolling and what it paints, on the real project."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session import Session, browsing
from auditor.session.browsing import View
from ui.commands import Commands
from ui.gallery.panel import GalleryPanel
from ui.gallery.view import ZOOM, GalleryView
from ui.workspace import NONE, Workspace

NO_KEY = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def panel(
    workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot
) -> GalleryPanel:
    made = GalleryPanel(workspace, commands, window)
    window.setCentralWidget(made)
    window.resize(900, 600)
    window.show()
    qtbot.waitExposed(window)
    made.view.setFocus()
    return made


@pytest.fixture
def view(panel: GalleryPanel) -> GalleryView:
    return panel.view


def focus_place(view: GalleryView) -> int | None:
    return view.workspace.place(view.workspace.focus)


def selected(view: GalleryView) -> list[int]:
    return sorted(int(i) for i in view.workspace.selection)


def ids_at(view: GalleryView, *places: int) -> list[int]:
    return sorted(int(view.workspace.ids[place]) for place in places)


def click(view: GalleryView, qtbot: QtBot, place: int, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, keys, view.cell(place).center())


def drag(view: GalleryView, start: QPoint, end: QPoint) -> None:
    left = Qt.MouseButton.LeftButton
    for kind, point in (
        (QEvent.Type.MouseButtonPress, start),
        (QEvent.Type.MouseMove, end),
        (QEvent.Type.MouseButtonRelease, end),
    ):
        where = QPointF(point)
        event = QMouseEvent(kind, where, view.viewport().mapToGlobal(where), left, left, NO_KEY)
        QApplication.sendEvent(view.viewport(), event)


def test_arrows_move_the_focus_and_the_list_follows(view: GalleryView, qtbot: QtBot) -> None:
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert focus_place(view) == 1
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert focus_place(view) == 1 + view.samples.columnCount()
    QTest.keyClick(view, Qt.Key.Key_End)
    last = len(view.workspace.ids) - 1
    assert focus_place(view) == last
    assert view.viewport().rect().contains(view.cell(last))
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert focus_place(view) == 0
    assert view.verticalScrollBar().value() == 0


def test_a_focus_set_elsewhere_scrolls_into_view(view: GalleryView) -> None:
    place = len(view.workspace.ids) // 2
    assert not view.viewport().rect().intersects(view.cell(place))
    view.workspace.set_focus(int(view.workspace.ids[place]))
    assert view.viewport().rect().contains(view.cell(place))


def test_a_focus_on_the_screen_moves_nothing(view: GalleryView) -> None:
    view.verticalScrollBar().setValue(7)
    view.workspace.set_focus(int(view.workspace.ids[view.samples.columnCount()]))
    assert view.verticalScrollBar().value() == 7


def test_shift_and_arrows_select_a_range(view: GalleryView, qtbot: QtBot) -> None:
    QTest.keyClick(view, Qt.Key.Key_Right)
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Right, SHIFT)
    assert selected(view) == ids_at(view, 1, 2, 3, 4)
    QTest.keyClick(view, Qt.Key.Key_Left, SHIFT)
    assert selected(view) == ids_at(view, 1, 2, 3)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert selected(view) == []


def test_clicks_focus_toggle_and_extend(view: GalleryView, qtbot: QtBot) -> None:
    click(view, qtbot, 2)
    assert (focus_place(view), selected(view)) == (2, [])
    click(view, qtbot, 5, SHIFT)
    assert selected(view) == ids_at(view, 2, 3, 4, 5)
    click(view, qtbot, 3, CTRL)
    assert selected(view) == ids_at(view, 2, 4, 5)
    click(view, qtbot, 8, CTRL)
    assert selected(view) == ids_at(view, 2, 4, 5, 8)


def test_a_rubber_band_selects_the_cells_it_touches(view: GalleryView) -> None:
    columns = view.samples.columnCount()
    drag(view, view.cell(1).center(), view.cell(columns + 2).center())
    assert selected(view) == ids_at(view, 1, 2, columns + 1, columns + 2)


def test_commands_select_all_none_and_the_sample(view: GalleryView, commands: Commands) -> None:
    commands.action("select.all").trigger()
    assert view.workspace.selection is view.workspace.ids or np.shares_memory(
        view.workspace.selection, view.workspace.ids
    )
    commands.action("select.none").trigger()
    assert selected(view) == []
    commands.action("select.toggle").trigger()
    assert selected(view) == [view.workspace.focus]


def test_escape_drops_the_selection(view: GalleryView, qtbot: QtBot) -> None:
    click(view, qtbot, 4, CTRL)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert selected(view) == []


def test_a_selection_made_elsewhere_is_shown(view: GalleryView) -> None:
    view.workspace.select(view.workspace.ids[[3, 4, 9]])
    assert [place for place in range(12) if place in view.delegate.selection] == [3, 4, 9]
    view.workspace.select(NONE)
    assert len(view.delegate.selection) == 0


def test_next_and_previous_go_on_while_held_and_drop_the_selection(
    view: GalleryView, commands: Commands, qtbot: QtBot
) -> None:
    assert commands.action("go.next").autoRepeat()
    click(view, qtbot, 3, CTRL)
    commands.action("go.next").trigger()
    assert (focus_place(view), selected(view)) == (4, [])
    commands.action("go.previous").trigger()
    assert focus_place(view) == 3


def test_zoom_changes_the_columns_and_keeps_the_focus_in_place(view: GalleryView) -> None:
    place = len(view.workspace.ids) // 2
    view.workspace.set_focus(int(view.workspace.ids[place]))
    y, columns = view.cell(place).y(), view.samples.columnCount()
    view.set_zoom(80)
    assert view.samples.columnCount() > columns
    assert abs(view.cell(place).y() - y) <= view.cell(place).height()
    view.set_zoom(10_000)
    assert view.zoom == ZOOM.stop - 1


def test_a_resize_keeps_the_first_sample_on_the_screen(
    view: GalleryView, window: QMainWindow, qtbot: QtBot
) -> None:
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum() // 2)
    first = view.visible().start
    width = view.viewport().width()
    window.resize(560, 600)
    qtbot.waitUntil(lambda: view.viewport().width() < width)
    assert first in view.visible()


def test_ctrl_and_the_wheel_zoom(view: GalleryView) -> None:
    before = view.zoom
    where = QPointF(50, 50)
    event = QWheelEvent(
        where,
        view.viewport().mapToGlobal(where),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        CTRL,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.viewport(), event)
    assert view.zoom > before


def test_the_zoom_is_remembered_with_the_project(
    panel: GalleryPanel, workspace: Workspace, window: QMainWindow, session: Session, qtbot: QtBot
) -> None:
    panel.view.set_zoom(200)
    qtbot.waitUntil(lambda: session.read(lambda db: browsing.recall(db, "zoom")) == 200)
    again = GalleryPanel(workspace, Commands(QMainWindow(window)), window)
    qtbot.waitUntil(lambda: again.view.zoom == 200)


def test_shift_alone_hides_the_marks_and_shift_with_an_arrow_does_not(
    view: GalleryView, qtbot: QtBot
) -> None:
    QTest.keyPress(view, Qt.Key.Key_Shift)
    qtbot.waitUntil(lambda: not view.delegate.shows_overlays)
    QTest.keyRelease(view, Qt.Key.Key_Shift)
    assert view.delegate.shows_overlays
    QTest.keyPress(view, Qt.Key.Key_Shift)
    QTest.keyClick(view, Qt.Key.Key_Right, SHIFT)
    assert not view.peek.is_coming
    assert len(view.workspace.selection) == 2


def test_marks_can_be_switched_off(view: GalleryView, commands: Commands) -> None:
    commands.action("view.overlays").trigger()
    assert not view.delegate.shows_overlays
    commands.action("view.overlays").trigger()
    assert view.delegate.shows_overlays


def test_every_visible_cell_gets_its_row_and_picture(view: GalleryView, qtbot: QtBot) -> None:
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    thumbnails, ids = view.workspace.thumbnails, view.workspace.ids
    qtbot.waitUntil(
        lambda: all(
            view.samples.row(place) is not None and thumbnails.get(int(ids[place])) is not None
            for place in view.visible()
        )
    )


def test_a_decision_changes_the_cell_and_moves_nothing(
    view: GalleryView, session: Session, qtbot: QtBot
) -> None:
    place = len(view.workspace.ids) // 2
    sample_id = int(view.workspace.ids[place])
    view.workspace.set_focus(sample_id)
    qtbot.waitUntil(lambda: view.samples.row(place) is not None)
    before = view.verticalScrollBar().value()
    session.decide_on(np.array([sample_id]), Verdict.EXCLUDE)
    qtbot.waitUntil(lambda: getattr(view.samples.row(place), "verdict", None) == "exclude")
    assert view.verticalScrollBar().value() == before
    assert focus_place(view) == place


def test_another_order_begins_at_its_top(view: GalleryView, qtbot: QtBot) -> None:
    workspace = view.workspace
    workspace.set_focus(int(workspace.ids[-1]))
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(View(check_id="label_errors", sort="p_error", descending=True))
    assert focus_place(view) == 0
    assert view.verticalScrollBar().value() == 0


def test_a_narrower_filter_keeps_the_sample_in_focus(view: GalleryView, qtbot: QtBot) -> None:
    workspace = view.workspace
    sample_id = int(workspace.ids[-1])
    workspace.set_focus(sample_id)
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(replace(workspace.view, where="sample_id >= 40"))
    assert workspace.focus == sample_id
    place = focus_place(view)
    assert place is not None
    assert view.viewport().rect().intersects(view.cell(place))


def test_a_double_click_opens_the_sample(panel: GalleryPanel, qtbot: QtBot) -> None:
    view = panel.view
    with qtbot.waitSignal(panel.opened) as told:
        QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.cell(2).center())
    assert told.args == [int(view.workspace.ids[2])]


def test_where_nothing_matches_a_button_clears_the_filter(
    panel: GalleryPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(View(where="label = 'nonesuch'"))
    assert panel.message == "Nothing matches"
    with qtbot.waitSignal(workspace.ids_changed):
        panel.clear_button.click()
    assert panel.message == ""
    assert len(workspace.ids) > 0
