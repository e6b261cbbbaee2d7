"""The progress strip of the status bar: what runs, how far it is, and how the last job ended."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from auditor.session.background import JobEvent, JobState
from ui import theme
from ui.audit import words
from ui.audit.jobs import fill
from ui.desk import Desk
from ui.moment import span

_SAID_MS = 12_000
"""So long the last result is shown."""
_CHARACTERS = 60


class JobStrip(QWidget):
    """Hidden while there is nothing to say."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = desk.session.jobs
        self._event: JobEvent | None = None
        self._text = QLabel(self)
        self._bar = QProgressBar(self)
        self._bar.setFixedWidth(140)
        self._bar.setMaximumHeight(10)
        self._bar.setTextVisible(False)
        self._left = QLabel(self)
        self.pause = self._button(self._turn)
        self.cancel = self._button(self._stop)
        self.cancel.setText("✕")
        self.cancel.setAccessibleName(self.tr("Stop what runs"))
        self.cancel.setToolTip(self.tr("Stop; what is finished stays"))
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(6)
        for widget in (self._text, self._bar, self._left, self.pause, self.cancel):
            row.addWidget(widget)
        self._said = QTimer(self, singleShot=True, interval=_SAID_MS)
        self._said.timeout.connect(self.hide)
        desk.job.connect(self.show_event)
        self.hide()
        for event in self._jobs.events():
            if not event.ended:
                self.show_event(event)

    @Slot(object)
    def show_event(self, event: JobEvent) -> None:
        """Follow the running job; a waiting one is no news."""
        if event.state == JobState.QUEUED:
            return
        self._event = event
        if event.ended:
            self._show_end(event)
        else:
            self._show_work(event)
        self.show()

    @property
    def sentence(self) -> str:
        """What it says; "" when hidden."""
        return "" if self.isHidden() else self._text.text()

    def _show_work(self, event: JobEvent) -> None:
        self._said.stop()
        is_paused = event.state == JobState.PAUSED
        stage = event.stage or event.title
        shown = {
            JobState.PAUSED: self.tr("Paused: {stage}"),
            JobState.CANCELLING: self.tr("Stopping: {stage}"),
        }.get(event.state, "{stage}")
        self._say(shown.format(stage=stage))
        self._text.setStyleSheet("")
        fill(self._bar, event)
        self._bar.setAccessibleName(stage)
        left = event.seconds_left
        self._left.setText(
            "" if left is None or is_paused else self.tr("{span} left").format(span=span(left))
        )
        self.pause.setText("▶" if is_paused else "Ⅱ")
        title = self.tr("Go on") if is_paused else self.tr("Pause")
        self.pause.setToolTip(title)
        self.pause.setAccessibleName(title)
        for widget in (self._bar, self._left, self.pause, self.cancel):
            widget.show()
        for button in (self.pause, self.cancel):
            button.setEnabled(event.state != JobState.CANCELLING)

    def _show_end(self, event: JobEvent) -> None:
        for widget in (self._bar, self._left, self.pause, self.cancel):
            widget.hide()
        if event.state == JobState.FAILED:
            text = self.tr("{title} failed: {why}").format(title=event.title, why=event.message)
        elif event.state == JobState.SKIPPED:
            text = self.tr("{title}: {why}").format(title=event.title, why=event.message)
        elif event.state == JobState.CANCELLED:
            text = self.tr("{title}: stopped").format(title=event.title)
        else:
            said = event.message or self.tr("done")
            text = self.tr("{title}: {said}").format(title=event.title, said=said)
        glyph = words.GLYPHS[event.state]
        self._say(f"{glyph} {text}")
        colour = theme.colours().flagged if event.state == JobState.FAILED else ""
        self._text.setStyleSheet(f"color: {colour};" if colour else "")
        self._said.start()

    def _say(self, text: str) -> None:
        metrics = self.fontMetrics()
        room = _CHARACTERS * metrics.averageCharWidth()
        self._text.setText(metrics.elidedText(text, Qt.TextElideMode.ElideRight, room))
        self._text.setToolTip(text)
        self._text.setAccessibleName(text)

    def _turn(self) -> None:
        if self._event is not None and self._event.state == JobState.PAUSED:
            self._jobs.resume()
        else:
            self._jobs.pause()

    def _stop(self) -> None:
        if self._event is not None:
            self._jobs.cancel(self._event.number)

    def _button(self, run: Callable[[], None]) -> QToolButton:
        button = QToolButton(self)
        button.setAutoRaise(True)
        button.clicked.connect(run)
        return button
