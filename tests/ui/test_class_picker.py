from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListView
from pytestqt.qtbot import QtBot

from ui.review.class_picker import ClassPicker

CLASSES = ["tabby cat", "cat", "Catfish", "bobcat", "dog", "hot dog"]


@pytest.fixture
def picker(qtbot: QtBot) -> ClassPicker:
    made = ClassPicker(CLASSES)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
    return made


def line(picker: ClassPicker) -> QLineEdit:
    found = picker.findChild(QLineEdit)
    assert isinstance(found, QLineEdit)
    return found


def listed(picker: ClassPicker) -> list[str]:
    view = picker.findChild(QListView)
    assert isinstance(view, QListView)
    model = view.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_with_nothing_typed_the_likeliest_come_first(picker: ClassPicker) -> None:
    assert listed(picker) == CLASSES
    picker.rank(["dog", "cat"])
    assert listed(picker) == ["dog", "cat"]


def test_the_name_itself_comes_first_then_beginnings_then_words_then_parts(
    picker: ClassPicker, qtbot: QtBot
) -> None:
    QTest.keyClicks(line(picker), "cat")
    assert listed(picker) == ["cat", "Catfish", "tabby cat", "bobcat"]


def test_enter_chooses_what_is_marked_and_the_arrows_move_the_mark(
    picker: ClassPicker, qtbot: QtBot
) -> None:
    QTest.keyClicks(line(picker), "dog")
    QTest.keyClick(line(picker), Qt.Key.Key_Down)
    with qtbot.waitSignal(picker.chosen) as chosen:
        QTest.keyClick(line(picker), Qt.Key.Key_Return)
    assert chosen.args == ["hot dog"]


def test_a_name_that_fits_no_class_is_offered_as_a_new_one_after_those_that_fit(
    picker: ClassPicker, qtbot: QtBot
) -> None:
    QTest.keyClicks(line(picker), "Dogs")
    assert listed(picker) == ["Add “Dogs” as a new class"]
    with qtbot.waitSignal(picker.chosen) as chosen:
        QTest.keyClick(line(picker), Qt.Key.Key_Return)
    assert chosen.args == ["Dogs"]


def test_a_class_spelled_otherwise_is_no_new_class(picker: ClassPicker, qtbot: QtBot) -> None:
    QTest.keyClicks(line(picker), "CATFISH")
    assert listed(picker) == ["Catfish"]


def test_a_part_of_a_name_marks_the_class_and_not_the_new_one(
    picker: ClassPicker, qtbot: QtBot
) -> None:
    QTest.keyClicks(line(picker), "bob")
    assert listed(picker) == ["bobcat", "Add “bob” as a new class"]
    with qtbot.waitSignal(picker.chosen) as chosen:
        QTest.keyClick(line(picker), Qt.Key.Key_Return)
    assert chosen.args == ["bobcat"]


def test_escape_chooses_nothing(picker: ClassPicker, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(picker.chosen):
        QTest.keyClick(line(picker), Qt.Key.Key_Escape)
    assert not picker.isVisible()


def test_twenty_thousand_classes_are_searched_through_their_end(qtbot: QtBot) -> None:
    picker = ClassPicker([f"class {number:05}" for number in range(20_000)])
    picker.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
    qtbot.addWidget(picker)
    line(picker).setText("19999")
    assert listed(picker) == ["class 19999", "Add “19999” as a new class"]


def test_another_order_leaves_the_mark_that_was_moved(picker: ClassPicker, qtbot: QtBot) -> None:
    QTest.keyClick(line(picker), Qt.Key.Key_Down)
    picker.rank(["dog", "hot dog", "bobcat", "cat"])
    with qtbot.waitSignal(picker.chosen) as chosen:
        QTest.keyClick(line(picker), Qt.Key.Key_Return)
    assert chosen.args == ["cat"]
