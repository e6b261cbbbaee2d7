from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QMainWindow, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from auditor import checks
from auditor.formats.base import FormatError
from auditor.progress import Progress
from auditor.session import AuditOptions, CheckEnd, Session
from auditor.session.background import JobEvent, JobState
from auditor.session.planning import Parameter, Plan, PlannedStage
from auditor.store import project, runs
from ui.audit import words
from ui.audit.disclosure import Disclosure
from ui.audit.form import ParameterForm
from ui.audit.jobs import JobRow
from ui.audit.log_view import LogView, tail
from ui.audit.panel import AuditPanel
from ui.audit.strip import JobStrip
from ui.commands import Commands
from ui.desk import Desk
from ui.moment import span, when
from ui.workspace import Workspace

ON_REQUEST = {"visual_language", "caption_fit", "multi_label"}
"""Checks that an audit of every one leaves out: somebody, or something, has to be named."""

LONG = 60_000
"""Milliseconds that a real audit may take here."""


@pytest.fixture
def panel(
    workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot
) -> AuditPanel:
    return make(workspace, commands, window, qtbot)


def make(workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot) -> AuditPanel:
    made = AuditPanel(workspace, commands, window)
    window.setCentralWidget(made)
    window.resize(420, 900)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    qtbot.waitUntil(lambda: bool(made.checks.cards), timeout=LONG)
    qtbot.waitUntil(lambda: "flagged" in made.checks.cards["label_errors"].state_text)
    return made


def job(panel: AuditPanel, number: int) -> JobEvent:
    return panel.jobs.rows[number].event_shown


def wait_for(panel: AuditPanel, number: int, state: JobState, qtbot: QtBot) -> JobRow:
    def reached() -> bool:
        return number in panel.jobs.rows and job(panel, number).state is state

    qtbot.waitUntil(reached, timeout=LONG)
    return panel.jobs.rows[number]


def button(panel: AuditPanel, text: str) -> QPushButton:
    return next(b for b in panel.findChildren(QPushButton) if b.text() == text and b.isVisible())


def test_checks_are_listed_by_family_with_how_their_last_run_went(panel: AuditPanel) -> None:
    cards = panel.checks.cards
    assert [cards[name].spec.family for name in cards] == sorted(
        c.spec.family for c in cards.values()
    )
    assert cards["unreadable_images"].state_text.startswith("✓ 1 flagged, today")
    assert set(panel.checks.chosen()) == panel.checks.unasked() == set(cards) - ON_REQUEST


def test_every_check_is_chosen_or_none_by_one_box(panel: AuditPanel, commands: Commands) -> None:
    every = panel.checks.every
    QTest.keyClick(every, Qt.Key.Key_Space)
    assert panel.checks.chosen() == ()
    assert not commands.action("audit.run").isEnabled()
    QTest.keyClick(every, Qt.Key.Key_Space)
    assert set(panel.checks.chosen()) == panel.checks.unasked()
    panel.checks.cards["label_errors"].box.setChecked(False)
    assert every.checkState() == Qt.CheckState.PartiallyChecked


def test_the_plan_follows_the_choices(panel: AuditPanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: panel.bar.sentence.startswith("Nothing to do"), timeout=LONG)
    panel.settings.seed.setValue(5)
    qtbot.waitUntil(
        lambda: "label" not in panel.bar.sentence and "Nothing" not in panel.bar.sentence
    )
    panel.checks.choose(())
    qtbot.waitUntil(lambda: panel.bar.sentence == "Choose a check to run.")


