"""The list of long work: waiting, running, paused, ended; each can be stopped."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from auditor.session.background import JobEvent, JobState
from ui import theme
from ui.audit import words

_KEPT = 4
"""So many ended jobs stay in the list."""


class JobRow(QFrame):
    cancel_wanted = Signal(int)

    def __init__(self, event: JobEvent, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.event_shown = event
        self._found: int | None = None
        self._title, self._state = QLabel(self), QLabel(self)
        self._title.setObjectName("title")
        self._title.setWordWrap(True)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setMaximumHeight(8)
        self._step, self._message = QLabel(self), QLabel(self)
        for label in (self._step, self._message):
            label.setWordWrap(True)
        self._message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.cancel = QToolButton(self)
        self.cancel.setText("✕")
        self.cancel.setAutoRaise(True)
        self.cancel.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.cancel.clicked.connect(lambda: self.cancel_wanted.emit(self.event_shown.number))
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._state)
        head.addWidget(self.cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(4)
        column.addLayout(head)
        for widget in (self._bar, self._step, self._message):
            column.addWidget(widget)
        self.show_event(event)

    def show_event(self, event: JobEvent) -> None:
        """Say how the job stands now."""
        self.event_shown = event
        self._title.setText(event.title)
        self._state.setText(words.job_state(event))
        is_busy = not event.ended and event.state != JobState.QUEUED
        self._bar.setVisible(is_busy)
        fill(self._bar, event)
        self._bar.setAccessibleName(event.title)
        self.cancel.setVisible(not event.ended and event.state != JobState.CANCELLING)
        self.cancel.setAccessibleName(self.tr("Stop “{title}”").format(title=event.title))
        self.cancel.setToolTip(self.tr("Stop; what is finished stays"))
        # What is said of a stopped job tells of the command line; the state says enough.
        message = "" if event.state == JobState.CANCELLED else event.message
        self._message.setText(message[:1].upper() + message[1:])
        self._message.setVisible(bool(message))
        if event.ended:
            self._found = None
        self._say_step()
        self.dress()

    def show_found(self, flagged: int) -> None:
        """Findings of the running audit so far."""
        self._found = flagged
        self._say_step()

    @property
    def step(self) -> str:
        """Where it is, as shown."""
        return self._step.text()

    @property
    def message(self) -> str:
        return self._message.text()

    def dress(self) -> None:
        now = theme.colours()
        colour = {
            JobState.FAILED: now.flagged,
            JobState.DONE: now.kept,
            JobState.PAUSED: now.deferred,
        }.get(self.event_shown.state, now.muted)
        self._state.setStyleSheet(f"color: {colour};")
        self._step.setStyleSheet(f"color: {now.muted};")

    def _say_step(self) -> None:
        text = words.job_step(self.event_shown)
        if self._found:
            found = self.tr("{count:,} flagged so far").format(count=self._found)
            text = f"{text} · {found}" if text else found
        self._step.setText(text)
        self._step.setVisible(bool(text))


def fill(bar: QProgressBar, event: JobEvent) -> None:
    """Show how far a job is; where its length is not known the bar moves, unless it waits."""
    waits = event.state == JobState.PAUSED and not event.total
    bar.setRange(0, 1 if waits else event.total)
    bar.setValue(0 if waits else event.done)


class JobList(QWidget):
    cancel_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[int, JobRow] = {}
        self._ordered: list[JobRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self.hide()

    def show_event(self, event: JobEvent) -> None:
        """Bring one job's row up to date."""
        row = self.rows.get(event.number)
        if row is not None:
            row.show_event(event)
        else:
            row = self.rows[event.number] = JobRow(event, self)
            row.cancel_wanted.connect(self.cancel_wanted)
            self.show()
        self._forget()
        self._order()

    def running(self) -> JobRow | None:
        """The row of the job that works or is paused."""
        busy = {JobState.RUNNING, JobState.PAUSED, JobState.CANCELLING}
        return next((row for row in self.rows.values() if row.event_shown.state in busy), None)

    def is_auditing(self) -> bool:
        """Whether an audit is under way or waits."""
        events = (row.event_shown for row in self.rows.values())
        return any(one.kind == "audit" and not one.ended for one in events)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            for row in self.rows.values():
                row.dress()
        super().changeEvent(event)

    def _order(self) -> None:
        """What runs is on top, then what waits in its turn, then the newest of what has ended."""

        def place(row: JobRow) -> tuple[bool, int]:
            shown = row.event_shown
            return shown.ended, -shown.number if shown.ended else shown.number

        wanted = sorted(self.rows.values(), key=place)
        if wanted != self._ordered:
            self._ordered = wanted
            for number, row in enumerate(wanted):
                self._column.insertWidget(number, row)

    def _forget(self) -> None:
        ended = [number for number, row in self.rows.items() if row.event_shown.ended]
        for number in ended[:-_KEPT]:
            self.rows.pop(number).deleteLater()
