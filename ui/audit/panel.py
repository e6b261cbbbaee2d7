"""The audit panel: which checks to run and how, what runs, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from auditor.model import ChangeSet
from auditor.progress import Progress
from auditor.session import AuditOptions, CheckEnd, Session, models, planning, resuming
from auditor.session.background import JobEvent, JobState
from auditor.session.interview import CAPTION_CHECK, CHECK
from auditor.session.planning import Failure, Plan
from ui import theme
from ui.ask.setup import AskSetup
from ui.audit.check_list import CheckList
from ui.audit.disclosure import Disclosure
from ui.audit.end_notice import EndNotice
from ui.audit.failures import FailureTable
from ui.audit.jobs import JobList
from ui.audit.log_view import LogView
from ui.audit.options import AuditSettings
from ui.audit.run_bar import RunBar
from ui.commands import Command, Commands
from ui.workspace import Workspace

_PLAN_MS = 150
_RUNS_MS = 400
"""While an audit commits shard after shard the last runs are read this often at most."""
_TWO_COLUMNS = 760
"""From this width on, jobs and log stand beside the checks."""


class AuditPanel(QWidget):
    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace, self._commands = workspace, commands
        self._desk = workspace.desk
        self._asked: dict[int, AuditOptions] = {}
        self.checks = CheckList(self)
        self.asking: dict[str, AskSetup] = {}
        """Who is asked, by check."""
        self.settings = AuditSettings(workspace.settings.engine.device, self)
        self.notice = EndNotice(self)
        self.jobs = JobList(self)
        self.failures = FailureTable(self)
        self._plan_timer = self._timer(_PLAN_MS, self._ask_plan)
        self._runs_timer = self._timer(_RUNS_MS, self._ask_runs)
        self._add_commands()
        self.bar = RunBar(commands, self)
        self._lay_out()
        self._dress()
        self._connect()
        self._read_first()

    def options(self) -> AuditOptions:
        """The audit as the panel says now."""
        return AuditOptions(
            checks=self.checks.chosen(),
            parameters=self.checks.parameters(),
            encoder=self.settings.encoder_id,
            seed=self.settings.seed.value(),
            device=self.settings.device.currentText(),
        )

    def run(self) -> None:
        """Queue an audit with the chosen checks."""
        if self.checks.chosen():
            self.start(self.options())

    def start(self, options: AuditOptions) -> None:
        """Queue this audit."""
        self.notice.hide()
        session = self._desk.session

        def work(progress: Progress) -> list[CheckEnd]:
            return session.audit(options, progress)

        titles = self.checks.titles()
        named = ", ".join(titles.get(name, name) for name in options.checks)
        title = self.tr("Audit: {checks}").format(checks=named)
        if set(options.checks) >= self.checks.unasked():
            title = self.tr("Audit with every check")
        self._asked[session.jobs.add("audit", title, work, after="import")] = options

    def attach(self) -> None:
        """Ask for features or probabilities that the user brings."""
        from ui.dialogs.attach_dialog import AttachDialog

        AttachDialog(self._workspace, self.window()).open()

    def turn_pause(self) -> None:
        """Pause what runs, or go on with it."""
        row = self.jobs.running()
        if row is not None and row.event_shown.state == JobState.PAUSED:
            self._desk.session.jobs.resume()
        elif row is not None:
            self._desk.session.jobs.pause()

    def cancel(self) -> None:
        """Stop what runs; what is finished stays."""
        if (row := self.jobs.running()) is not None:
            self._desk.session.jobs.cancel(row.event_shown.number)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        wide = event.size().width() >= _TWO_COLUMNS
        way = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._columns.direction() != way:
            self._columns.setDirection(way)
        super().resizeEvent(event)

    # questions and their answers

    def _read_first(self) -> None:
        self._desk.ask(_offered, self._offer, owner=self)
        self._desk.ask(lambda _s: models.listed(), self.settings.show_models, owner=self, slow=True)
        self._read_failures()
        for event in self._desk.session.jobs.events():
            self.jobs.show_event(event)
        self._update_buttons()
        self._desk.ask(
            lambda s: s.read(resuming.interrupted), self._offer_the_rest, owner=self, slow=True
        )

    def _offer(self, checks: list[Any]) -> None:
        self.checks.offer(checks)
        for check in (CHECK, CAPTION_CHECK):
            self._let_choose_who_is_asked(check)
        # Narrower, every card would be cut off on its right.
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        self._scroll.setMinimumWidth(self._columns.minimumSize().width() + bar)
        self._desk.ask(
            lambda session: session.read(planning.last_parameters),
            self.checks.show_last,
            owner=self,
        )
        self._ask_runs()

    def _let_choose_who_is_asked(self, check: str) -> None:
        card = self.checks.cards.get(check)
        if card is None or card.form is None:
            return
        setup = AskSetup(self._workspace, self._commands, card.form, self.options, check, card)
        card.put_setup(setup, setup.PARAMETERS)
        self.settings.changed.connect(setup.look_soon)
        self.asking[check] = setup

    def _ask_plan(self) -> None:
        options = self.options()
        workers = self._workspace.settings.engine.workers or os.cpu_count() or 1
        if not options.checks:
            self.bar.say(self.tr("Choose a check to run."))
            return
        self._desk.ask(
            lambda session: _plan(session, options, workers),
            self.bar.show_plan,
            lambda error: self.bar.say(str(error)),
            lane="audit-plan",
            owner=self,
            slow=True,
        )

    def _ask_runs(self) -> None:
        self._desk.ask(
            lambda session: session.read(planning.last_runs),
            self._show_runs,
            lane="audit-runs",
            owner=self,
        )

    def _show_runs(self, runs: Mapping[str, Mapping[str, Any]]) -> None:
        is_going = self.jobs.is_auditing()
        self.checks.show_runs(runs, is_going=is_going)
        row = self.jobs.running()
        if row is not None and row.event_shown.kind == "audit":
            going = (run for run in runs.values() if run["state"] == "running")
            row.show_found(sum(run.get("flagged") or 0 for run in going))

    def _read_failures(self) -> None:
        self._desk.ask(
            lambda session: session.read(planning.failures),
            self._show_failures,
            lane="audit-failures",
            owner=self,
            slow=True,
        )

    def _show_failures(self, failures: Sequence[Failure]) -> None:
        self.failures.failures.show(failures)
        title = self.tr("Unreadable samples ({count:,})")
        self._failed.set_title(title.format(count=len(failures)))
        self._failed.setVisible(bool(failures))

    @Slot(object)
    def _on_change(self, changes: ChangeSet) -> None:
        if changes.touches("run", "finding", "sample") and not self._runs_timer.isActive():
            self._runs_timer.start()
        if changes.touches("media", "sample"):
            self._read_failures()
        if changes.touches("run", "sample", "media"):
            self._plan_timer.start()

    @Slot(object)
    def _on_job(self, event: JobEvent) -> None:
        self.jobs.show_event(event)
        self._update_buttons()
        if event.ended:
            self._runs_timer.start()
            self._plan_timer.start()
            if event.kind == "audit":
                self._tell_end(event)

    # how an audit ended, and the way on

    def _tell_end(self, event: JobEvent) -> None:
        options = self._asked.pop(event.number, self.options())
        self.notice.tell_end(event, options, self.checks.titles())

    def _offer_the_rest(self, options: AuditOptions | None) -> None:
        """An audit of an earlier session may be left; one that runs is none."""
        if options is not None and not self.jobs.is_auditing():
            self.notice.tell_stopped(options)

    def _start_as_shown(self, options: AuditOptions) -> None:
        """Start with these options, and let the panel show them."""
        self.checks.show_values(options.checks, options.parameters)
        self.settings.show_values(options.encoder, options.device, options.seed)
        self.start(options)

    # the parts

    def _timer(self, interval: int, run: Any) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=interval)
        timer.timeout.connect(run)
        return timer

    def _connect(self) -> None:
        self.checks.changed.connect(self._plan_timer.start)
        self.checks.changed.connect(self._update_buttons)
        self.settings.attach.clicked.connect(self.attach)
        self.settings.changed.connect(self._plan_timer.start)
        self.jobs.cancel_wanted.connect(self._desk.session.jobs.cancel)
        self.notice.again.connect(self._start_as_shown)
        self.failures.picked.connect(self._workspace.set_focus)
        self._desk.changed.connect(self._on_change)
        self._desk.job.connect(self._on_job)

    def _add_commands(self) -> None:
        group = self.tr("Audit")
        offered = (
            (Command("audit.run", self.tr("Run"), group, ("Ctrl+R",)), self.run),
            (Command("audit.pause", self.tr("Pause"), group), self.turn_pause),
            (Command("audit.cancel", self.tr("Stop what runs"), group), self.cancel),
            (
                Command("audit.attach", self.tr("Attach features or probabilities …"), group),
                self.attach,
            ),
        )
        for command, run in offered:
            self._commands.add(command, run)

    def _update_buttons(self) -> None:
        row = self.jobs.running()
        state = row.event_shown.state if row else None
        self._commands.action("audit.run").setEnabled(bool(self.checks.chosen()))
        pause = self._commands.action("audit.pause")
        pause.setText(self.tr("Go on") if state == JobState.PAUSED else self.tr("Pause"))
        for name in ("audit.pause", "audit.cancel"):
            can = state in {JobState.RUNNING, JobState.PAUSED}
            self._commands.action(name).setEnabled(can)

    def _lay_out(self) -> None:
        self._columns = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._columns.setSpacing(12)
        self._columns.addWidget(_column(self, self.checks), 3)
        self._failed = Disclosure("", self.failures, self)
        self._failed.hide()
        about_all = Disclosure(self.tr("For the whole audit"), self.settings, self)
        log = Disclosure(self.tr("Log"), LogView(self._desk, self), self)
        self._columns.addWidget(_column(self, about_all, self._failed, log), 2)
        inside = QWidget(self)
        inside.setObjectName("inside")
        inside.setLayout(self._columns)
        self._scroll = QScrollArea(self)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(inside)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(8, 8, 8, 8)
        rows.setSpacing(8)
        rows.addWidget(self.notice)
        rows.addWidget(self._scroll, 1)
        rows.addWidget(self.jobs)
        rows.addWidget(self.bar)

    def _dress(self) -> None:
        now = theme.colours()
        card = now.raised if theme.is_dark() else now.base
        style = (
            f"#muted {{ color: {now.muted}; }}"
            " #heading, QCheckBox#title, QLabel#title { font-weight: 600; }"
            f" {theme.box_style()}"
            f" #card {{ background: {card}; border: 1px solid {now.line}; border-radius: 6px; }}"
            " Disclosure > QToolButton { background: transparent; border: 1px solid transparent;"
            " border-radius: 4px; padding: 3px; }"
            f" Disclosure > QToolButton:hover {{ background: {now.raised}; }}"
            f" Disclosure > QToolButton:focus {{ border-color: {now.accent}; }}"
            f" #run:enabled {{ background: {now.accent}; color: {now.on_accent}; font-weight: 600;"
            " padding: 6px; border-radius: 4px; }"
            f" #run:focus {{ border: 2px solid {now.text}; }}"
        )
        if style != self.styleSheet():
            self.setStyleSheet(style)
            self.checks.dress()


def _offered(_session: Session) -> list[Any]:
    return [(spec, planning.form(spec)) for spec in planning.specs()]


def _plan(session: Session, options: AuditOptions, workers: int) -> Plan:
    warm = session.jobs.has_workers
    return session.read(lambda db: planning.plan(db, options, workers=workers, warm=warm))


def _column(parent: QWidget, *widgets: QWidget) -> QWidget:
    """Widgets one below the other, at the top."""
    box = QWidget(parent)
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(6)
    for widget in widgets:
        column.addWidget(widget)
    column.addStretch(1)
    return box
