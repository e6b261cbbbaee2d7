"""One check: what it looks for, needs, costs and cannot see, and how its last run went."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QLabel, QVBoxLayout, QWidget

from auditor.session.planning import Parameter
from ui import theme
from ui.audit import words
from ui.audit.disclosure import Disclosure
from ui.audit.form import ParameterForm

if TYPE_CHECKING:
    from auditor.checks.base import CheckSpec


class CheckCard(QFrame):
    changed = Signal()
    """Chosen or not, or other settings."""

    def __init__(
        self, spec: CheckSpec, parameters: Sequence[Parameter], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.spec = spec
        self._trouble = False
        self.box = QCheckBox(spec.title, self)
        self.box.setObjectName("title")
        self.box.setChecked(not spec.on_request)
        self.box.setAccessibleDescription(spec.about)
        self.box.toggled.connect(self.changed)
        self._state = QLabel(self)
        self._state.setWordWrap(True)
        self._state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.form = ParameterForm(parameters, self) if parameters else None
        self._lay_out()
        self.show_run(None, is_going=False)

    @property
    def is_chosen(self) -> bool:
        return self.box.isChecked()

    def values(self) -> dict[str, Any]:
        """Parameters that differ from the default ones."""
        return self.form.values() if self.form else {}

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Show these parameters, and the default of every other."""
        if self.form is not None:
            self.form.set_values(values)

    def put_setup(self, setup: QWidget, names: Collection[str]) -> None:
        """Show these parameters in a widget of their own, above the other settings."""
        if self.form is not None:
            self.form.show_elsewhere(names)
            column = self.layout()
            if isinstance(column, QVBoxLayout):
                column.insertWidget(column.indexOf(self._settings), setup)

    @property
    def state_text(self) -> str:
        return self._state.text()

    def show_run(self, run: Mapping[str, Any] | None, *, is_going: bool) -> None:
        """Say how the newest run stands."""
        state = run["state"] if run else ""
        stale = bool(run and run.get("stale"))
        stopped = state in words.STOPPED and not is_going
        glyph = {"done": "✓", "failed": "▲", "skipped": "▲", "running": "▶"}.get(state, "○")
        glyph = "▲" if stopped else "↻" if stale else glyph
        text = f"{glyph} {words.last_run(run, is_going=is_going)}"
        if stale:
            text += self.tr(". Out of date: the data or the check changed since.")
        self._trouble = stopped or stale or state in {"failed", "skipped"}
        self._state.setText(text)
        self.dress()

    def dress(self) -> None:
        now = theme.colours()
        self._state.setStyleSheet(f"color: {now.flagged if self._trouble else now.muted};")

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(4)
        column.addWidget(self.box)
        if self.spec.about:
            about = QLabel(self.spec.about, self)
            about.setWordWrap(True)
            column.addWidget(about)
        column.addWidget(self._state)
        column.addWidget(self._muted(words.takes(self.spec)))
        if self.form is not None:
            self._settings = Disclosure(self.tr("Settings"), self.form, self)
            self.form.changed.connect(self._note_settings)
            column.addWidget(self._settings)
        if self.spec.cannot_see or self.spec.sources:
            column.addWidget(Disclosure(self.tr("Limits and sources"), self._limits(), self))

    def _note_settings(self) -> None:
        count = self.form.changed_here if self.form is not None else 0
        self._settings.set_title(
            self.tr("Settings ({count} changed)").format(count=count)
            if count
            else self.tr("Settings")
        )
        self.changed.emit()

    def _limits(self) -> QWidget:
        inside = QWidget(self)
        column = QVBoxLayout(inside)
        column.setContentsMargins(20, 0, 0, 8)
        column.setSpacing(3)
        for heading, lines in (
            (self.tr("It cannot see"), self.spec.cannot_see),
            (self.tr("Sources"), self.spec.sources),
        ):
            if lines:
                column.addWidget(QLabel(heading, inside))
                for line in lines:
                    column.addWidget(self._muted(f"•  {line}"))
        return inside

    def _muted(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setObjectName("muted")
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label
