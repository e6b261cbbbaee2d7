"""The bank's editor, the reliability of questions, and what is said before anybody is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from auditor.session import AuditOptions, ImportOptions, Session, understand
from auditor.session.interview import CAPTION_CHECK, CHECK, Kind, Question, Reliability
from tests.answer_server import Body, Handler, question, serving
from ui.ask import words
from ui.ask.reliability import RIGHT
from ui.ask.setup import AskSetup
from ui.ask.table import EXPECTED, KIND, LOCKED, ON, TEXT
from ui.ask.window import QuestionsWindow
from ui.audit.panel import AuditPanel
from ui.commands import Commands
from ui.workspace import Workspace

WAIT = 30_000
CHECKED = Qt.CheckState.Checked


def sees_threes(handler: Handler, body: Body) -> None:
    """Takes every picture for a three, and will not say of zeros."""
    if not handler.path.endswith("completions"):
        handler.reply({}, status=404)
        return
    asked = question(body)
    handler.say("Yes." if "three" in asked else "Perhaps." if "zero" in asked else "No.")


@pytest.fixture
def asked(workspace: Workspace, window: QMainWindow, qtbot: QtBot) -> QuestionsWindow:
    made = QuestionsWindow(workspace, window)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    qtbot.waitUntil(lambda: made.editor.classes.count() == 3, timeout=WAIT)
    return made


def stored(session: Session, about: str = "seven") -> list[Question]:
    return [one for one in session.interview.bank() if one.about == about]


def wait_for_bank(session: Session, qtbot: QtBot, count: int) -> None:
    qtbot.waitUntil(lambda: len(session.interview.bank()) == count, timeout=WAIT)


def put(window: QuestionsWindow, row: int, column: int, value: object, **role: int) -> None:
    model = window.editor.model
    model.setData(model.index(row, column), value, *role.values())


def test_classes_are_listed_with_how_many_questions_are_about_each(asked: QuestionsWindow) -> None:
    classes = asked.editor.classes
    shown = [classes.item(row).text() for row in range(classes.count())]
    assert shown == ["seven  (6)", "three  (6)", "zero  (6)"]
    assert asked.editor.model.rowCount() == 6


def test_an_edit_is_kept_at_once_and_undone(
    asked: QuestionsWindow, session: Session, qtbot: QtBot
) -> None:
    before = stored(session)
    put(asked, 0, TEXT, "Does the digit have a bar?")
    put(asked, 1, KIND, str(Kind.NEGATIVE))
    put(asked, 2, ON, Qt.CheckState.Unchecked)
    put(asked, 2, LOCKED, CHECKED)
    qtbot.waitUntil(lambda: stored(session)[2].locked, timeout=WAIT)
    now = stored(session)
    assert (now[0].text, now[0].source) == ("Does the digit have a bar?", "human")
    assert (now[1].kind, now[1].expected) == (Kind.NEGATIVE, "no")
    assert not now[2].enabled
    for _ in range(4):
        asked.bank.undo()
    qtbot.waitUntil(lambda: stored(session) == before, timeout=WAIT)
    assert not asked.bank.can_undo


def test_a_question_is_added_and_deleted_by_keyboard(
    asked: QuestionsWindow, session: Session, qtbot: QtBot
) -> None:
    editor = asked.editor
    editor.text.setFocus()
    QTest.keyClicks(editor.text, "Is there a stroke?")
    QTest.keyClick(editor.text, Qt.Key.Key_Return)
    wait_for_bank(session, qtbot, 19)
    assert stored(session)[-1].text == "Is there a stroke?"
    assert editor.classes.item(0).text() == "seven  (7)"
    editor.table.setFocus()
    editor.table.selectRow(6)
    QTest.keyClick(editor.table, Qt.Key.Key_Delete)
    wait_for_bank(session, qtbot, 18)


def test_what_cannot_be_is_told_in_a_sentence_and_taken_back(
    asked: QuestionsWindow, session: Session, qtbot: QtBot
) -> None:
    before = stored(session)
    put(asked, 0, EXPECTED, "maybe")
    qtbot.waitUntil(asked.notice.isVisible, timeout=WAIT)
    assert "expects yes or no, not 'maybe'" in asked.notice.sentence
    qtbot.waitUntil(lambda: asked.editor.model.question(0) == before[0], timeout=WAIT)
    assert stored(session) == before
    assert not asked.bank.can_undo


def test_templates_of_another_language_leave_what_is_locked(
    asked: QuestionsWindow, session: Session, qtbot: QtBot
) -> None:
    kept = stored(session)[0].text
    put(asked, 0, LOCKED, CHECKED)
    asked.bank.from_templates("de")
    qtbot.waitUntil(lambda: len(stored(session, "zero")) == 5, timeout=WAIT)
    now = stored(session)
    assert now[0].text == kept
    assert all("Bild" in one.text for one in now[1:])


def test_a_bank_goes_through_a_file_and_a_bad_file_changes_nothing(
    asked: QuestionsWindow, session: Session, qtbot: QtBot, tmp_path: Path
) -> None:
    target = tmp_path / "bank.csv"
    asked.editor.export(target)
    qtbot.waitUntil(lambda: "bank.csv" in asked.notice.sentence, timeout=WAIT)
    assert target.read_text("utf-8").startswith("label,question,answer,kind")
    bad = tmp_path / "bad.csv"
    bad.write_text("label,question,answer\nnine,Is it?,yes\n", "utf-8")
    asked.bank.import_csv(bad)
    qtbot.waitUntil(lambda: "no class 'nine'" in asked.notice.sentence, timeout=WAIT)
    good = tmp_path / "good.csv"
    good.write_text("label,question,answer\nseven,How many strokes?,2\n", "utf-8")
    asked.bank.import_csv(good)
    qtbot.waitUntil(lambda: asked.editor.model.rowCount() == 1, timeout=WAIT)
    (one,) = stored(session)
    assert (one.kind, one.expected, one.source) == (Kind.COUNT, "2", "imported")


def test_reliability_is_shown_and_sorted_and_lists_the_answers_against(
    asked: QuestionsWindow, session: Session, workspace: Workspace, qtbot: QtBot
) -> None:
    view = asked.reliability
    assert "Once the visual-linguistic check has run" in view.sentence
    with serving(sees_threes) as server:
        values = {"model": server.id, "alternatives": 0}
        session.audit(AuditOptions(checks=[CHECK], parameters={CHECK: values}, device="cpu"))
    qtbot.waitUntil(lambda: view.sorted.rowCount() > 6, timeout=WAIT)
    view.table.sortByColumn(RIGHT, Qt.SortOrder.DescendingOrder)
    shares = [view.sorted.index(row, RIGHT).data() for row in range(view.sorted.rowCount())]
    assert [int(share.rstrip("%")) for share in shares] == sorted(
        (int(share.rstrip("%")) for share in shares), reverse=True
    )
    silent = {one.text for one in view.model.rows if not one.answers}
    assert silent == {one.text for one in view.model.rows if "zero" in one.text}
    row = next(row for row in view.model.rows if row.about == "seven")
    with qtbot.waitSignals([asked.samples_wanted, workspace.ids_changed], timeout=WAIT):
        view.chosen.emit(row)
    labelled = session.read(
        lambda db: db.execute("select sample_id from sample where given = ['seven']").fetchall()
    )
    assert {int(i) for i in workspace.ids} == {int(i) for (i,) in labelled}


@pytest.fixture
def panel(
    workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot
) -> AuditPanel:
    made = AuditPanel(workspace, commands, window)
    window.setCentralWidget(made)
    window.resize(480, 1000)
    window.show()
    qtbot.waitUntil(lambda: CAPTION_CHECK in made.asking, timeout=WAIT)
    return made


@pytest.fixture
def setup(panel: AuditPanel) -> AskSetup:
    panel.checks.choose([CHECK])
    return panel.asking[CHECK]


def test_who_is_asked_about_captions_is_chosen_the_same_way(
    panel: AuditPanel, session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    setup = panel.asking[CAPTION_CHECK]
    setup.model.setEditText("demo:digits")
    qtbot.waitUntil(lambda: "no column 'caption'" in setup.sentence, timeout=WAIT)
    (tmp_path / "set").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "set" / "a.png")
    lines = ["file_name,caption", "a.png,A red car on the left."]
    (tmp_path / "set" / "metadata.csv").write_text("\n".join(lines))
    session.import_source(understand(tmp_path / "set", ImportOptions()))
    setup.look()
    qtbot.waitUntil(lambda: "to ask" in setup.sentence, timeout=WAIT)
    assert "Disputed" not in setup.sentence
    with serving(sees_threes) as server:
        setup.model.setEditText(server.id)
        panel.checks.choose([CAPTION_CHECK])
        assert panel.options().parameters[CAPTION_CHECK] == {"model": server.id}


def test_it_is_said_beforehand_how_many_answers_are_asked_for(
    setup: AskSetup, session: Session, qtbot: QtBot
) -> None:
    with serving(sees_threes) as server:
        setup.model.setEditText(server.id)
        qtbot.waitUntil(lambda: "1,440 to ask" in setup.sentence, timeout=WAIT)
        assert "Disputed labels only: " in setup.sentence
        assert not setup.warning
        setup.price.setValue(10)
        assert "cost 14.40" in setup.sentence
        values = {"model": server.id, "alternatives": 0}
        session.audit(AuditOptions(checks=[CHECK], parameters={CHECK: values}, device="cpu"))
        qtbot.waitUntil(lambda: "0 to ask, 1,440 known already" in setup.sentence, timeout=WAIT)
    assert "Answered so far: 1,440, of them 480 unclear; cost so far 14.40" in setup.sentence


def test_a_project_that_is_opened_again_asks_as_last_time_but_allows_nothing(
    workspace: Workspace,
    session: Session,
    window: QMainWindow,
    commands: Commands,
    qtbot: QtBot,
) -> None:
    with serving(sees_threes) as server:
        values = {"model": server.id, "alternatives": 0, "allow_remote": True, "tie": "right"}
        session.audit(AuditOptions(checks=[CHECK], parameters={CHECK: values}, device="cpu"))
        panel = AuditPanel(workspace, commands, window)
        window.setCentralWidget(panel)
        window.show()
        qtbot.waitUntil(lambda: CHECK in panel.asking, timeout=WAIT)
        setup = panel.asking[CHECK]
        qtbot.waitUntil(lambda: setup.model.currentText() == server.id, timeout=WAIT)
        qtbot.waitUntil(lambda: "1,440 known already" in setup.sentence, timeout=WAIT)
    card = panel.checks.cards[CHECK]
    assert card.values() == {"model": server.id, "alternatives": 0, "tie": "right"}
    assert not card.is_chosen
    card.show_values({"model": "demo:digits"})
    panel.checks.show_last({CHECK: values})
    assert card.values() == {"model": "demo:digits"}


def test_pictures_leave_the_machine_only_where_that_is_allowed_for_that_server(
    setup: AskSetup, window: QMainWindow, qtbot: QtBot
) -> None:
    setup.model.setEditText("server:https://elsewhere.example/v1#m")
    qtbot.waitUntil(lambda: "elsewhere.example" in setup.warning, timeout=WAIT)
    panel = window.centralWidget()
    assert isinstance(panel, AuditPanel)
    assert "allow_remote" not in panel.options().parameters[CHECK]
    setup.allow.click()
    assert panel.options().parameters[CHECK]["allow_remote"] is True
    setup.model.setEditText("server:https://other.example/v1#m")
    assert "allow_remote" not in panel.options().parameters[CHECK]
    assert not setup.allow.isChecked()
    setup.model.setEditText("nobody")
    qtbot.waitUntil(lambda: "names nobody" in setup.sentence, timeout=WAIT)
    assert not setup.warning


def test_the_questions_are_opened_by_a_shortcut_from_the_project_window(
    session: Session, qtbot: QtBot
) -> None:
    from auditor.settings import Settings
    from ui.project_window import ProjectWindow

    window = ProjectWindow(session, Settings())
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    window.show_page("gallery")
    QTest.keyClick(window.gallery, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.findChild(QuestionsWindow) is not None, timeout=WAIT)
    shown = window.findChild(QuestionsWindow)
    window.show_questions()
    assert window.findChildren(QuestionsWindow) == [shown]
    with qtbot.waitSignal(window.closed, timeout=WAIT):
        window.close()


def test_a_question_that_agrees_more_where_labels_are_wrong_is_said_not_to_be_used() -> None:
    against = Reliability("cat", "Is it a dog?", 0.2, 0.9, 100, is_used=False)
    assert words.use(against, enabled=True) == "✕ not used: agrees more where labels are wrong"
    turned = replace(against, is_used=True, is_backward=True)
    assert words.use(turned, enabled=True).startswith("⇄ used the other way round")
    assert words.use(replace(against, agrees_if_right=0.95), enabled=True).startswith("✕ tells")
    assert words.use(replace(against, is_used=True), enabled=True) == "✓ used"
    assert words.use(against, enabled=False) == "no: switched off"
