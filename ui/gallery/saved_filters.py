"""Filters kept under a name, with the project."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from auditor.session import browsing
from auditor.session.browsing import View
from ui.gallery.pickers import Popup
from ui.workspace import Workspace


class SavedFilters(QToolButton):
    """Opens the list: a double click or Enter applies one, the line below keeps or renames."""

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._views: dict[str, View] = {}
        self._popup = Popup(self)
        self._list = QListWidget(self._popup)
        self._name = QLineEdit(self._popup)
        self._hint = QLabel(self._popup)
        self._save, self._rename, self._delete = (
            QPushButton(text, self._popup)
            for text in (self.tr("Save"), self.tr("Rename"), self.tr("Delete"))
        )
        self._set_up()
        self.clicked.connect(self.open)
        self._list.itemActivated.connect(lambda item: self.apply(item.text()))
        self._list.itemSelectionChanged.connect(self._follow)
        self._name.textChanged.connect(self._follow_name)
        self._name.returnPressed.connect(self._save.click)
        self._save.clicked.connect(lambda: self.save(self._typed))
        self._rename.clicked.connect(lambda: self.rename(self._current, self._typed))
        self._delete.clicked.connect(lambda: self.delete(self._current))

    def open(self) -> None:
        self._read()
        self._name.clear()
        self._follow_name()
        self._popup.open_under(self)
        self._list.setFocus()

    def names(self) -> list[str]:
        return list(self._views)

    def apply(self, name: str) -> None:
        self._popup.close()
        self._workspace.set_view(self._views[name])

    def save(self, name: str) -> None:
        """Keep the filter in use under a name, in place of what had it."""
        self._write({name: self._workspace.view})

    def rename(self, old: str | None, new: str) -> None:
        if old is not None:
            self._write({new: self._views[old], old: None})

    def delete(self, name: str | None) -> None:
        if name is not None:
            self._write({name: None})

    def _set_up(self) -> None:
        self.setText(self.tr("Saved  ▾"))
        self.setToolTip(self.tr("Filters kept under a name"))
        self.setAccessibleName(self.tr("Saved filters"))
        self._list.setAccessibleName(self.tr("Saved filters"))
        self._name.setPlaceholderText(self.tr("Name for the filter in use"))
        self._name.setAccessibleName(self.tr("Name of the filter"))
        self._hint.setText(self.tr("No filter is saved yet."))
        for button in (self._save, self._rename, self._delete):
            button.setAutoDefault(False)
        buttons = QHBoxLayout()
        for button in (self._save, self._rename, self._delete):
            buttons.addWidget(button)
        column = QVBoxLayout(self._popup)
        column.setContentsMargins(6, 6, 6, 6)
        for widget in (self._hint, self._list, self._name):
            column.addWidget(widget)
        column.addLayout(buttons)
        self._popup.setFixedSize(320, 300)

    @property
    def _typed(self) -> str:
        return self._name.text().strip()

    @property
    def _current(self) -> str | None:
        marked = self._list.selectedItems()
        return marked[0].text() if marked else None

    def _read(self) -> None:
        self._workspace.desk.ask(
            lambda session: session.read(browsing.saved_views),
            self._show,
            lane="saved filters",
            owner=self,
        )

    def _show(self, views: dict[str, View]) -> None:
        self._views = views
        self._list.clear()
        for name, view in views.items():
            item = QListWidgetItem(name, self._list)
            item.setToolTip(view.where or self.tr("All samples"))
        self._hint.setVisible(not views)
        self._follow()

    def _follow(self) -> None:
        has_one = self._current is not None
        self._delete.setEnabled(has_one)
        self._follow_name()

    def _follow_name(self) -> None:
        typed = self._typed
        self._save.setEnabled(bool(typed))
        self._save.setText(self.tr("Replace") if typed in self._views else self.tr("Save"))
        is_free = bool(typed) and typed not in self._views
        self._rename.setEnabled(is_free and self._current is not None)

    def _write(self, views: dict[str, View | None]) -> None:
        steps = [browsing.SaveView(name, view) for name, view in views.items()]
        self._name.clear()
        self._workspace.desk.act(
            lambda session: [session.store.write(step).result() for step in steps],
            lambda _done: self._read(),
            owner=self,
        )
        self._popup.setFocus(Qt.FocusReason.OtherFocusReason)
