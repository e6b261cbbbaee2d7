"""The window for a model's mistakes: a key per verdict, the next comes by itself, undo goes back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from auditor.session import Session
from auditor.session.triage import Category, Judged, Severity, Triage, Word
from auditor.store import project, review
from ui.triage.window import TriageWindow
from ui.workspace import Workspace

WAIT = 30_000


def write_predictions(session: Session, path: Path) -> list[int]:
    """A model that is sure of the labels, but for samples 0, 5 and 9; returns these."""
    classes = session.read(project.classes)
    rows = session.read(review.label_lists).to_pylist()
    scores = np.full((len(rows), len(classes)), 0.02, np.float32)
    for row, one in enumerate(rows):
        code = classes.index(one["labels"][0])
        scores[row, (code + (row in (0, 5, 9))) % len(classes)] = 0.96
    np.save(path, scores)
    return [rows[place]["sample_id"] for place in (0, 5, 9)]


@pytest.fixture
def wrong(session: Session, tmp_path: Path) -> list[int]:
    found = write_predictions(session, tmp_path / "net.npy")
    Triage(session.store, session.folder, "ann").take_in(tmp_path / "net.npy")
    return found


@pytest.fixture
def triage(
    wrong: list[int], workspace: Workspace, window: QMainWindow, qtbot: QtBot
) -> TriageWindow:
    made = TriageWindow(workspace, window)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    qtbot.waitUntil(lambda: [one.sample_id for one in made.model.rows] == wrong, timeout=WAIT)
    made.list.setFocus()
    return made


def press(window: TriageWindow, *keys: str) -> None:
    for key in keys:
        QTest.keySequence(window, key)


def said(window: TriageWindow) -> list[Word | None]:
    return [one.word for one in window.model.rows]


def at(window: TriageWindow) -> int | None:
    return None if window.current is None else window.current.sample_id


def test_keys_alone_judge_every_mistake_and_the_next_comes_by_itself(
    triage: TriageWindow, wrong: list[int], session: Session, qtbot: QtBot
) -> None:
    assert at(triage) == triage.picture.sample_id == wrong[0]
    press(triage, "W", "4", "M")
    qtbot.waitUntil(lambda: at(triage) == wrong[1], timeout=WAIT)
    press(triage, "R")
    qtbot.waitUntil(lambda: at(triage) == wrong[2], timeout=WAIT)
    press(triage, "U")
    major = Word(Judged.WRONG, Category.SPURIOUS, Severity.MAJOR)
    expected = [major, Word(Judged.RIGHT), Word(Judged.UNCLEAR)]
    qtbot.waitUntil(lambda: said(triage) == expected, timeout=WAIT)
    assert triage.progress.format() == "3 of 3 judged"
    rows = {r["sample_id"]: r["labels"] for r in session.read(review.label_lists).to_pylist()}
    assert triage.model.rows[1].predicted in rows[wrong[1]]
    assert len(rows[wrong[1]]) == 2


def test_undo_goes_back_to_the_sample_and_takes_its_label_away(
    triage: TriageWindow, wrong: list[int], session: Session, qtbot: QtBot
) -> None:
    press(triage, "R")
    qtbot.waitUntil(lambda: at(triage) == wrong[1], timeout=WAIT)
    press(triage, "Ctrl+Z")
    qtbot.waitUntil(lambda: said(triage) == [None] * 3 and at(triage) == wrong[0], timeout=WAIT)
    rows = {r["sample_id"]: r["labels"] for r in session.read(review.label_lists).to_pylist()}
    assert len(rows[wrong[0]]) == 1


def test_a_letter_in_the_note_is_no_verdict_and_the_note_is_kept(
    triage: TriageWindow, wrong: list[int], qtbot: QtBot
) -> None:
    triage.judging.note.setFocus()
    QTest.keyClicks(triage.judging.note, "rum")
    assert triage.judging.note.text() == "rum"
    triage.list.setFocus()
    press(triage, "U")
    qtbot.waitUntil(lambda: at(triage) == wrong[1], timeout=WAIT)
    assert (triage.model.rows[0].note, said(triage)[1]) == ("rum", None)


def test_the_slice_is_written_and_without_a_major_error_a_sentence_says_why_not(
    triage: TriageWindow, wrong: list[int], tmp_path: Path, qtbot: QtBot
) -> None:
    out = tmp_path / "m.json"
    triage.export_slice(out)
    qtbot.waitUntil(lambda: "judged major" in triage.notice.sentence, timeout=WAIT)
    assert not out.exists()
    press(triage, "M")
    qtbot.waitUntil(lambda: at(triage) == wrong[1], timeout=WAIT)
    triage.export_slice(out)
    qtbot.waitUntil(lambda: "is written. Samples: 1." in triage.notice.sentence, timeout=WAIT)
    assert len(json.loads(out.read_text("utf-8"))["samples"]) == 1


def test_a_file_that_does_not_fit_is_refused_in_a_sentence(
    triage: TriageWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    np.save(tmp_path / "short.npy", np.zeros(3, np.int64))
    triage.take_in(tmp_path / "short.npy")
    qtbot.waitUntil(lambda: "has 3 rows" in triage.notice.sentence, timeout=WAIT)
    assert triage.models.count() == 1


def test_everything_that_takes_the_focus_has_a_name(triage: TriageWindow) -> None:
    nameless = [
        type(one).__name__
        for one in triage.findChildren(QWidget)
        if one.isVisible()
        and one.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not one.accessibleName()
        and not (isinstance(one, QAbstractButton) and one.text())
    ]
    assert nameless == []
