"""The loupe: a picture at once, then as sharp as one looks, zoomed where the mouse is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from auditor.model import ChangeSet
from auditor.session import ImportOptions, Session, understand
from auditor.session.folder import ProjectFolder
from auditor.session.pictures import Picture
from auditor.settings import Settings
from ui.commands import Commands
from ui.desk import Desk
from ui.review import layers
from ui.review.canvas import FIT, Canvas, Look
from ui.review.looking import Looking
from ui.review.loupe import Loupe
from ui.workspace import Workspace

WAIT = 20_000
RED, BLUE = (200, 30, 40), (20, 40, 210)


@pytest.fixture
def large(tmp_path: Path, qtbot: QtBot) -> Iterator[Workspace]:
    """Two pictures of 1600 x 1200, larger than any widget here, as a started workspace."""
    root = tmp_path / "large"
    (root / "a").mkdir(parents=True)
    for name, colour in (("1.png", RED), ("2.png", BLUE)):
        Image.new("RGB", (1600, 1200), colour).save(root / "a" / name)
    with Session(ProjectFolder(tmp_path / "large.audit"), workers=1) as session:
        session.import_source(understand(root, ImportOptions()))
        desk = Desk(session)
        workspace = Workspace(desk, Settings())
        with qtbot.waitSignals([workspace.ids_changed, workspace.facts_changed], timeout=WAIT):
            workspace.start()
        yield workspace
        workspace.close()
        desk.close()


def shown(loupe: Loupe, qtbot: QtBot, sample_id: int) -> Loupe:
    """The loupe once the sample's own picture is in it."""
    qtbot.addWidget(loupe)
    loupe.resize(400, 300)
    loupe.show()
    loupe.show_sample(sample_id)
    qtbot.waitUntil(lambda: loupe.is_complete, timeout=WAIT)
    return loupe


