"""Chips that narrow a check's findings to those unseen, decided or put aside."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from auditor.session.browsing import State, Tally
from ui import theme

CONDITIONS: dict[str, str] = {"": ""} | {str(one): f"state = '{one}'" for one in State}
"""By state, what narrows a filter to it; "" is every state."""


class StateChips(QWidget):
    """Each with its count. None is down where the list is narrowed otherwise."""

    chosen = Signal(str)
    """A State, or "" for all."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._chips: dict[str, QToolButton] = {}
        self._words = {
            "": self.tr("all"),
            "unseen": self.tr("unseen"),
            "decided": self.tr("decided"),
            "deferred": self.tr("aside"),
        }
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for state in self._words:
            row.addWidget(self._chip(state))
        self._group.idClicked.connect(self._choose)

    def show_tally(self, tally: Tally) -> None:
        counts = {
            "": tally.samples,
            "unseen": tally.unseen,
            "decided": tally.decided,
            "deferred": tally.deferred,
        }
        for state, chip in self._chips.items():
            chip.setText(f"{counts[state]:,}\n{self._words[state]}")
            chip.setAccessibleName(f"{self._words[state]}: {counts[state]:,}")

    def show_state(self, state: str | None) -> None:
        """Which chip is down; None is none."""
        self._group.setExclusive(state is not None)
        for name, chip in self._chips.items():
            chip.setChecked(name == state)

    def _chip(self, state: str) -> QToolButton:
        chip = QToolButton(self)
        chip.setCheckable(True)
        chip.setStyleSheet(theme.SWITCH)
        chip.setText(f"–\n{self._words[state]}")  # noqa: RUF001  no count yet
        chip.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._chips[state] = chip
        self._group.addButton(chip, len(self._chips) - 1)
        return chip

    def _choose(self, number: int) -> None:
        self.chosen.emit(list(self._chips)[number])
