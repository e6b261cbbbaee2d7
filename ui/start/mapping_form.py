"""Which column of a table is the picture, the label, the split, the group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from ui.start import words
from ui.start.choosing import choose_folder
from ui.start.reading import Reading


class MappingForm(QWidget):
    """One choice for each role; the first of each is to guess."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns: tuple[str, ...] = ()
        self._images: Path | None = None
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._roles = {role: QComboBox(self) for role in words.roles()}
        for role, title in words.roles().items():
            self._roles[role].setAccessibleName(title)
            self._roles[role].currentIndexChanged.connect(self.changed)
            rows.addRow(title, self._roles[role])
        self._separator = self._make_separator()
        rows.addRow(words.separator_title(), self._separator)
        rows.addRow(self.tr("Pictures start from"), self._make_images())

    def values(self) -> dict[str, Any]:
        """Import options that were chosen; none that is left to be guessed."""
        if not self._columns:
            return {}
        chosen = {f"{role}_column": combo.currentData() for role, combo in self._roles.items()}
        chosen["label_separator"] = self._separator.currentData()
        chosen["images"] = self._images
        return {name: value for name, value in chosen.items() if value is not None}

    def reset(self) -> None:
        """Guess everything again."""
        self._images = None
        with QSignalBlocker(self):
            for combo in (*self._roles.values(), self._separator):
                combo.setCurrentIndex(0)
        self._show_images("")

    def show_reading(self, reading: Reading) -> None:
        """Offer the source's columns and say what was guessed; what was chosen stays."""
        self._columns = reading.columns
        found = reading.understood.columns if reading.understood else {}
        with QSignalBlocker(self):
            for role, combo in self._roles.items():
                _fill(combo, reading.columns, self._guess(found.get(role), reading))
        self._show_images(words.shown(reading.understood.root) if reading.understood else "")

    def _guess(self, column: str | None, reading: Reading) -> str:
        if reading.understood is None:
            return self.tr("choose, or let it be guessed")
        return self.tr("{column} (guessed)").format(column=column) if column else self.tr("none")

    def _make_separator(self) -> QComboBox:
        combo = QComboBox(self)
        combo.setAccessibleName(words.separator_title())
        offered: tuple[tuple[str, str | None], ...] = (
            (self.tr("guess"), None),
            (self.tr("never: a cell is one label"), ""),
            (self.tr("parted by ;"), ";"),
            (self.tr("parted by ,"), ","),
            (self.tr("parted by |"), "|"),
            (self.tr("parted by a space"), " "),
            (self.tr("a list as JSON writes it"), "json"),
            (self.tr("a list as Python writes it"), "python"),
        )
        for title, value in offered:
            combo.addItem(title, value)
        combo.currentIndexChanged.connect(self.changed)
        return combo

    def _make_images(self) -> QWidget:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        self._folder = QLabel(row)
        choose = QPushButton(self.tr("Choose …"), row)
        choose.setAccessibleName(self.tr("Choose the folder that picture paths start from"))
        choose.clicked.connect(self._choose_images)
        line.addWidget(self._folder, 1)
        line.addWidget(choose)
        return row

    def _choose_images(self) -> None:
        title = self.tr("The folder that the picture paths start from")
        choose_folder(self, title, self.set_images)

    def set_images(self, folder: Path) -> None:
        """Look for the pictures from this folder on."""
        self._images = folder
        self._show_images(words.shown(folder))
        self.changed.emit()

    def _show_images(self, text: str) -> None:
        self._folder.setText(text)
        self._folder.setToolTip(text)


def _fill(combo: QComboBox, columns: tuple[str, ...], guess: str) -> None:
    chosen = combo.currentData()
    with QSignalBlocker(combo):
        combo.clear()
        combo.addItem(guess, None)
        for name in columns:
            combo.addItem(name, name)
        combo.setCurrentIndex(columns.index(chosen) + 1 if chosen in columns else 0)
