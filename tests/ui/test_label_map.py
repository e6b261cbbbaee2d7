"""The label map: fields of one class over the picture, in its colour, shown or hidden by a key."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session.evidence import MapCell
from tests.ui.test_card import card  # noqa: F401  a fixture
from ui.charts import palette
from ui.commands import Commands
from ui.review import map_veil
from ui.review.card import EvidenceCard

CELLS = tuple(
    MapCell(x / 2, y / 2, (x + 1) / 2, (y + 1) / 2, "cat" if x else "dog", 0.9)
    for y in range(2)
    for x in range(2)
)


def painted(cells: tuple[MapCell, ...]) -> QImage:
    image = QImage(200, 200, QImage.Format.Format_RGB32)
    image.fill(QColor("#808080"))
    painter = QPainter(image)
    map_veil.paint(cells, painter, QRectF(0, 0, 200, 200))
    painter.end()
    return image


def test_each_half_is_tinted_in_the_colour_of_its_class(qtbot: QtBot) -> None:
    image = painted(CELLS)
    left, right = image.pixelColor(60, 150), image.pixelColor(150, 150)
    first, second = palette.kinds()[:2]  # of equally frequent classes the first by name
    for pixel, tint in ((right, first), (left, second)):
        for channel in ("red", "green", "blue"):
            moved = getattr(pixel, channel)() - 128
            wanted = getattr(tint, channel)() - 128
            assert moved * wanted >= 0
    assert left != right


def test_only_where_classes_meet_there_is_an_edge(qtbot: QtBot) -> None:
    image = painted(CELLS)
    inside = image.pixelColor(60, 99), image.pixelColor(60, 150)
    assert inside[0] == inside[1]
    assert image.pixelColor(100, 150) != image.pixelColor(103, 150)


def test_the_map_lies_over_the_picture_until_its_key_hides_it(
    card: EvidenceCard,  # noqa: F811
    commands: Commands,
    window: QMainWindow,
    qtbot: QtBot,
) -> None:
    assert card.evidence is not None
    assert card.evidence.label_map == ()
    bare = card.loupe.grab().toImage()
    card.evidence = replace(card.evidence, label_map=CELLS)
    action = commands.action("look.map")
    action.trigger()
    assert card.loupe.grab().toImage() == bare
    action.trigger()
    assert card.loupe.grab().toImage() != bare
    assert "look.map" in {one.id for one in commands.all()}
