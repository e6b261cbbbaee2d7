"""The command palette: type what you want to do."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui.commands import Command, Commands

_STEPS = {Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp}


class CommandPalette(QDialog):
    """Lists the commands that can be done now; Enter does the chosen one."""

    def __init__(self, commands: Commands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("What do you want to do?"))
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.resize(560, 420)
        self._commands = commands
        self._line = QLineEdit(self)
        self._line.setPlaceholderText(self.tr("Type a command …"))
        self._line.setAccessibleName(self.tr("Command"))
        self._line.setClearButtonEnabled(True)
        self._list = QTreeWidget(self)
        self._list.setColumnCount(2)
        self._list.setHeaderHidden(True)
        self._list.setRootIsDecorated(False)
        self._list.setAccessibleName(self.tr("Commands"))
        self._list.header().setStretchLastSection(False)
        self._list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        column = QVBoxLayout(self)
        column.addWidget(self._line)
        column.addWidget(self._list)
        self._line.textChanged.connect(self._fill)
        self._line.returnPressed.connect(self._do)
        self._line.installEventFilter(self)
        self._list.itemActivated.connect(self._do)
        self._fill("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrows move in the list while the text has the focus."""
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() in _STEPS
        ):
            self._list.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def _fill(self, text: str) -> None:
        self._list.clear()
        for command in matching(self._usable(), text):
            keys = "  ".join(_shown(key) for key in self._commands.keys(command.id))
            item = QTreeWidgetItem([f"{command.group}: {command.title}", keys])
            item.setData(0, Qt.ItemDataRole.UserRole, command.id)
            self._list.addTopLevelItem(item)
        if first := self._list.topLevelItem(0):
            self._list.setCurrentItem(first)

    def _usable(self) -> list[Command]:
        return [one for one in self._commands.all() if self._commands.action(one.id).isEnabled()]

    def _do(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            self.accept()
            self._commands.action(item.data(0, Qt.ItemDataRole.UserRole)).trigger()


def matching(commands: list[Command], text: str) -> list[Command]:
    """Commands whose words begin with the words typed, in any order; those in the title first."""
    words = text.casefold().split()

    def rank(command: Command) -> int:
        title, whole = _words(command.title), _words(f"{command.group} {command.title}")
        if all(any(one.startswith(word) for one in title) for word in words):
            return 0
        if all(any(one.startswith(word) for one in whole) for word in words):
            return 1
        joined = " ".join(whole)
        return 2 if all(word in joined for word in words) else 3

    return sorted((c for c in commands if rank(c) < 3), key=rank)


def _words(text: str) -> list[str]:
    return text.casefold().replace("…", " ").split()


def _shown(key: str) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
