"""Asking for the CSV files of a bank; the answer comes by a call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

Then = Callable[[Path], object]


def choose_bank(parent: QWidget, title: str, then: Then) -> None:
    """Ask for a file to read."""
    dialog = _dialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    _open(dialog, then)


def choose_target(parent: QWidget, title: str, then: Then) -> None:
    """Ask where to write to; the dialog asks before a file is written over."""
    dialog = _dialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("csv")
    dialog.selectFile("bank.csv")
    _open(dialog, then)


def _dialog(parent: QWidget, title: str) -> QFileDialog:
    dialog = QFileDialog(parent, title)
    dialog.setNameFilters([parent.tr("Questions (*.csv)"), parent.tr("All files (*)")])
    return dialog


def _open(dialog: QFileDialog, then: Then) -> None:
    dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