def test_an_audit_is_run_by_keyboard_with_the_chosen_values(
    panel: AuditPanel, session: Session, qtbot: QtBot
) -> None:
    panel.settings.seed.setValue(7)
    card = panel.checks.cards["label_errors"]
    assert card.form is not None
    card.form.set_values({"folds": 3})
    panel.checks.choose(["label_errors"])
    panel.checks.setFocus()
    QTest.keyClick(panel, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    row = wait_for(panel, 1, JobState.DONE, qtbot)
    assert row.event_shown.title == "Audit: Label errors"
    (end,) = row.event_shown.result
    assert (end.check_id, end.state) == ("label_errors", "done")
    run = session.read(lambda db: runs.latest(db, "label_errors"))
    assert run is not None
    assert run.params["folds"] == 3
    assert run.inputs["seed"] == 7
    assert panel.notice.sentence == ""


def test_a_running_audit_waits_and_goes_on(
    panel: AuditPanel, commands: Commands, qtbot: QtBot
) -> None:
    panel.settings.seed.setValue(8)
    panel.checks.choose(["unreadable_images"])
    panel.run()
    wait_for(panel, 1, JobState.RUNNING, qtbot)
    pause = commands.action("audit.pause")
    pause.trigger()
    wait_for(panel, 1, JobState.PAUSED, qtbot)
    assert pause.text() == "Go on"
    pause.trigger()
    wait_for(panel, 1, JobState.DONE, qtbot)
    assert not pause.isEnabled()


def test_a_stopped_audit_can_be_continued(
    panel: AuditPanel, commands: Commands, qtbot: QtBot
) -> None:
    panel.settings.seed.setValue(9)
    panel.checks.choose(["unreadable_images"])
    panel.run()
    wait_for(panel, 1, JobState.RUNNING, qtbot)
    commands.action("audit.cancel").trigger()
    wait_for(panel, 1, JobState.CANCELLED, qtbot)
    assert "stopped before its end" in panel.notice.sentence
    button(panel, "Continue").click()
    assert panel.notice.sentence == ""
    row = wait_for(panel, 2, JobState.DONE, qtbot)
    assert {end.state for end in row.event_shown.result} <= {"done", "reused"}


def test_a_paused_audit_can_be_stopped(panel: AuditPanel, qtbot: QtBot) -> None:
    panel.settings.seed.setValue(12)
    panel.run()
    wait_for(panel, 1, JobState.RUNNING, qtbot)
    panel.turn_pause()
    row = wait_for(panel, 1, JobState.PAUSED, qtbot)
    QTest.keyClick(row.cancel, Qt.Key.Key_Space)
    wait_for(panel, 1, JobState.CANCELLED, qtbot)


def test_a_run_that_was_killed_is_offered_again_as_it_was(
    workspace: Workspace,
    session: Session,
    commands: Commands,
    window: QMainWindow,
    qtbot: QtBot,
) -> None:
    version = session.read(project.data_version)
    inputs = {"seed": 77, "device": "cpu"}
    identity = runs.RunIdentity(
        check_id="label_errors", version=2, params={"folds": 4}, inputs=inputs, data_version=version
    )
    session.store.write(runs.StartRun(identity)).result()
    made = AuditPanel(workspace, commands, window)
    window.setCentralWidget(made)
    window.show()
    qtbot.waitUntil(lambda: "stopped before its end" in made.notice.sentence)
    qtbot.waitUntil(lambda: bool(made.checks.cards))
    qtbot.waitUntil(lambda: "▲ Stopped" in made.checks.cards["label_errors"].state_text)
    button(made, "Continue").click()
    assert made.options().seed == 77
    assert made.options().device == "cpu"
    assert made.options().parameters == {"label_errors": {"folds": 4}}
    wait_for(made, 1, JobState.DONE, qtbot)


def test_several_audits_wait_in_turn_and_one_is_taken_out(panel: AuditPanel, qtbot: QtBot) -> None:
    panel.settings.seed.setValue(10)
    panel.run()
    wait_for(panel, 1, JobState.RUNNING, qtbot)
    panel.checks.choose(["unreadable_images"])
    panel.run()
    row = wait_for(panel, 2, JobState.QUEUED, qtbot)
    qtbot.waitUntil(lambda: row.y() > panel.jobs.rows[1].y())
    QTest.mouseClick(row.cancel, Qt.MouseButton.LeftButton)
    wait_for(panel, 2, JobState.CANCELLED, qtbot)
    assert job(panel, 1).state is JobState.RUNNING
    panel.cancel()
    wait_for(panel, 1, JobState.CANCELLED, qtbot)


def test_an_audit_behind_an_import_that_failed_is_not_run_and_says_why(
    panel: AuditPanel, desk: Desk, qtbot: QtBot
) -> None:
    gate = threading.Event()

    def fail(_progress: Progress) -> None:
        gate.wait(20)
        raise FormatError("no label column in a.csv")

    desk.session.jobs.add("import", "Import a.csv", fail)
    panel.start(AuditOptions(checks=("unreadable_images",)))
    gate.set()
    wait_for(panel, 2, JobState.SKIPPED, qtbot)
    why = "t was not run, because “Import a.csv” failed"
    assert panel.jobs.rows[2].message == f"I{why}"
    assert panel.notice.sentence == f"Audit: Unreadable images: i{why}."
    button(panel, "Run it all the same").click()
    wait_for(panel, 3, JobState.DONE, qtbot)


def test_a_model_that_is_missing_is_a_sentence_with_a_way_on(
    panel: AuditPanel, tmp_path: Path, qtbot: QtBot
) -> None:
    panel.checks.choose(["label_errors"])
    panel.settings.encoder.setEditText(f"open_clip:local-dir:{tmp_path}/none")
    panel.run()
    wait_for(panel, 1, JobState.FAILED, qtbot)
    assert "no such folder" in panel.notice.sentence
    button(panel, "Use the best encoder here").click()
    assert panel.settings.encoder_id is None
    wait_for(panel, 2, JobState.DONE, qtbot)


def test_a_check_that_was_left_out_says_why_and_can_be_run_again(
    panel: AuditPanel, desk: Desk, qtbot: QtBot
) -> None:
    ends = [
        CheckEnd("label_errors", "skipped", message="it needs probabilities"),
        CheckEnd("unreadable_images", "done"),
    ]
    desk.job.emit(
        JobEvent(number=99, kind="audit", title="Audit", state=JobState.DONE, result=ends)
    )
    assert panel.notice.sentence == "Label errors was left out: it needs probabilities"
    button(panel, "Run again").click()
    row = wait_for(panel, 1, JobState.DONE, qtbot)
    assert [end.check_id for end in row.event_shown.result] == ["label_errors"]


def test_a_sample_that_could_not_be_read_is_focused_from_the_table(
    panel: AuditPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    table = panel.failures
    qtbot.waitUntil(lambda: table.failures.rowCount() == 1)
    broken = table.failures.failures[0]
    assert broken.path == "zero/broken.png"
    table.selectRow(0)
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert workspace.focus == broken.sample_id


def test_the_log_is_followed_while_it_is_open(panel: AuditPanel, qtbot: QtBot) -> None:
    (view,) = panel.findChildren(LogView)
    (disclosure,) = (d for d in panel.findChildren(Disclosure) if d.content is view)
    disclosure.set_open(True)
    logging.getLogger("auditor.test").warning("a line about something")
    qtbot.waitUntil(lambda: "a line about something" in view.toPlainText(), timeout=LONG)


def test_the_end_of_a_long_log_is_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "auditor.log"
    assert tail(path) == ""
    path.write_text("".join(f"line {number} {'x' * 90}\n" for number in range(2000)))
    found = tail(path).splitlines()
    assert len(found) == 200
    assert found[0].startswith("line 1800 ")
    path.write_text("".join(f"line {number} {'x' * 9000}\n" for number in range(20)))
    assert all(line.startswith("line ") for line in tail(path).splitlines())


def test_the_strip_is_seen_while_something_runs_and_says_how_it_ended(
    panel: AuditPanel, desk: Desk, window: QMainWindow, qtbot: QtBot
) -> None:
    strip = JobStrip(desk, window)
    window.statusBar().addPermanentWidget(strip)
    assert strip.sentence == ""
    panel.settings.seed.setValue(11)
    panel.checks.choose(["unreadable_images"])
    panel.run()
    wait_for(panel, 1, JobState.RUNNING, qtbot)
    qtbot.waitUntil(lambda: strip.sentence != "")
    strip.pause.click()
    wait_for(panel, 1, JobState.PAUSED, qtbot)
    assert strip.sentence.startswith("Paused: ")
    strip.pause.click()
    wait_for(panel, 1, JobState.DONE, qtbot)
    assert strip.sentence == "✓ Audit: Unreadable images: done"


# the form

NUMBER = Parameter("folds", int, 5, "How many.", 2, 10, ())
SHARE = Parameter("least_share", float, 0.5, "How much.", 0.0, 1.0, ())
RULE = Parameter("rule", str, "auto", "Which.", None, None, ("auto", "strict"))
SWITCH = Parameter("deep", bool, False, "Whether.", None, None, ())


@pytest.fixture
def form(qtbot: QtBot) -> ParameterForm:
    made = ParameterForm((NUMBER, SHARE, RULE, SWITCH))
    qtbot.addWidget(made)
    made.show()
    return made


def test_the_form_gives_what_differs_and_goes_back(form: ParameterForm) -> None:
    assert form.values() == {}
    wanted = {"folds": 3, "least_share": 0.25, "rule": "strict", "deep": True}
    form.set_values(wanted)
    assert form.values() == wanted
    (defaults,) = form.findChildren(QPushButton)
    defaults.click()
    assert form.values() == {}
    assert not defaults.isEnabled()


def test_no_invalid_value_fits_into_the_form(form: ParameterForm) -> None:
    (spin,) = form.findChildren(QSpinBox)
    spin.selectAll()
    QTest.keyClicks(spin, "99")
    QTest.keyClick(spin, Qt.Key.Key_Return)
    assert form.values().get("folds", 5) <= 10
    form.set_values({"folds": 99, "least_share": -3.0, "rule": "none such"})
    assert form.values() == {"folds": 10, "least_share": 0.0}


def test_the_wheel_scrolls_past_a_field_that_has_no_focus(form: ParameterForm) -> None:
    for field in (*form.findChildren(QSpinBox), *form.findChildren(QComboBox)):
        field.clearFocus()
        place = field.rect().center()
        turn = QWheelEvent(
            place,
            field.mapToGlobal(place),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(field, turn)
    assert form.values() == {}


# the words


def test_a_plan_says_how_sure_it_is() -> None:
    def stage(state: str, seconds: float | None, basis: str = "") -> PlannedStage:
        return PlannedStage("x", "X", 5, state, seconds, basis)  # type: ignore[arg-type]

    known = Plan((stage("run", 100.0, "from the last run here"), stage("run", 62.0, "so")))
    assert words.plan(known) == "About 2 min 40 s, from the last run here"
    assert words.plan(Plan((stage("run", 30.0), stage("run", None)))).startswith("More than 30 s")
    assert "not known yet" in words.plan(Plan((stage("run", None),)))
    assert words.plan(Plan((stage("reuse", None),))).startswith("Nothing to do")
    assert words.plan(Plan((stage("skip", None, "why"),))).startswith("None of the chosen")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "1 s"),
        (40.2, "40 s"),
        (58.0, "1 min"),
        (61.0, "1 min"),
        (150.0, "2 min 30 s"),
        (1500.0, "25 min"),
        (3599.0, "1 h 0 min"),
        (9000.0, "2 h 30 min"),
    ],
)
def test_a_length_of_time_is_rounded(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_a_moment_is_said_by_its_day() -> None:
    now = datetime(2026, 5, 20, 15, 0, tzinfo=UTC).astimezone()
    assert when(now, now) == f"today, {now:%H:%M}"
    assert when(now - timedelta(days=1), now) == "yesterday"
    assert when(now - timedelta(days=3), now) == "3 days ago"
    assert "2026" in when(now - timedelta(days=30), now) or "26" in when(
        now - timedelta(days=30), now
    )


@pytest.mark.parametrize(
    ("run", "is_going", "said"),
    [
        (None, False, "Not run yet"),
        ({"state": "running", "flagged": 1200}, True, "Running: 1,200 flagged so far"),
        ({"state": "running", "flagged": 3}, False, "Stopped before its end"),
        ({"state": "cancelled", "flagged": 0}, False, "Stopped before its end"),
        ({"state": "failed", "message": "no memory"}, False, "Failed: no memory"),
        ({"state": "done", "flagged": 12}, False, "12 flagged"),
        (
            {"state": "done", "flagged": 1, "trust": 2.0},
            False,
            "1 flagged. Its class probabilities",
        ),
    ],
)
def test_the_last_run_in_words(run: dict[str, object] | None, is_going: bool, said: str) -> None:
    assert words.last_run(run, is_going=is_going).startswith(said)


def test_every_need_of_every_check_is_said_in_words_of_its_own() -> None:
    names = {
        name
        for check_id in checks.names()
        for spec in [checks.load(check_id).spec]
        for name in (*spec.needs, *spec.one_of)
    }
    assert {name for name in names if words.need(name) == name.replace("_", " ")} == set()
