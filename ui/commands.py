"""Everything a user can do, by name: menus, shortcuts, the palette and the `?` sheet read this."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import SIGNAL, QEvent, QKeyCombination, QObject, Qt, Signal
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
    """What a widget does by key while it has the focus, whatever commands have that key.

    `id` is "widget.verb" and never changes: settings name it. A key that a command has by default
    may be the widget's too where it is the default of both; no other key is shared.
    """

    id: str
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
        self._own: dict[str, OwnKeys] = {}
        self._own_taken: dict[str, tuple[str, ...]] = {}
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

    def add_own(self, keys: Sequence[OwnKeys]) -> None:
        """Have a widget's own keys shown and changed like the commands'; it asks `meaning`."""
        for one in keys:
            self._own[one.id] = one
            wanted = self._wanted.get(one.id, one.keys)
            self._own_taken[one.id] = tuple(_portable(key) for key in wanted if key)
        self.changed.emit()

    def own(self) -> list[OwnKeys]:
        """What widgets do by key while they have the focus."""
        return list(self._own.values())

    def meaning(self, event: QKeyEvent, group: str) -> str | None:
        """The id of the widget's own doing, of this group, that a key stands for."""
        key = _of_event(event)
        mine = (one.id for one in self._own.values() if one.group == group)
        return next((name for name in mine if key in self._own_taken[name]), None)

    def action(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def all(self) -> list[Command]:
        """In the order they were added."""
        return list(self._commands.values())

    def keys(self, command_id: str) -> tuple[str, ...]:
        """Its shortcuts now; those of a widget's own doing too."""
        if command_id in self._own:
            return self._own_taken[command_id]
        return tuple(key for key, owner in self._taken.items() if owner == command_id)

    def shown(self, command_id: str) -> str:
        """Its shortcuts now, as they are called on this system."""
        native = QKeySequence.SequenceFormat.NativeText
        return ", ".join(QKeySequence(key).toString(native) for key in self.keys(command_id))

    def default(self, command_id: str) -> tuple[str, ...]:
        """The shortcuts it has where nobody changed them."""
        known = self._own.get(command_id) or self._commands.get(command_id)
        return tuple(_portable(key) for key in known.keys) if known else ()

    def assign(self, command_id: str, keys: Sequence[str]) -> None:
        """Give a command other shortcuts. Raises KeyConflictError, and changes nothing then."""
        spelled = [_portable(key) for key in keys]
        for key in spelled:
            if (title := self._owner_of(key, command_id)) is not None:
                raise KeyConflictError(
                    self.tr("{key} belongs to “{title}”").format(key=key, title=title)
                )
        if command_id in self._own:
            self._own_taken[command_id] = tuple(spelled)
        else:
            self._release(command_id)
            self._give(command_id, spelled)
        self._wanted[command_id] = tuple(spelled)
        self.changed.emit()

    def overrides(self) -> dict[str, tuple[str, ...]]:
        """Shortcuts that are not the default ones, for the settings to keep."""
        return {name: keys for name, keys in self._wanted.items() if keys != self.default(name)}

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
            owner = self._taken.get(_of_event(event))
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

    def _owner_of(self, key: str, wanted_for: str) -> str | None:
        """The title of what stands in the way of giving the key to a command."""
        is_own = wanted_for in self._own
        owner = self._taken.get(key, wanted_for)
        if owner != wanted_for and not (is_own and self._is_shared(key, wanted_for, owner)):
            return self._commands[owner].title
        for name, one in self._own.items():
            if name == wanted_for or key not in self._own_taken[name]:
                continue
            apart = is_own and one.group != self._own[wanted_for].group
            if not apart and (is_own or not self._is_shared(key, name, wanted_for)):
                return f"{one.group}: {one.title}"
        return None

    def _is_shared(self, key: str, own: str, command_id: str) -> bool:
        """Whether widget and command have the key by default."""
        return key in self.default(own) and key in self.default(command_id)

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


def _of_event(event: QKeyEvent) -> str:
    """A key as it is spelled; the number pad's are as good as the others."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    key = Qt.Key.Key_Return if event.key() in ENTER else Qt.Key(event.key())
    return _portable(QKeySequence(QKeyCombination(modifiers, key)).toString())
