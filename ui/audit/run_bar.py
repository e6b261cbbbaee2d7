"""What an audit would take, and the buttons that start, pause and stop it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from auditor.session.planning import Plan
from ui.audit import words
from ui.audit.disclosure import Disclosure
from ui.commands import Commands


class RunBar(QWidget):
    def __init__(self, commands: Commands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._commands = commands
        self._planned, self._stages = QLabel(self), QLabel(self)
        self._planned.setAccessibleName(self.tr("Planned time"))
        self._stages.setObjectName("muted")
        for label in (self._planned, self._stages):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._steps = Disclosure(self.tr("Step by step"), self._stages, self)
        self._steps.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._planned)
        column.addWidget(self._steps)
        column.addLayout(self._make_buttons())

    def show_plan(self, planned: Plan) -> None:
        """Say how long it would take, and what of."""
        self._say(words.plan(planned), [words.stage(one) for one in planned.stages])

    def say(self, sentence: str) -> None:
        """A sentence in place of a plan."""
        self._say(sentence, [])

    @property
    def sentence(self) -> str:
        return self._planned.text()

    def _say(self, sentence: str, stages: list[str]) -> None:
        lines = "\n".join(f"•  {one}" for one in stages)
        self._planned.setText(sentence)
        self._planned.setToolTip(lines)
        self._stages.setText(lines)
        self._steps.setVisible(bool(lines))

    def _make_buttons(self) -> QHBoxLayout:
        action = self._commands.action("audit.run")
        run = QPushButton(action.text(), self)
        run.setObjectName("run")
        run.setToolTip(self.tr("Run the chosen checks, after what runs already"))
        run.clicked.connect(action.trigger)
        action.enabledChanged.connect(run.setEnabled)
        row = QHBoxLayout()
        row.addWidget(run, 1)
        for name in ("audit.pause", "audit.cancel"):
            button = QToolButton(self)
            button.setDefaultAction(self._commands.action(name))
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            row.addWidget(button)
        return row
