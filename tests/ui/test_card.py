"""The evidence card: what is known of the sample in focus, at once, and its note."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from auditor.model import Verdict
from auditor.session import Session
from auditor.session.browsing import Ids, View
from auditor.session.evidence import Evidence, evidence
from tests.ui import tampering, world
from ui.commands import Commands
from ui.review.card import EvidenceCard
from ui.review.looking import Looking
from ui.workspace import Workspace

WAIT = 20_000


def like(session: Session, pattern: str) -> list[int]:
    """Samples by a part of their path."""
    query = "select sample_id from sample where path like ? order by sample_id"
    found = session.read(lambda db: db.execute(query, [f"%{pattern}%"]).fetchall())
    return [int(row[0]) for row in found]


def known(session: Session, sample_id: int) -> Evidence:
    return session.read(lambda db: evidence(db, sample_id, "label_errors"))


@pytest.fixture
def card(
    workspace: Workspace, commands: Commands, window: QMainWindow, session: Session, qtbot: QtBot
) -> EvidenceCard:
    """A card in a window, with a wrongly labelled sample in focus."""
    with qtbot.waitSignal(workspace.ids_changed, timeout=WAIT):
        workspace.set_view(View(check_id="label_errors"))
    workspace.set_focus(like(session, "wrong")[0])
    made = EvidenceCard(workspace, commands)
    window.setCentralWidget(made)
    window.resize(360, 800)
    window.show()
    qtbot.waitUntil(lambda: made.evidence is not None, timeout=WAIT)
    return made


def go(card: EvidenceCard, workspace: Workspace, qtbot: QtBot, sample_id: int) -> Evidence:
    """Bring a sample into focus, and wait for its evidence."""
    workspace.set_focus(sample_id)
    qtbot.waitUntil(
        lambda: card.evidence is not None and card.evidence.sample_id == sample_id, timeout=WAIT
    )
    assert card.evidence is not None
    return card.evidence


def test_says_what_is_given_and_what_is_suggested(card: EvidenceCard) -> None:
    assert card.evidence is not None
    words = card.body.head.words
    assert card.evidence.given[0] in words
    assert card.evidence.suggested[0] in words
    assert card.evidence.p_error_words in words
    assert card.body.head.chip.words == "○ Not decided"


def test_says_which_ways_of_judging_agree(card: EvidenceCard) -> None:
    assert card.evidence is not None
    some, total = len(card.evidence.views_suggested), card.evidence.views_total
    assert f"{some} of {total} ways of judging (linear model" in card.body.head.words


def test_every_check_gives_its_reasons(card: EvidenceCard) -> None:
    assert card.evidence is not None
    said = card.body.reasons.text()
    for finding in card.evidence.findings:
        assert finding.title in said
        assert all(sentence in said for sentence in finding.sentences)


def test_a_class_that_is_clicked_is_chosen(card: EvidenceCard, qtbot: QtBot) -> None:
    assert card.evidence is not None
    with qtbot.waitSignal(card.class_chosen) as chosen:
        card.body.classes.buttons[1].click()
    assert chosen.args == [card.evidence.ranked[1][0]]


def test_the_old_words_stay_until_the_new_ones_are_there(
    card: EvidenceCard, workspace: Workspace, session: Session
) -> None:
    before = card.body.head.words
    workspace.set_focus(like(session, "zero-05")[0])
    assert card.body.head.words == before
    assert card.words == ""


def test_the_next_samples_evidence_is_at_hand(
    card: EvidenceCard, workspace: Workspace, qtbot: QtBot
) -> None:
    place = workspace.place(workspace.focus)
    assert place is not None
    following = int(workspace.ids[place + 1])
    qtbot.waitUntil(lambda: (following, "label_errors") in card._ready, timeout=WAIT)  # noqa: SLF001
    workspace.step(1)
    assert card.evidence is not None
    assert card.evidence.sample_id == following


def test_what_was_at_hand_is_read_again_after_a_decision(
    card: EvidenceCard, workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    place = workspace.place(workspace.focus)
    assert place is not None
    following = int(workspace.ids[place + 1])
    qtbot.waitUntil(lambda: (following, "label_errors") in card._ready, timeout=WAIT)  # noqa: SLF001
    with qtbot.waitSignal(workspace.rows_changed, timeout=WAIT):
        session.decide_on(ids(following), Verdict.EXCLUDE)
    assert go(card, workspace, qtbot, following).verdict == "exclude"
    assert card.body.head.chip.words == "✕ Excluded"


def test_a_decision_is_shown_with_its_history(
    card: EvidenceCard, session: Session, qtbot: QtBot
) -> None:
    assert card.evidence is not None
    session.decide_on(
        ids(card.evidence.sample_id), Verdict.RELABEL, labels=["zero"], title="Say zero"
    )
    qtbot.waitUntil(lambda: card.body.head.chip.words == "✎ Relabelled", timeout=WAIT)
    assert "zero" in card.body.head.words
    assert "Say zero" in card.body.history.text()


def test_a_label_kept_before_it_was_flagged_is_said_to_be(
    card: EvidenceCard, session: Session, qtbot: QtBot
) -> None:
    tampering.keep_before(session, [card_evidence(card).sample_id], "label_errors")
    words = "Label kept before this was found"
    qtbot.waitUntil(lambda: words in card.body.head.chip.words, timeout=WAIT)


def ids(*sample_ids: int) -> Ids:
    return np.array(sample_ids, np.int64)


def test_a_note_is_kept_by_enter_and_the_focus_goes_back(
    card: EvidenceCard, commands: Commands, session: Session, qtbot: QtBot
) -> None:
    assert card.evidence is not None
    sample_id, note = card.evidence.sample_id, card.body.note
    card.loupe.setFocus()
    commands.action("decide.note").trigger()
    assert QApplication.focusWidget() is note
    QTest.keyClicks(note, "looks like a 3")
    QTest.keyClick(note, Qt.Key.Key_Return)
    assert QApplication.focusWidget() is card.loupe
    qtbot.waitUntil(lambda: known(session, sample_id).note == "looks like a 3", timeout=WAIT)


def test_escape_drops_what_was_written(
    card: EvidenceCard, commands: Commands, session: Session, qtbot: QtBot
) -> None:
    assert card.evidence is not None
    note = card.body.note
    card.loupe.setFocus()
    commands.action("decide.note").trigger()
    QTest.keyClicks(note, "no")
    QTest.keyClick(note, Qt.Key.Key_Escape)
    assert note.text() == ""
    assert QApplication.focusWidget() is card.loupe
    assert known(session, card.evidence.sample_id).note is None


def test_a_note_begun_belongs_to_the_sample_it_was_begun_for(
    card: EvidenceCard, workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    assert card.evidence is not None
    first, other = card.evidence.sample_id, like(session, "zero-05")[0]
    QTest.keyClicks(card.body.note, "begun")
    go(card, workspace, qtbot, other)
    assert card.body.note.text() == ""
    qtbot.waitUntil(lambda: known(session, first).note == "begun", timeout=WAIT)
    assert known(session, other).note is None


def test_news_about_the_sample_do_not_take_what_is_being_written(
    card: EvidenceCard, session: Session, qtbot: QtBot
) -> None:
    assert card.evidence is not None
    QTest.keyClicks(card.body.note, "half a sen")
    with qtbot.waitSignal(card.shown, timeout=WAIT):
        session.decide_on(ids(card.evidence.sample_id), Verdict.KEEP)
    assert card.body.note.text() == "half a sen"


def test_a_file_that_cannot_be_read_says_why(
    card: EvidenceCard, workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    go(card, workspace, qtbot, like(session, "broken")[0])
    assert "damaged" in card.body.head.words
    assert "Almost surely wrong" not in card.body.head.words


def test_nothing_in_focus_is_said(card: EvidenceCard, workspace: Workspace) -> None:
    workspace.set_focus(None)
    assert card.words == "Nothing in focus"


def test_a_sample_that_is_gone_is_said(
    card: EvidenceCard, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.set_focus(99_999)
    qtbot.waitUntil(lambda: "99999" in card.words, timeout=WAIT)


def test_of_a_thousand_classes_ten_are_shown(card: EvidenceCard) -> None:
    assert card.evidence is not None
    ranked = tuple((f"class {i}", 0.001) for i in range(1000))
    card.body.tell(replace(card.evidence, ranked=ranked))
    shown = [one for one in card.body.classes.buttons if not one.isHidden()]
    assert [one.name for one in shown] == [f"class {i}" for i in range(10)]
    assert card.body.classes.rest_words == "990 more classes: type to find with T"


def test_all_labels_of_a_sample_are_shown(card: EvidenceCard) -> None:
    assert card.evidence is not None
    both = ("cat", "dog")
    card.body.tell(replace(card.evidence, given=both, labels=both, suggested=("cat",)))
    assert "cat, dog" in card.body.head.words


def test_names_are_text_and_never_markup(card: EvidenceCard) -> None:
    assert card.evidence is not None
    name = "<img src=x>"
    card.body.tell(replace(card.evidence, given=(name,), labels=(name,), extra=(("a", name),)))
    assert "&lt;img src=x&gt;" in card.body.head.words
    assert name not in card.body.extra.text()


def test_a_neighbour_that_is_clicked_is_compared(
    card: EvidenceCard, commands: Commands, qtbot: QtBot
) -> None:
    assert card.evidence is not None
    looking = Looking.of(commands)
    with qtbot.waitSignal(looking.compare_wanted):
        card.body.neighbours.suggested.buttons[0].click()
    assert looking.pair == (card.evidence.sample_id, card.evidence.neighbours_suggested[0])


def test_a_neighbour_that_is_clicked_with_ctrl_comes_into_focus(
    card: EvidenceCard, workspace: Workspace
) -> None:
    assert card.evidence is not None
    wanted = card.evidence.neighbours_given[0]
    QTest.mouseClick(
        card.body.neighbours.given.buttons[0],
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ControlModifier,
    )
    assert workspace.focus == wanted


def test_the_path_is_copied_whole(card: EvidenceCard, session: Session, qtbot: QtBot) -> None:
    assert card.evidence is not None
    card.body.file.copy_button.click()
    whole = str(session.understood.root / card.evidence.path)
    qtbot.waitUntil(lambda: QApplication.clipboard().text() == whole, timeout=WAIT)


def test_every_button_can_be_read_in_a_narrow_card(card: EvidenceCard) -> None:
    card.body.tell(replace(card_evidence(card), extra=(("a", "b"),)))
    buttons = card.findChildren(QPushButton) + card.findChildren(QToolButton)
    seen = [one for one in buttons if one.isVisible() and one.text()]
    assert len(seen) >= 3
    for button in seen:
        assert button.width() >= button.fontMetrics().horizontalAdvance(button.text())
        assert button.geometry().right() < card.body.viewport().width()
    assert card.body.horizontalScrollBar().maximum() == 0


def card_evidence(card: EvidenceCard) -> Evidence:
    assert card.evidence is not None
    return card.evidence


def test_every_widget_that_one_can_use_has_a_name(card: EvidenceCard) -> None:
    for widget in (card.loupe, card.body.note, *card.body.classes.buttons[: len(world.CLASSES)]):
        assert widget.accessibleName()
