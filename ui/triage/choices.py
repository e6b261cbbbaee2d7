"""One row of buttons, each with its key, of which one is chosen at most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Generic, TypeVar

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QGroupBox, QPushButton, QWidget

from ui import theme

Kind = TypeVar("Kind", bound=StrEnum)


class Choices(QGroupBox, Generic[Kind]):
    """Calls `chosen` with what was pressed."""

    def __init__(
        self,
        title: str,
        options: Sequence[tuple[Kind, str, str]],
        chosen: Callable[[Kind], object],
        parent: QWidget,
        *,
        columns: int,
    ) -> None:
        """`options` are value, text and key."""
        super().__init__(title, parent)
        self.setStyleSheet(theme.SWITCH)
        self._group = QButtonGroup(self)
        self._buttons: dict[Kind, QPushButton] = {}
        grid = QGridLayout(self)
        for place, (value, text, key) in enumerate(options):
            button = QPushButton(f"{text}  ({key})", self)
            button.setCheckable(True)
            button.setAccessibleName(text)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _on=False, value=value: chosen(value))
            QShortcut(QKeySequence(key), parent, lambda value=value: self._press(value, chosen))
            self._group.addButton(button)
            self._buttons[value] = button
            grid.addWidget(button, place // columns, place % columns)

    def _press(self, value: Kind, chosen: Callable[[Kind], object]) -> None:
        if self.isEnabled():
            chosen(value)

    def mark(self, value: Kind | None) -> None:
        """Show that it is chosen; None for none."""
        self._group.setExclusive(False)
        for one, button in self._buttons.items():
            button.setChecked(one == value)
        self._group.setExclusive(True)
