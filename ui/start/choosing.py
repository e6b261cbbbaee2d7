"""Asking for a folder or a file; the answer comes by a call, and the program goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from ui.start.reading import PACKET

PACKETS = f"*{PACKET}"
TABLES = "*.csv *.tsv *.jsonl *.ndjson *.parquet"


def choose_folder(
    parent: QWidget, title: str, then: Callable[[Path], object], start: str = ""
) -> None:
    dialog = QFileDialog(parent, title, start)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    _open(dialog, then)


def choose_table(parent: QWidget, title: str, then: Callable[[Path], object]) -> None:
    """Ask for a file that lists pictures."""
    _choose_of(parent, title, parent.tr("Tables ({patterns})").format(patterns=TABLES), then)


def choose_packet(parent: QWidget, title: str, then: Callable[[Path], object]) -> None:
    """Ask for a review packet, whatever its name."""
    names = parent.tr("Review packets ({patterns})").format(patterns=PACKETS)
    _choose_of(parent, title, names, then)


def choose_file(parent: QWidget, title: str, then: Callable[[Path], object]) -> None:
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    _open(dialog, then)


def _choose_of(parent: QWidget, title: str, names: str, then: Callable[[Path], object]) -> None:
    """Ask for a file of certain names, or any."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([names, parent.tr("All files (*)")])
    _open(dialog, then)


def _open(dialog: QFileDialog, then: Callable[[Path], object]) -> None:
    dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
