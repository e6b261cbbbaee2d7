from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from auditor.session import Understanding
from ui.start.import_dialog import ImportDialog
from ui.start.reader import Reader
from ui.start.reading import Place, Reading

Open = Callable[[Path], ImportDialog]


@pytest.fixture
def open_dialog(qtbot: QtBot) -> Iterator[Open]:
    made: list[ImportDialog] = []

    def show(source: Path) -> ImportDialog:
        dialog = ImportDialog(source)
        qtbot.addWidget(dialog)
        dialog.show()
        made.append(dialog)
        return dialog

    yield show
    for dialog in made:
        dialog.reject()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of three pictures."""
    for name in ("cat", "dog"):
        for number in range(3):
            draw(tmp_path / "pets" / name / f"{number}.png")
    return tmp_path / "pets"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A list with two columns that could be the label."""
    lines = ["file,species,category,age,split"]
    for number in range(6):
        draw(tmp_path / "i" / f"{number}.png")
        lines.append(f"i/{number}.png,{'cat' if number % 2 else 'dog'};pet,pet,{number},train")
    (tmp_path / "list.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "list.csv"


def draw(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4)).save(path)


def wait(dialog: ImportDialog, qtbot: QtBot) -> Reading:
    qtbot.waitUntil(lambda: dialog.reading is not None, timeout=20_000)
    qtbot.waitUntil(lambda: dialog.project.place is not None)
    assert dialog.reading is not None
    return dialog.reading


def understood_by(dialog: ImportDialog, qtbot: QtBot) -> Understanding:
    found = wait(dialog, qtbot).understood
    assert found is not None
    return found


def texts(dialog: QWidget) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def import_button(dialog: ImportDialog) -> QPushButton:
    return next(b for b in dialog.findChildren(QPushButton) if b.text() == "Import")


def choose(dialog: ImportDialog, name: str, entry: str) -> None:
    combo = next(c for c in dialog.findChildren(QComboBox) if c.accessibleName() == name)
    combo.setCurrentIndex(combo.findText(entry))


def test_a_folder_of_classes_is_explained_and_handed_over(
    open_dialog: Open, folder: Path, qtbot: QtBot
) -> None:
    dialog = open_dialog(folder)
    wait(dialog, qtbot)
    said = texts(dialog)
    assert "2: cat, dog" in said
    assert "one for each picture" in said
    assert "Picture column" not in said
    with qtbot.waitSignal(dialog.import_ready) as ready:
        QTest.keyClick(dialog, Qt.Key.Key_Return)
    understood, project = ready.args
    assert (understood.samples, understood.source) == (6, folder)
    assert project == folder.parent / "pets.audit"
    assert not project.exists()


def test_nothing_can_be_imported_while_it_is_read(open_dialog: Open, folder: Path) -> None:
    dialog = open_dialog(folder)
    assert dialog.reading is None
    assert "Reading" in texts(dialog)
    assert not import_button(dialog).isEnabled()
    with_nothing = []
    dialog.import_ready.connect(lambda *_: with_nothing.append(1))
    dialog.accept()
    assert dialog.isVisible()
    assert with_nothing == []


def test_an_unclear_table_is_put_right_by_choosing_a_column(
    open_dialog: Open, table: Path, qtbot: QtBot
) -> None:
    dialog = open_dialog(table)
    assert wait(dialog, qtbot).understood is None
    assert dialog.notice.sentence.startswith("Several columns could be the label")
    assert "--" not in dialog.notice.sentence
    assert "“Label column”" in dialog.notice.sentence
    assert not import_button(dialog).isEnabled()
    choose(dialog, "Label column", "species")
    understood = understood_by(dialog, qtbot)
    assert understood.columns["label"] == "species"
    assert dialog.notice.sentence == ""
    assert import_button(dialog).isEnabled()


def test_a_separator_makes_several_labels(open_dialog: Open, table: Path, qtbot: QtBot) -> None:
    dialog = open_dialog(table)
    wait(dialog, qtbot)
    choose(dialog, "Label column", "species")
    wait(dialog, qtbot)
    choose(dialog, "Several labels in a cell", "never: a cell is one label")
    assert understood_by(dialog, qtbot).classes == ("cat;pet", "dog;pet")
    choose(dialog, "Several labels in a cell", "parted by ;")
    assert understood_by(dialog, qtbot).classes == ("cat", "dog", "pet")
    assert "any number for each picture" in texts(dialog)
    assert "age (number)" in texts(dialog)


