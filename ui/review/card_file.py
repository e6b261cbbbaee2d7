"""Where the sample's file is: its path, copied or shown in its folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from auditor.session import Session
from auditor.session.evidence import Evidence
from ui.desk import Desk
from ui.review.pieces import ElidedLabel


class FileRow(QWidget):
    failed = Signal(object)
    found = Signal(object)
    """The folder to show, as a Path."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._path = ""
        self._name = ElidedLabel(self)
        self.copy_button = self._button(self.tr("Copy path"))
        self._folder = self._button(self.tr("Show in folder"))
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.copy_button)
        row.addWidget(self._folder)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._name)
        column.addLayout(row)
        self.copy_button.clicked.connect(self._to_clipboard)
        self._folder.clicked.connect(self._find_folder)
        self.found.connect(_show)

    def tell(self, evidence: Evidence) -> None:
        self._path = evidence.path
        self._name.setText(evidence.path)

    def _to_clipboard(self) -> None:
        self._with_place(lambda place: QGuiApplication.clipboard().setText(str(place)))

    def _find_folder(self) -> None:
        self._with_place(lambda place: self.found.emit(place.parent))

    def _with_place(self, use: Callable[[Path], None]) -> None:
        path = self._path
        self._desk.ask(lambda session: _place(session, path), use, self.failed.emit, owner=self)

    def _button(self, text: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setAccessibleName(text)
        return button


def _place(session: Session, path: str) -> Path:
    return session.understood.root / path


def _show(folder: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
