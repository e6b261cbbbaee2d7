"""Packets in the window: handed out, answered by keys, kept at once, and taken back."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMainWindow
from pytestqt.qtbot import QtBot

from auditor.model import ChangeSet, Verdict
from auditor.session import Session
from auditor.session.ballots import VotingError
from auditor.session.packets import PacketOptions, Packets, Reviewing
from auditor.session.votes import Voting
from auditor.store import project
from auditor.store.db import Connection
from ui.notice import Notice
from ui.packet.handing import Handing
from ui.packet.make_dialog import MakePacketDialog
from ui.packet.window import PacketWindow
from ui.review.class_picker import ClassPicker
from ui.workspace import Workspace

WAIT = 30_000
COUNT = 4


@pytest.fixture
def file(session: Session, tmp_path: Path) -> Path:
    out = tmp_path / "ann.packet"
    options = PacketOptions(reviewer="ann", count=COUNT, is_blind=False)
    Packets(session.store, session.folder).make(out, options)
    return out


@pytest.fixture
def packet(file: Path, qtbot: QtBot) -> Iterator[PacketWindow]:
    made = opened(file, qtbot)
    yield made
    made.close()


def opened(file: Path, qtbot: QtBot) -> PacketWindow:
    made = PacketWindow(Reviewing.open(file))
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def more_classes_than_are_asked_about(db: Connection) -> ChangeSet:
    project.add_classes(db, ["one", "two", "four", "five"])
    return ChangeSet(frozenset({"class"}))


def press(window: PacketWindow, *keys: str) -> None:
    for key in keys:
        QTest.keySequence(window, key)


def answers(file: Path) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yes and maybe of each item, as they are in the file."""
    return {name: (one.yes, one.maybe) for name, one in Reviewing.open(file).answers.items()}


def test_keys_alone_answer_a_packet_and_each_answer_is_in_the_file(
    packet: PacketWindow, file: Path, qtbot: QtBot
) -> None:
    items = Reviewing.open(file).manifest.items
    assert packet.item.item == items[0].item
    assert packet.canvas.layers, "the picture is shown"
    press(packet, "1", "Alt+2", "Return")
    assert packet.item.item == items[1].item
    press(packet, "0")
    press(packet, "3", "3", "2", "Return")
    expected = {
        items[0].item: ((items[0].candidates[0],), (items[0].candidates[1],)),
        items[1].item: ((), ()),
        items[2].item: ((items[2].candidates[1],), ()),
    }
    qtbot.waitUntil(lambda: answers(file) == expected, timeout=WAIT)
    assert packet.progress.format() == "3 of 4 answered"
    press(packet, "1", "Return")
    assert "Every picture is answered" in packet.notice.sentence
    qtbot.waitUntil(lambda: len(answers(file)) == COUNT, timeout=WAIT)


def test_enter_alone_is_no_answer_and_leaving_a_picture_keeps_what_was_chosen(
    packet: PacketWindow, file: Path, qtbot: QtBot
) -> None:
    first = packet.item
    press(packet, "Return")
    assert packet.item is first
    assert "Choose what fits" in packet.notice.sentence
    press(packet, "2", "J")
    assert packet.item is not first
    qtbot.waitUntil(
        lambda: answers(file) == {first.item: ((first.candidates[1],), ())}, timeout=WAIT
    )
    press(packet, "J", "K", "K")
    assert packet.item is first
    assert packet.labels.yes == (first.candidates[1],)
    assert list(answers(file)) == [first.item], "looking is no answer"


def test_what_is_no_longer_chosen_is_no_answer_and_a_note_waits_for_one(
    packet: PacketWindow, file: Path, qtbot: QtBot
) -> None:
    first = packet.item
    press(packet, "1", "J", "K", "1")
    packet.note.setText("odd one")
    press(packet, "J")
    qtbot.waitUntil(lambda: answers(file) == {} and packet.saved.text() == "Saved", timeout=WAIT)
    press(packet, "K")
    assert packet.item is first
    assert packet.note.text() == "odd one"
    press(packet, "2", "Return")
    qtbot.waitUntil(lambda: len(answers(file)) == 1, timeout=WAIT)
    (said,) = Reviewing.open(file).answers.values()
    assert (said.note, said.yes) == ("odd one", (first.candidates[1],))


def test_undo_takes_the_last_answer_back_from_the_file(
    packet: PacketWindow, file: Path, qtbot: QtBot
) -> None:
    first = packet.item
    press(packet, "1", "Return", "0", "Ctrl+Z", "Ctrl+Z")
    assert packet.item is first
    assert packet.labels.yes == ()
    qtbot.waitUntil(lambda: answers(file) == {} and packet.saved.text() == "Saved", timeout=WAIT)