def test_pictures_that_lie_elsewhere_are_found_from_another_folder(
    open_dialog: Open, table: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (tmp_path / "i").rename(moved / "i")
    dialog = open_dialog(table)
    wait(dialog, qtbot)
    choose(dialog, "Label column", "category")
    assert understood_by(dialog, qtbot).problem_count == 6
    assert "6 problems" in texts(dialog)
    dialog.mapping.set_images(moved)
    assert understood_by(dialog, qtbot).problem_count == 0


def test_another_format_forgets_the_columns(open_dialog: Open, table: Path, qtbot: QtBot) -> None:
    dialog = open_dialog(table)
    wait(dialog, qtbot)
    choose(dialog, "Label column", "species")
    wait(dialog, qtbot)
    choose(dialog, "Read as", "image folder: [split/]class/file")
    reading = wait(dialog, qtbot)
    assert reading.understood is None
    assert dialog.notice.sentence == f"{table} is not a folder."


@pytest.mark.parametrize("name", ["empty", "notes.txt", "broken.csv", "not-there"])
def test_what_is_no_data_set_is_said_in_place(
    name: str, open_dialog: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "broken.csv").write_bytes(b"\x00\xff\xfe\x00")
    dialog = open_dialog(tmp_path / name)
    assert wait(dialog, qtbot).understood is None
    assert dialog.notice.sentence
    assert "Error" not in dialog.notice.sentence
    assert not import_button(dialog).isEnabled()


def test_three_thousand_files_with_problems_show_the_first(
    open_dialog: Open, tmp_path: Path, qtbot: QtBot
) -> None:
    draw(tmp_path / "big" / "a" / "0.png")
    content = (tmp_path / "big" / "a" / "0.png").read_bytes()
    for number in range(1, 3000):
        (tmp_path / "big" / "a" / f"{number}.png").write_bytes(content)
    for number in range(30):
        (tmp_path / "big" / "a" / f"{number}.txt").touch()
    dialog = open_dialog(tmp_path / "big")
    understood = understood_by(dialog, qtbot)
    assert "3,000" in texts(dialog)
    assert f"{understood.problem_count:,} problem" in texts(dialog)


def test_a_project_that_exists_is_added_to(open_dialog: Open, folder: Path, qtbot: QtBot) -> None:
    project = folder.parent / "pets.audit"
    project.mkdir()
    (project / "project.duckdb").touch()
    dialog = open_dialog(folder)
    wait(dialog, qtbot)
    assert dialog.project.place is Place.PROJECT
    assert "is added" in dialog.project.sentence


@pytest.mark.parametrize("text", ["", "relative.audit", "{file}/x.audit"])
def test_where_no_project_can_be_none_is_made(
    text: str, open_dialog: Open, folder: Path, qtbot: QtBot
) -> None:
    dialog = open_dialog(folder)
    wait(dialog, qtbot)
    dialog.project.line.setText(text.format(file=folder / "cat" / "0.png"))
    assert not import_button(dialog).isEnabled()
    qtbot.waitUntil(lambda: dialog.project.place is Place.WRONG)
    assert not import_button(dialog).isEnabled()


def test_closing_while_it_reads_hands_nothing_over(
    open_dialog: Open, folder: Path, qtbot: QtBot
) -> None:
    dialog = open_dialog(folder)
    with qtbot.assertNotEmitted(dialog.import_ready, wait=300):
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_newer_question_takes_the_place_of_a_slow_one(qtbot: QtBot) -> None:
    reader, gate, answers = Reader(), threading.Event(), list[str]()

    def slow() -> str:
        gate.wait(10)
        return "slow"

    reader.ask(slow, answers.append, lambda error: answers.append(str(error)))
    reader.ask(lambda: "quick", answers.append, lambda error: answers.append(str(error)))
    qtbot.waitUntil(lambda: answers == ["quick"])
    with qtbot.waitSignal(reader.destroyed):
        reader.close()
        gate.set()
    assert answers == ["quick"]
