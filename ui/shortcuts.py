"""The `?` sheet, where every shortcut is shown and can be given another key."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui.commands import Command, Commands, KeyConflictError, OwnKeys

_ID = Qt.ItemDataRole.UserRole


class ShortcutSheet(QDialog):
    """All commands by group, with their keys."""

    assigned = Signal()
    """Shortcuts were changed: the settings should keep them."""

    def __init__(self, commands: Commands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Keyboard"))
        self.resize(620, 640)
        self._commands = commands
        self._groups: dict[str, tuple[QTreeWidgetItem, list[QTreeWidgetItem]]] = {}
        self._find = QLineEdit(self)
        self._find.setPlaceholderText(self.tr("Find a command or a key …"))
        self._find.setAccessibleName(self.tr("Find a command or a key"))
        self._tree = QTreeWidget(self)
        self._tree.setColumnCount(2)
        self._tree.setHeaderLabels([self.tr("What it does"), self.tr("Keys")])
        self._tree.setAccessibleName(self.tr("Commands and their keys"))
        self._edit = QKeySequenceEdit(self)
        self._edit.setMaximumSequenceLength(1)
        self._edit.setAccessibleName(self.tr("New key of the chosen command"))
        self._give = QPushButton(self.tr("Use this key"), self)
        self._default = QPushButton(self.tr("Default"), self)
        self._said = QLabel(self)
        self._said.setWordWrap(True)
        self._lay_out()
        self._find.textChanged.connect(self._filter)
        self._give.clicked.connect(self._assign)
        self._default.clicked.connect(self._reset)
        self._tree.currentItemChanged.connect(lambda *_: self._enable())
        self._fill()
        self._find.setFocus()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(QLabel(self.tr("New key:"), self))
        row.addWidget(self._edit, 1)
        row.addWidget(self._give)
        row.addWidget(self._default)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self._find)
        column.addWidget(self._tree, 1)
        column.addLayout(row)
        column.addWidget(self._said)
        column.addWidget(buttons)

    def _fill(self) -> None:
        offered: list[Command | OwnKeys] = [*self._commands.all(), *self._commands.own()]
        for one in offered:
            item = self._add(one.group, one.title, self._commands.shown(one.id))
            item.setData(0, _ID, one.id)
        self._tree.expandAll()
        self._tree.resizeColumnToContents(1)
        self._tree.setColumnWidth(0, 380)
        self._enable()

    def _add(self, group: str, title: str, keys: str) -> QTreeWidgetItem:
        if group not in self._groups:
            self._groups[group] = QTreeWidgetItem(self._tree, [group, ""]), []
        head, items = self._groups[group]
        items.append(QTreeWidgetItem(head, [title, keys]))
        return items[-1]

    def _filter(self, text: str) -> None:
        wanted = text.casefold()
        for group, items in self._groups.values():
            hits = [wanted in f"{item.text(0)} {item.text(1)}".casefold() for item in items]
            for item, hit in zip(items, hits, strict=True):
                item.setHidden(not hit)
            group.setHidden(not any(hits))

    def _chosen(self) -> str | None:
        item = self._tree.currentItem()
        found: str | None = item.data(0, _ID) if item else None
        return found

    def _enable(self) -> None:
        for widget in (self._edit, self._give, self._default):
            widget.setEnabled(self._chosen() is not None)

    @property
    def said(self) -> str:
        """Why the last key was refused; "" where it was not."""
        return self._said.text()

    def choose(self, command_id: str) -> None:
        """Make a command the current one."""
        items = (item for _, items in self._groups.values() for item in items)
        self._tree.setCurrentItem(next(i for i in items if i.data(0, _ID) == command_id))

    def assign(self, key: str) -> None:
        """Give the chosen command this key alone; "" takes its keys away."""
        self._try([key] if key else [])

    def _assign(self) -> None:
        self.assign(self._edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText))

    def _reset(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self._try(list(self._commands.default(chosen)))

    def _try(self, keys: list[str]) -> None:
        chosen = self._chosen()
        if chosen is None:
            return
        try:
            self._commands.assign(chosen, keys)
        except KeyConflictError as error:
            self._said.setText(self.tr("Not changed: {why}.").format(why=error))
            return
        self._said.setText("")
        self._edit.clear()
        item = self._tree.currentItem()
        if item is not None:
            item.setText(1, self._commands.shown(chosen))
        self.assigned.emit()
