"""Find a class among many by typing a part of its name."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QListView, QVBoxLayout, QWidget

_STEPS = {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}


class ClassPicker(QDialog):
    """A line to type into, and the classes that fit: Enter takes the one marked, Esc none."""

    chosen = Signal(str)

    def __init__(
        self, classes: Sequence[str], parent: QWidget | None = None, *, may_add: bool = True
    ) -> None:
        """`may_add`: what is typed and is none of the classes may become one."""
        super().__init__(parent)
        self._may_add = may_add
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Which class?"))
        self.resize(420, 440)
        self._names: list[str] = []
        self._folded: list[str] = []
        self._shown: list[str] = []
        self._new = ""
        self._line = QLineEdit(self)
        self._line.setPlaceholderText(self.tr("Type a part of the class's name"))
        self._line.setAccessibleName(self.tr("Part of the class's name"))
        self._line.setClearButtonEnabled(True)
        self._model = QStringListModel(self)
        self._list = QListView(self)
        self._list.setModel(self._model)
        self._list.setUniformItemSizes(True)
        self._list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setAccessibleName(self.tr("Classes that fit"))
        self._count = QLabel(self)
        column = QVBoxLayout(self)
        column.addWidget(self._line)
        column.addWidget(self._list, 1)
        column.addWidget(self._count)
        self._line.installEventFilter(self)
        self._line.textChanged.connect(self._fill)
        self._line.returnPressed.connect(self._take)
        self._list.clicked.connect(self._take)
        self.rank(classes)

    @property
    def shown(self) -> list[str]:
        """The classes that fit what was typed, best first."""
        return self._shown

    def rank(self, classes: Sequence[str]) -> None:
        """Put the classes into another order, the likeliest first; a choice begun stays marked."""
        has_begun = bool(self._line.text()) or self._list.currentIndex().row() > 0
        marked = self._model.data(self._list.currentIndex())
        self._names = list(classes)
        self._folded = [name.casefold() for name in self._names]
        self._fill()
        if has_begun and marked in (listed := self._model.stringList()):
            self._list.setCurrentIndex(self._model.index(listed.index(marked)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrows move in the list while the line has the focus."""
        is_step = event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent)
        if is_step and event.key() in _STEPS:  # type: ignore[attr-defined]
            self._list.keyPressEvent(event)  # type: ignore[arg-type]
            return True
        return super().eventFilter(watched, event)

    def _fill(self) -> None:
        typed = self._line.text().strip()
        self._shown = self._matching(typed.casefold())
        is_new = bool(typed) and typed.casefold() not in self._folded
        self._new = typed if is_new and self._may_add else ""
        added = [self.tr("Add “{name}” as a new class").format(name=self._new)] if self._new else []
        self._model.setStringList([*self._shown, *added])
        self._list.setCurrentIndex(self._model.index(0))
        self._count.setText(
            self.tr("{shown} of {all} classes").format(
                shown=f"{len(self._shown):,}", all=f"{len(self._names):,}"
            )
        )

    def _matching(self, typed: str) -> list[str]:
        """Names that begin with it, then those with a word that does, then those that contain it."""
        if not typed:
            return self._names
        ranks: tuple[list[str], ...] = ([], [], [], [])
        for name, folded in zip(self._names, self._folded, strict=True):
            place = folded.find(typed)
            if place >= 0:
                ranks[_rank(folded, typed, place)].append(name)
        return [name for some in ranks for name in some]

    def _take(self) -> None:
        row = self._list.currentIndex().row()
        name = self._shown[row] if 0 <= row < len(self._shown) else self._new
        if name:
            self.accept()
            self.chosen.emit(name)


def _rank(folded: str, typed: str, place: int) -> int:
    if folded == typed:
        return 0
    if place == 0:
        return 1
    return 3 if folded[place - 1].isalnum() else 2
