from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session.background import JobEvent, JobState
from auditor.session.browsing import View
from auditor.session.mapping import MapPoints
from tests.ui.world import PER_CLASS, WRONG
from ui.charts import inks, map_scene, scatter
from ui.charts.map_panel import MapPanel
from ui.charts.map_scene import Colouring, Mode
from ui.charts.map_view import MapView
from ui.charts.scatter import Inks, Layer, Raster, Sight
from ui.commands import Commands
from ui.workspace import Workspace

RED = np.uint32(0xFFFF0000)


def layer(points: list[tuple[float, float]]) -> Layer:
    xy = np.array(points, np.float32).reshape(-1, 2)
    return Layer(xy, np.zeros(len(xy), np.uint8), np.arange(len(xy)))


def ink(radius: float = 3.5) -> Inks:
    return Inks(np.array([RED]), np.zeros(1, np.uint8), radius)


# the drawing


def test_a_layer_hands_out_all_points_of_a_box_once() -> None:
    random = np.random.default_rng(0)
    xy = random.uniform(-1, 1, (5000, 2)).astype(np.float32)
    whole = Layer(xy, np.zeros(5000, np.uint8), np.arange(5000))
    box = (-0.3, -0.2, 0.1, 0.65)
    inside = (xy[:, 0] >= -0.3) & (xy[:, 0] <= 0.1) & (xy[:, 1] >= -0.2) & (xy[:, 1] <= 0.65)
    found = whole.within(box).places
    assert set(np.flatnonzero(inside)) <= set(found.tolist())
    assert len(set(found.tolist())) == len(found) < 5000
    assert sorted(whole.within((-2, -2, 2, 2)).places.tolist()) == list(range(5000))


def test_points_at_the_very_edge_of_the_map_are_there() -> None:
    corners = layer([(-1, -1), (1, 1), (-1, 1), (1, -1)])
    assert len(corners.within((-5, -5, 5, 5)).x) == 4
    assert len(corners.within((0.9, 0.9, 1.1, 1.1)).x) == 1


@pytest.mark.parametrize("crowd", [1, scatter.FEW + 1, scatter.SOME + 1])
def test_a_point_is_drawn_where_it_lies_and_nothing_from_outside(crowd: int) -> None:
    sight = Sight(0, 0, 100, 60, 40)
    raster = Raster(sight)
    far = layer([(0.1, -0.1), (0.9, 0.9), (-0.9, 0.0)])
    raster.put(far.points, ink(), crowd=crowd)
    seen = raster.padded[scatter.PAD : -scatter.PAD, scatter.PAD : -scatter.PAD]
    rows, columns = np.nonzero(seen)
    assert seen[10, 40] & 0xFFFFFF == 0xFF0000
    assert abs(rows - 10).max() <= 6
    assert abs(columns - 40).max() <= 6


def test_a_crowded_pixel_is_stronger_than_a_lone_one() -> None:
    raster = Raster(Sight(0, 0, 100, 60, 40))
    points = layer([(0.1, 0.0)] * 30 + [(-0.1, 0.0)])
    raster.put(points.points, ink(), crowd=scatter.SOME + 1)
    seen = raster.padded[scatter.PAD : -scatter.PAD, scatter.PAD : -scatter.PAD]
    assert seen[20, 40] >> 24 > seen[20, 20] >> 24 > 0


def test_later_points_lie_over_earlier_ones_and_leave_the_others() -> None:
    raster = Raster(Sight(0, 0, 100, 60, 40))
    crowd = scatter.SOME + 1
    green = Inks(np.array([0xFF00FF00], np.uint32), np.zeros(1, np.uint8), 3.5)
    raster.put(layer([(0.1, 0), (-0.1, 0)]).points, green, crowd=crowd, strength=0.3)
    seen = raster.padded[scatter.PAD : -scatter.PAD, scatter.PAD : -scatter.PAD]
    before = int(seen[20, 20])
    raster.put(layer([(0.1, 0)]).points, ink(), crowd=crowd)
    assert seen[20, 40] & 0xFFFFFF == 0xFF0000
    assert int(seen[20, 20]) == before
    assert before & 0xFFFFFF == 0x00FF00
    assert before >> 24 < seen[20, 40] >> 24
    assert np.count_nonzero(seen) == 2


