"""The checks there are, by family; chosen ones are run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from auditor.session.planning import Parameter
from ui.audit import words
from ui.audit.check_card import CheckCard

if TYPE_CHECKING:
    from auditor.checks.base import CheckSpec

Offered = Sequence[tuple["CheckSpec", Sequence[Parameter]]]
"""Each check with its parameters, by family."""


class CheckList(QWidget):
    changed = Signal()
    """Other checks are chosen, or their settings differ."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards: dict[str, CheckCard] = {}
        self.every = QCheckBox(self.tr("Every check"), self)
        self.every.setTristate(True)
        self.every.clicked.connect(self._choose_every)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._column.addWidget(self.every)

    def offer(self, checks: Offered) -> None:
        """Show the checks, once."""
        family = None
        for spec, parameters in checks:
            if spec.family != family:
                family = spec.family
                heading = QLabel(words.family(family), self)
                heading.setObjectName("heading")
                self._column.addWidget(heading)
            card = self.cards[spec.id] = CheckCard(spec, parameters, self)
            card.changed.connect(self._note)
            self._column.addWidget(card)
        self._note()

    def chosen(self) -> tuple[str, ...]:
        """Ids of the checks to run."""
        return tuple(name for name, card in self.cards.items() if card.is_chosen)

    def parameters(self) -> dict[str, dict[str, Any]]:
        """Of the chosen checks, the parameters that differ from the default ones."""
        found = {name: self.cards[name].values() for name in self.chosen()}
        return {name: values for name, values in found.items() if values}

    def choose(self, check_ids: Sequence[str]) -> None:
        """Choose these and no other."""
        with QSignalBlocker(self):
            for name, card in self.cards.items():
                card.box.setChecked(name in check_ids)
        self._note()

    def show_values(
        self, check_ids: Sequence[str], parameters: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Choose these checks, with these parameters."""
        for name in check_ids:
            if (card := self.cards.get(name)) is not None:
                card.show_values(parameters.get(name, {}))
        self.choose(check_ids)

    def show_last(self, parameters: Mapping[str, Mapping[str, Any]]) -> None:
        """Begin with the parameters of each check's last run, where nobody has changed them yet."""
        for name, values in parameters.items():
            card = self.cards.get(name)
            if card is not None and not card.values():
                card.show_values(values)

    def titles(self) -> dict[str, str]:
        return {name: card.spec.title for name, card in self.cards.items()}

    def show_runs(self, runs: Mapping[str, Mapping[str, Any]], *, is_going: bool) -> None:
        for name, card in self.cards.items():
            card.show_run(runs.get(name), is_going=is_going)

    def dress(self) -> None:
        for card in self.cards.values():
            card.dress()

    def unasked(self) -> frozenset[str]:
        """Ids of the checks that need nothing only the user can name: those "every" means."""
        return frozenset(n for n, card in self.cards.items() if not card.spec.on_request)

    def _choose_every(self) -> None:
        chosen = frozenset(self.chosen())
        self.choose(() if chosen >= self.unasked() else tuple(chosen | self.unasked()))

    def _note(self) -> None:
        chosen = frozenset(self.chosen())
        state = Qt.CheckState.PartiallyChecked
        if not chosen or chosen >= self.unasked():
            state = Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked
        self.every.setCheckState(state)
        self.changed.emit()