def test_a_class_that_was_not_asked_about_can_be_named(
    session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    session.store.write(more_classes_than_are_asked_about).result()
    out = tmp_path / "ann.packet"
    Packets(session.store, session.folder).make(out, PacketOptions(reviewer="ann", count=2))
    packet = opened(out, qtbot)
    first = packet.item
    name = min(set(Reviewing.open(out).manifest.classes) - set(first.candidates))
    press(packet, "T")
    (picker,) = packet.findChildren(ClassPicker)
    line = picker.findChild(QLineEdit)
    assert isinstance(line, QLineEdit)
    line.setText("no such class")
    assert picker.shown == []
    line.setText(name)
    QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(packet.isActiveWindow, timeout=WAIT)
    press(packet, "Return")
    packet.close()
    assert answers(out) == {first.item: ((name,), ())}


def test_a_digit_in_the_note_is_no_answer(packet: PacketWindow, file: Path, qtbot: QtBot) -> None:
    press(packet, "N")
    qtbot.waitUntil(packet.note.hasFocus, timeout=WAIT)
    QTest.keyClicks(packet.note, "10 of them")
    assert packet.labels.yes == ()
    QTest.keyClick(packet.note, Qt.Key.Key_Return)
    press(packet, "1", "Return")
    qtbot.waitUntil(lambda: len(answers(file)) == 1, timeout=WAIT)
    (said,) = Reviewing.open(file).answers.values()
    assert said.note == "10 of them"


def test_who_goes_on_later_begins_at_the_first_open_picture(file: Path, qtbot: QtBot) -> None:
    before = opened(file, qtbot)
    press(before, "1", "Return", "0")
    before.close()
    after = opened(file, qtbot)
    assert after.item.item == Reviewing.open(file).manifest.items[2].item
    after.close()


def test_where_the_file_cannot_be_written_a_sentence_says_so_and_nothing_is_lost(
    file: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    packet = opened(file, qtbot)
    away = tmp_path / "elsewhere.packet"
    shutil.move(file, away)
    press(packet, "1", "Return")
    qtbot.waitUntil(lambda: "could not be saved" in packet.notice.sentence, timeout=WAIT)
    packet.close()
    assert packet.isVisible(), "closing warns first"
    shutil.move(away, file)
    press(packet, "Ctrl+S")
    qtbot.waitUntil(lambda: packet.saved.text() == "Saved", timeout=WAIT)
    assert len(answers(file)) == 1
    packet.close()
    assert not packet.isVisible()


def test_a_packet_is_made_by_the_dialog_and_what_comes_back_becomes_votes(
    workspace: Workspace, window: QMainWindow, session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    notice = Notice(window)
    handing = Handing(workspace, notice, window)
    handing.hand_out()
    (dialog,) = window.findChildren(MakePacketDialog)
    qtbot.waitUntil(lambda: dialog.what.count() > 1, timeout=WAIT)
    dialog.reviewer.setText("bob b.")
    file = Path(dialog.file.text())
    assert file.name == "bob-b..packet"
    dialog.count.setValue(3)
    dialog.start()
    qtbot.waitUntil(lambda: "is written: 3 pictures" in notice.sentence, timeout=WAIT)
    assert Reviewing.open(file).manifest.is_blind
    answered = opened(file, qtbot)
    press(answered, "1", "Return", "1", "Return", "0")
    answered.close()
    handing.take_back([file])
    qtbot.waitUntil(lambda: "3 answers came" in notice.sentence, timeout=WAIT)
    votes = Voting(session.store, session.folder).all()
    assert set(votes["annotator"].to_pylist()) == {"bob b."}


def test_a_stale_packet_is_refused_and_the_others_can_be_taken_in(
    workspace: Workspace, window: QMainWindow, session: Session, file: Path, qtbot: QtBot
) -> None:
    packet = opened(file, qtbot)
    press(packet, "0", "0")
    packet.close()
    item = Reviewing.open(file).manifest.items[0]
    session.decide_on(np.array([item.sample_id]), Verdict.EXCLUDE)
    notice = Notice(window)
    handing = Handing(workspace, notice, window)
    handing.take_back([file])
    qtbot.waitUntil(lambda: "is stale" in notice.sentence, timeout=WAIT)
    assert "--skip-stale" not in notice.sentence
    with pytest.raises(VotingError):
        Voting(session.store, session.folder).all()
    handing.take_back([file], skip_stale=True)
    qtbot.waitUntil(lambda: "1 answers came" in notice.sentence or "new votes" in notice.sentence)
    assert "Left out because they changed: 1." in notice.sentence


def shown_by_the_program(file: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-c", _OPENS, str(file)], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_the_program_opens_a_packet(file: Path) -> None:
    assert shown_by_the_program(file) == "PacketWindow True"


def test_what_is_no_packet_is_refused_in_a_sentence(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])
    assert "ann.packet is broken, or no packet" in shown_by_the_program(file)


_OPENS = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ui.app import Program

app = QApplication([])
app.setQuitOnLastWindowClosed(False)
program = Program(app)
program.open_packet(Path(sys.argv[1]))
def look():
    if sentence := program.start.page.notice.sentence:
        print(sentence, flush=True)
        app.quit()
    elif program.packet is None:
        QTimer.singleShot(50, look)
    else:
        print(type(program.packet).__name__, program.packet.isVisible(), flush=True)
        program.packet.close()
QTimer.singleShot(0, look)
app.exec()
"""