def colour(canvas: Canvas) -> tuple[int, int, int]:
    """What the middle of the finest layer shows."""
    image = canvas.layers[-1].image
    found = QColor(image.pixel(image.width() // 2, image.height() // 2))
    return found.red(), found.green(), found.blue()


def held_point(canvas: Canvas, at: QPointF) -> tuple[float, float]:
    """Which place of the picture, in shares of it, lies under a point of the widget."""
    box = canvas.picture_box()
    return (at.x() - box.x()) / box.width(), (at.y() - box.y()) / box.height()


def drag(canvas: Canvas, by: QPoint) -> None:
    start = canvas.rect().center()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(canvas, start + by)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start + by)


def test_shows_the_pictures_own_colours(large: Workspace, qtbot: QtBot) -> None:
    loupe = shown(Loupe(large), qtbot, int(large.ids[0]))
    assert colour(loupe) == RED


def test_thumbnail_stands_in_until_the_picture_is_there(workspace: Workspace, qtbot: QtBot) -> None:
    sample_id = int(workspace.ids[0])
    with qtbot.waitSignal(workspace.thumbnails.ready, timeout=WAIT):
        workspace.thumbnails.get(sample_id)
    loupe = Loupe(workspace)
    qtbot.addWidget(loupe)
    loupe.show_sample(sample_id)
    assert len(loupe.layers) == 1
    assert not loupe.is_complete


def test_a_file_that_cannot_be_read_is_told_of_in_a_sentence(
    workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    broken = broken_sample(session)
    loupe = Loupe(workspace)
    qtbot.addWidget(loupe)
    loupe.show_sample(broken)
    qtbot.waitUntil(lambda: "damaged" in loupe.sentence, timeout=WAIT)
    assert loupe.layers == ()
    loupe.show_sample(int(workspace.ids[0]))
    assert loupe.sentence == ""


def broken_sample(session: Session) -> int:
    query = "select sample_id from sample where path like '%broken%'"
    return int(session.read(lambda db: db.execute(query).fetchall())[0][0])


def test_the_newest_wish_wins(large: Workspace, qtbot: QtBot) -> None:
    loupe = Loupe(large)
    qtbot.addWidget(loupe)
    loupe.show_sample(int(large.ids[0]))
    loupe.show_sample(int(large.ids[1]))
    qtbot.waitUntil(lambda: loupe.is_complete, timeout=WAIT)
    assert colour(loupe) == BLUE


def test_the_next_picture_is_there_before_it_is_asked_for(large: Workspace, qtbot: QtBot) -> None:
    loupe = shown(Loupe(large), qtbot, int(large.ids[0]))
    following = int(large.ids[1])
    qtbot.waitUntil(lambda: following in loupe._held, timeout=WAIT)  # noqa: SLF001
    loupe.show_sample(following)
    assert loupe.is_complete
    assert colour(loupe) == BLUE


def test_a_close_look_fetches_every_pixel(large: Workspace, qtbot: QtBot) -> None:
    loupe = shown(Loupe(large), qtbot, int(large.ids[0]))
    assert loupe.layers[-1].side == 512
    loupe.toggle_zoom()
    qtbot.waitUntil(lambda: loupe.layers[-1].side == 1600, timeout=WAIT)
    assert loupe.picture_box().width() * loupe.devicePixelRatioF() == pytest.approx(1600)


def test_a_file_that_changed_is_read_again(large: Workspace, qtbot: QtBot, tmp_path: Path) -> None:
    loupe = shown(Loupe(large), qtbot, int(large.ids[0]))
    Image.new("RGB", (1600, 1200), BLUE).save(tmp_path / "large" / "a" / "1.png")
    large.rows_changed.emit(ChangeSet(frozenset({"media"})))
    qtbot.waitUntil(lambda: colour(loupe) == BLUE, timeout=WAIT)


def test_the_wheel_zooms_at_the_mouse(large: Workspace, qtbot: QtBot) -> None:
    loupe = shown(Loupe(large), qtbot, int(large.ids[0]))
    at = QPointF(120, 200)
    before = held_point(loupe, at)
    event = QWheelEvent(
        at,
        QPointF(loupe.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, 360),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(loupe, event)
    assert loupe.look.zoom == pytest.approx(1.25**3)
    assert held_point(loupe, at) == pytest.approx(before)


def test_zoom_toggles_between_all_and_actual_pixels(large: Workspace, qtbot: QtBot) -> None:
    loupe = shown(Loupe(large), qtbot, int(large.ids[0]))
    loupe.toggle_zoom(QPointF(100, 100))
    assert loupe.picture_box().width() * loupe.devicePixelRatioF() == pytest.approx(1600)
    loupe.resize(300, 300)
    assert loupe.picture_box().width() * loupe.devicePixelRatioF() == pytest.approx(1600)
    loupe.toggle_zoom()
    assert loupe.look == FIT


def test_a_drag_moves_the_picture_but_not_out_of_the_widget(large: Workspace, qtbot: QtBot) -> None:
    loupe = shown(Loupe(large), qtbot, int(large.ids[0]))
    drag(loupe, QPoint(50, 50))
    assert loupe.look == FIT
    loupe.toggle_zoom()
    corner = loupe.picture_box().topLeft()
    drag(loupe, QPoint(30, 20))
    assert loupe.picture_box().topLeft() - corner == QPointF(30, 20)
    drag(loupe, QPoint(5000, 5000))
    assert loupe.picture_box().x() == pytest.approx(0)
    assert loupe.picture_box().y() == pytest.approx(0)


def test_another_sample_is_shown_whole(large: Workspace, qtbot: QtBot) -> None:
    loupe = shown(Loupe(large), qtbot, int(large.ids[0]))
    loupe.toggle_zoom()
    loupe.show_sample(int(large.ids[1]))
    assert loupe.look == FIT


def test_a_look_that_is_set_is_not_told_of(large: Workspace, qtbot: QtBot) -> None:
    loupe = shown(Loupe(large), qtbot, int(large.ids[0]))
    with qtbot.assertNotEmitted(loupe.look_changed):
        loupe.set_look(Look(0.3, 0.3, 4.0))
    with qtbot.waitSignal(loupe.look_changed):
        loupe.zoom_by(2.0)


def test_zoom_means_the_picture_under_the_mouse_else_the_largest(
    large: Workspace, window: QMainWindow, commands: Commands, qtbot: QtBot
) -> None:
    looking = Looking.of(commands)
    assert Looking.of(commands) is looking
    small, big = Loupe(large, window), Loupe(large, window)
    window.resize(600, 500)
    window.show()
    small.setGeometry(0, 0, 100, 100)
    big.setGeometry(100, 100, 400, 300)
    for loupe in (small, big):
        loupe.show()
        loupe.show_sample(int(large.ids[0]))
    qtbot.waitUntil(lambda: small.is_complete and big.is_complete, timeout=WAIT)
    mouse = Qt.WidgetAttribute.WA_UnderMouse
    small.setAttribute(mouse, False)
    small.clearFocus()
    commands.action("look.zoom").trigger()
    assert (small.look.zoom > 1, big.look.zoom > 1) == (False, True)
    small.setAttribute(mouse, True)
    commands.action("look.closer").trigger()
    assert small.look.zoom > 1


def picture(pixels: np.ndarray) -> layers.Layer:
    height, width = pixels.shape[:2]
    return layers.of_picture(Picture(width, height, pixels.tobytes(), width, height))


def test_equal_pictures_do_not_differ() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 410, 3), np.uint8)
    _layer, largest = layers.difference(picture(pixels), picture(pixels))
    assert largest == 0


def test_the_difference_is_white_where_it_is_largest() -> None:
    one = np.full((40, 60, 3), 100, np.uint8)
    other = one.copy()
    other[10, 20, 1] = 140
    layer, largest = layers.difference(picture(one), picture(other))
    assert largest == 40
    assert QColor(layer.image.pixel(20, 10)).red() == 255
    assert QColor(layer.image.pixel(30, 30)).red() == 0


def test_noise_is_not_stretched_to_white() -> None:
    one = np.full((40, 60, 3), 100, np.uint8)
    layer, largest = layers.difference(picture(one), picture(one + 1))
    assert largest == 1
    assert QColor(layer.image.pixel(5, 5)).red() < 64


def test_pictures_of_different_size_are_compared_at_one_size() -> None:
    small, big = np.full((20, 30, 3), 90, np.uint8), np.full((200, 300, 3), 90, np.uint8)
    layer, largest = layers.difference(picture(small), picture(big))
    assert largest == 0
    assert (layer.image.width(), layer.image.height()) == (30, 20)