@given(x=st.floats(-1, 1), y=st.floats(-1, 1), scale=st.floats(10, 1e5), px=st.floats(0, 800))
def test_a_pixel_and_its_place_on_the_map_belong_together(
    x: float, y: float, scale: float, px: float
) -> None:
    sight = Sight(x, y, scale, 800, 600)
    assert sight.to_pixel(*sight.to_map(px, px)) == pytest.approx((px, px), abs=1e-6)


def test_shapes_tell_kinds_apart() -> None:
    drawn = {frozenset(scatter.shape(number, 5.5)) for number in range(scatter.SHAPES)}
    assert len(drawn) == scatter.SHAPES


# the view


def view_of(workspace: Workspace, qtbot: QtBot, points: list[tuple[float, float]]) -> MapView:
    ids = np.arange(len(points), dtype=np.int64) + 1
    made = MapPoints(ids, np.array(points, np.float32), stale=False)
    colouring = Colouring(Mode.CLASS, np.zeros(len(points), np.uint8), ())
    view = MapView(workspace.desk)
    qtbot.addWidget(view)
    view.resize(400, 400)
    with qtbot.waitExposed(view):
        view.show()
    view.show_scene(map_scene.scene(made, colouring, ids))
    return view


def test_what_lies_under_the_pointer_stays_there_when_zoomed(
    workspace: Workspace, qtbot: QtBot
) -> None:
    view = view_of(workspace, qtbot, [(0.5, 0.5)])
    at = QPointF(*view.sight.to_pixel(0.5, 0.5))
    for factor in (1.5, 3.0, 0.7, 2.0):
        view.zoom(factor, at)
        assert view.sight.to_pixel(0.5, 0.5) == pytest.approx((at.x(), at.y()))
    assert view.point_at(at) == 0
    view.fit()
    assert view.sight.to_pixel(0, 0) == pytest.approx((200, 200))


def test_a_click_picks_a_point_and_a_drag_moves_the_map(workspace: Workspace, qtbot: QtBot) -> None:
    view = view_of(workspace, qtbot, [(0, 0), (0.5, 0.5)])
    with qtbot.waitSignal(view.picked) as picked:
        QTest.mouseClick(
            view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(202, 201)
        )
    assert picked.args == [0]
    with qtbot.assertNotEmitted(view.picked):
        drag(view, qtbot, [(200, 200), (220, 210), (260, 230)])
    assert view.sight.to_pixel(0, 0) == pytest.approx((260, 230))


def test_a_lasso_takes_what_its_line_encloses(workspace: Workspace, qtbot: QtBot) -> None:
    view = view_of(workspace, qtbot, [(0, 0), (0.5, 0), (-0.5, 0), (0, 0.15)])
    view.set_lasso(True)
    with qtbot.waitSignal(view.lassoed) as taken:
        drag(view, qtbot, [(150, 150), (250, 150), (250, 250), (150, 250)])
    assert sorted(taken.args[0].tolist()) == [0, 3]


def test_shift_and_drag_takes_a_rectangle(workspace: Workspace, qtbot: QtBot) -> None:
    view = view_of(workspace, qtbot, [(0, 0), (0.5, 0), (-0.5, 0)])
    with qtbot.waitSignal(view.lassoed) as taken:
        drag(view, qtbot, [(180, 100), (350, 300)], Qt.KeyboardModifier.ShiftModifier)
    assert sorted(taken.args[0].tolist()) == [0, 1]


def test_the_keyboard_moves_and_zooms(workspace: Workspace, qtbot: QtBot) -> None:
    view = view_of(workspace, qtbot, [(0, 0)])
    before = view.sight
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.sight.x > before.x
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.sight.scale > before.scale
    QTest.keyClick(view, Qt.Key.Key_0)
    assert view.sight == before


def test_the_points_are_painted_a_moment_later(workspace: Workspace, qtbot: QtBot) -> None:
    view = view_of(workspace, qtbot, [(0, 0)])
    qtbot.waitUntil(lambda: view.is_sharp)
    image = view.grab().toImage()
    assert image.pixelColor(200, 200) != image.pixelColor(100, 100)


# the panel


