"""Where the new project is to be, and what is there already."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ui.start.choosing import choose_folder
from ui.start.reader import Reader
from ui.start.reading import Place, place

_PAUSE_MS = 150


class ProjectField(QWidget):
    changed = Signal()
    """The path, or what is known of it, differs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._default: Path | None = None
        self.place: Place | None = None
        """None while it is looked up."""
        self._reader = Reader()
        self.destroyed.connect(self._reader.close)
        self._typed = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._typed.timeout.connect(self._look)
        self.line = QLineEdit(self)
        self.line.setAccessibleName(self.tr("Project folder"))
        self.line.textChanged.connect(self._wait)
        choose = QPushButton(self.tr("Choose …"), self)
        choose.setAccessibleName(self.tr("Choose the project's folder"))
        choose.clicked.connect(self._choose)
        self._said = QLabel(self)
        self._said.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self.line, 1)
        row.addWidget(choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self._said)

    def offer(self, path: Path) -> None:
        """Show a path, unless the user has named one."""
        if self._default is None:
            self._default = path
            self.line.setText(str(path))

    def fix(self, path: Path) -> None:
        """Show the project that is open: there is no other choice."""
        self.offer(path)
        self.setEnabled(False)

    @property
    def path(self) -> Path | None:
        """The project's path; None while no project can be there."""
        if self.place in {None, Place.WRONG}:
            return None
        return self._named()

    @property
    def sentence(self) -> str:
        return self._said.text()

    def _named(self) -> Path | None:
        text = self.line.text().strip()
        if self._default is not None and text == str(self._default):
            return self._default
        path = Path(text).expanduser()
        return path if text and path.is_absolute() else None

    def _wait(self) -> None:
        self.place = None
        self._typed.start()
        self.changed.emit()

    def _look(self) -> None:
        path = self._named()
        if path is None:
            self._tell(Place.WRONG)
            return
        self._reader.ask(lambda: place(path), self._tell, lambda _error: self._tell(Place.WRONG))

    def _tell(self, found: Place) -> None:
        self.place = found
        self._said.setText(
            {
                Place.NEW: self.tr(
                    "A new project is made there. Your pictures stay where they are."
                ),
                Place.PROJECT: self.tr(
                    "There is a project already. It then lists what this source holds: what is"
                    " new is added, what is missing is put aside, and decisions stay."
                ),
                Place.OTHER: self.tr(
                    "That folder holds other files: the project is put among them."
                ),
                Place.WRONG: self.tr(
                    "No project can be made there: name a folder on a disk you can write to."
                ),
            }[found]
        )
        self.changed.emit()

    def _choose(self) -> None:
        choose_folder(self, self.tr("Where to make the project"), self._take, self.line.text())

    def _take(self, folder: Path) -> None:
        """A project goes by its own name inside a folder that was picked for it."""
        if self._default is not None and not folder.name.endswith(".audit"):
            folder = folder / self._default.name
        self.line.setText(str(folder))
