"""Everything a user can do, by name: menus, shortcuts, the palette and the `?` sheet read this."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import SIGNAL, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

ENTER = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})


class KeyConflictError(ValueError):
    """Another command has that shortcut."""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to do. `id` is "group.verb" and never changes: settings name it."""

    id: str
    title: str
    group: str
    keys: tuple[str, ...] = ()
    """Default shortcuts, in Qt's portable spelling."""
    in_text: bool = False
    """Fires while a text field has the focus as well; never for a plain key."""
    repeats: bool = False
    """Held down, it goes on. Not for decisions: a held key must not decide about what comes next."""
    checkable: bool = False


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """Keys that a widget takes while it has the focus, whatever commands have them: never changed."""

    title: str
    group: str
    keys: tuple[str, ...]


class Commands(QObject):
    """The commands of one window, with the shortcuts they have now.

    A widget with keys of its own has a method `takes_key(event) -> bool`; lists and tables keep
    Enter where somebody follows their `activated`.
    """

    changed = Signal()

    def __init__(self, window: QWidget, keys: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(window)
        self._window = window
        self._wanted = {name: tuple(some) for name, some in (keys or {}).items()}
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}
        self._taken: dict[str, str] = {}
        self._own: list[OwnKeys] = []
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._watch)

    def add(self, command: Command, run: Callable[[], object]) -> QAction:
        """Offer a command; `run` is called on each trigger, after the action's check state."""
        if command.id in self._commands:
            raise ValueError(f"there is a command {command.id} already")
        action = QAction(command.title, self._window)
        action.setObjectName(command.id)
        action.setCheckable(command.checkable)
        action.setAutoRepeat(command.repeats)
        action.triggered.connect(lambda _checked=False: run())
        self._commands[command.id], self._actions[command.id] = command, action
        self._give(command.id, self._free(command))
        self._window.addAction(action)
        self.changed.emit()
        return action

    def tell_own(self, keys: Sequence[OwnKeys]) -> None:
        """Have the sheet show a widget's own keys too."""
        self._own += keys

    def own(self) -> list[OwnKeys]:
        """Keys that widgets take for themselves."""
        return list(self._own)

    def action(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def all(self) -> list[Command]:
        """In the order they were added."""
        return list(self._commands.values())

    def keys(self, command_id: str) -> tuple[str, ...]:
        """Its shortcuts now."""
        return tuple(key for key, owner in self._taken.items() if owner == command_id)

    def assign(self, command_id: str, keys: Sequence[str]) -> None:
        """Give a command other shortcuts. Raises KeyConflictError, and changes nothing then."""
        spelled = [_portable(key) for key in keys]
        for key in spelled:
            owner = self._taken.get(key, command_id)
            if owner != command_id:
                raise KeyConflictError(
                    self.tr("{key} belongs to “{title}”").format(
                        key=key, title=self._commands[owner].title
                    )
                )
        self._release(command_id)
        self._give(command_id, spelled)
        self._wanted[command_id] = tuple(spelled)
        self.changed.emit()

    def overrides(self) -> dict[str, tuple[str, ...]]:
        """Shortcuts that are not the default ones, for the settings to keep."""
        default = {c.id: tuple(_portable(key) for key in c.keys) for c in self.all()}
        return {name: keys for name, keys in self._wanted.items() if keys != default.get(name)}

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep shortcuts out of text fields, and a held key from deciding twice."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            widget = QApplication.focusWidget()
            if widget is not None and watched is widget and self._belongs_to(widget, event):
                event.accept()
                return True
        return super().eventFilter(watched, event)

    def _watch(self, _before: QWidget | None, focus: QWidget | None) -> None:
        """Keys go to the widget in focus: a filter over all events would hold each of them up."""
        if focus is not None:
            focus.installEventFilter(self)

    def _belongs_to(self, widget: QWidget, event: QKeyEvent) -> bool:
        if widget.window() is not self._window:
            return False
        if isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit | QAbstractSpinBox) or (
            isinstance(widget, QComboBox) and widget.isEditable()
        ):
            owner = self._taken.get(_portable(QKeySequence(event.keyCombination()).toString()))
            return owner is None or not self._commands[owner].in_text
        if isinstance(widget, QAbstractButton | QComboBox):
            return event.key() in {Qt.Key.Key_Space, *ENTER}
        takes_key = getattr(widget, "takes_key", None)
        return takes_key(event) if takes_key else _activates(widget, event)

    def _free(self, command: Command) -> list[str]:
        """The shortcuts it should have, without those another command got first."""
        wanted = self._wanted.get(command.id, command.keys)
        spelled = [_portable(key) for key in wanted]
        return [key for key in spelled if key and key not in self._taken]

    def _give(self, command_id: str, keys: Sequence[str]) -> None:
        self._taken.update(dict.fromkeys(keys, command_id))
        self._actions[command_id].setShortcuts([QKeySequence(key) for key in keys])

    def _release(self, command_id: str) -> None:
        for key in self.keys(command_id):
            del self._taken[key]


def _activates(widget: QWidget, event: QKeyEvent) -> bool:
    """Whether Enter opens something of a list here."""
    follows = SIGNAL("activated(QModelIndex)")
    return (
        isinstance(widget, QAbstractItemView)
        and event.key() in ENTER
        and widget.receivers(follows) > 0
    )


def _portable(key: str) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)