@pytest.fixture
def panel(workspace: Workspace, commands: Commands, window: QMainWindow) -> MapPanel:
    made = MapPanel(workspace, commands, window)
    window.setCentralWidget(made)
    window.resize(900, 500)
    window.show()
    return made


@pytest.fixture
def mapped(panel: MapPanel, qtbot: QtBot) -> MapPanel:
    qtbot.waitUntil(lambda: panel.blank_sentence is not None)
    panel.make()
    qtbot.waitUntil(lambda: panel.view.scene is not None, timeout=120_000)
    return panel


def test_without_a_map_it_offers_to_make_one(
    panel: MapPanel, commands: Commands, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: panel.blank_sentence is not None)
    assert "no map yet" in (panel.blank_sentence or "")
    assert not commands.action("map.lasso").isEnabled()


def test_why_there_can_be_no_map_is_said_with_a_way_on(
    panel: MapPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: panel.blank_sentence is not None)
    failed = JobEvent(
        number=1, kind="map", title="Map", state=JobState.FAILED, message="Run an audit first."
    )
    workspace.desk.job.emit(failed)
    qtbot.waitUntil(lambda: panel.blank_sentence == "Run an audit first.")


@pytest.mark.process
def test_the_map_is_made_and_linked_both_ways(
    mapped: MapPanel, workspace: Workspace, commands: Commands, qtbot: QtBot
) -> None:
    scene = mapped.view.scene
    assert scene is not None
    assert len(scene.points.xy) == 3 * PER_CLASS, "the broken file has no features"
    assert {scene.colouring.count(kind) for kind in (1, 2, 3)} == {PER_CLASS}
    mapped.view.picked.emit(7)
    assert workspace.focus == scene.points.sample_ids[7]
    workspace.set_focus(int(scene.points.sample_ids[9]))
    assert mapped.view.focus == 9
    workspace.select(scene.points.sample_ids[:4])
    qtbot.waitUntil(lambda: "4 selected" in mapped.summary.text())
    with qtbot.waitSignal(workspace.ids_changed):
        mapped.view.lassoed.emit(np.array([3, 5]))
    assert workspace.ids.tolist() == sorted(scene.points.sample_ids[[3, 5]].tolist())
    assert sorted(workspace.selection.tolist()) == workspace.ids.tolist()
    qtbot.waitUntil(lambda: "2 of them in the list" in mapped.summary.text())
    with qtbot.waitSignal(workspace.ids_changed):
        commands.action("map.clear").trigger()
    assert len(workspace.ids) > 2


@pytest.mark.process
def test_colours_tell_the_review_and_follow_it(
    mapped: MapPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    mapped.modes.setCurrentIndex(mapped.modes.findData(Mode.REVIEW))
    mapped.modes.activated.emit(1)
    qtbot.waitUntil(lambda: counts(mapped).get("flagged") == WRONG)
    listed = View(check_id="label_errors", where="flagged")
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(listed)
    ids = workspace.ids[:2]
    workspace.desk.act(lambda s: s.decide_on(ids, Verdict.EXCLUDE), lambda _n: None)
    qtbot.waitUntil(lambda: counts(mapped).get("exclude") == 2)
    assert counts(mapped)["flagged"] == WRONG - 2
    mapped.modes.setCurrentIndex(mapped.modes.findData(Mode.P_ERROR))
    mapped.modes.activated.emit(2)
    qtbot.waitUntil(lambda: shown(mapped).mode is Mode.P_ERROR)
    assert shown(mapped).count(0) == 0
    assert len(inks.colours(shown(mapped))) > int(shown(mapped).kinds.max())


def shown(panel: MapPanel) -> Colouring:
    scene = panel.view.scene
    assert scene is not None
    return scene.colouring


def counts(panel: MapPanel) -> dict[str, int]:
    colouring = shown(panel)
    return {name: colouring.count(kind) for kind, name in enumerate(colouring.names, start=1)}


def drag(
    view: MapView,
    qtbot: QtBot,
    path: list[tuple[int, int]],
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    first, last = QPoint(*path[0]), QPoint(*path[-1])
    QTest.mousePress(view, Qt.MouseButton.LeftButton, modifiers, first)
    for place in path[1:]:
        QTest.mouseMove(view, QPoint(*place))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, modifiers, last)
