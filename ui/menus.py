"""Menus: one per group of commands."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QMenu, QMenuBar

from ui.commands import Commands


class Menus:
    """Keeps the menus as the commands are: panels that are made later add theirs."""

    def __init__(self, bar: QMenuBar, commands: Commands, groups: Sequence[str]) -> None:
        """`groups` come first, in that order; others as their commands are added."""
        self._bar, self._commands = bar, commands
        self._menus: dict[str, QMenu] = {group: bar.addMenu(group) for group in groups}
        self._shown: set[str] = set()
        commands.changed.connect(self._fill)
        self._fill()

    def _fill(self) -> None:
        for command in self._commands.all():
            if command.id not in self._shown:
                self._menu(command.group).addAction(self._commands.action(command.id))
                self._shown.add(command.id)

    def _menu(self, group: str) -> QMenu:
        if group not in self._menus:
            self._menus[group] = self._bar.addMenu(group)
        return self._menus[group]
