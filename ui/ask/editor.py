"""The editor of the bank: classes on the left, the questions of one of them on the right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from auditor.session.interview import Kind, Question
from ui import theme
from ui.ask.bank import QuestionBank, with_kind
from ui.ask.files import choose_bank, choose_target
from ui.ask.table import EXPECTED, KIND, ON, TEXT, KindDelegate, QuestionTable, fill_kinds

_NAME = Qt.ItemDataRole.UserRole
_CLASSES_WIDTH = 190


class BankEditor(QWidget):
    said = Signal(str)
    """A sentence about what was done."""

    def __init__(self, bank: QuestionBank, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bank = bank
        self.classes = QListWidget(self)
        self.classes.setAccessibleName(self.tr("Classes, with how many questions are about each"))
        self.model = QuestionTable(bank, self)
        self.table = QTableView(self)
        self._set_up_table()
        self.text = QLineEdit(self)
        self.text.setPlaceholderText(self.tr("Write a question about the class"))
        self.text.setAccessibleName(self.tr("New question"))
        self.kind = QComboBox(self)
        fill_kinds(self.kind)
        self.kind.setAccessibleName(self.tr("Kind of the new question"))
        self.add_button = self._button(self.tr("Add"), self.add)
        self.delete_button = self._button(self.tr("Delete"), self.delete)
        self.undo_button = self._button(self.tr("Undo"), bank.undo)
        self._lay_out()
        self._connect()

    @property
    def chosen_class(self) -> str | None:
        row = self.classes.currentRow()
        name: str | None = self.classes.item(row).data(_NAME) if row >= 0 else None
        return name

    def choose_class(self, name: str) -> None:
        for row in range(self.classes.count()):
            if self.classes.item(row).data(_NAME) == name:
                self.classes.setCurrentRow(row)

    def add(self) -> None:
        """Add the question that is written below the table."""
        about, text = self.chosen_class, self.text.text().strip()
        if about is None or not text:
            return
        plain = Question(about=about, text=text, expected="yes", kind=Kind.SPECIFIC, source="human")
        self.bank.add(with_kind(plain, Kind(self.kind.currentData())))
        self.text.clear()

    def delete(self) -> None:
        """Delete the questions whose rows are selected; Undo brings them back."""
        rows = {index.row() for index in self.table.selectionModel().selectedIndexes()}
        if rows:
            self.bank.delete([self.model.question(row) for row in sorted(rows)])

    def lock_all(self, *, locked: bool) -> None:
        """Lock or unlock every question about the class shown."""
        about = self.chosen_class
        self.bank.replace_all(
            tuple(
                replace(one, locked=locked) if one.about == about else one
                for one in self.bank.questions
            )
        )

    def ask_model(self) -> None:
        """Ask which model writes the questions."""
        dialog = QInputDialog(self)
        dialog.setWindowTitle(self.tr("Have a model write questions"))
        dialog.setLabelText(
            self.tr(
                "A language model writes six questions for each class; it gets the classes' names"
                "\nand no picture. What is locked or written by you stays."
                "\nIts id, as server:http://127.0.0.1:8000/v1#NAME:"
            )
        )
        dialog.textValueSelected.connect(self._let_write)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export(self, path: Path) -> None:
        told = self.tr("The bank is written: {path}").format(path=path)
        self.bank.export_csv(path, lambda _done: self.said.emit(told))

    # what is shown

    def show_bank(self) -> None:
        """Show the bank as it is now."""
        self._show_classes()
        self._show_questions()
        self.undo_button.setEnabled(self.bank.can_undo)
        self._make.setEnabled(not self.bank.is_writing)
        self._fill_languages()
        if self.bank.is_writing:
            self.said.emit(self.tr("The model writes questions …"))

    def _show_classes(self) -> None:
        chosen = self.chosen_class
        counts = Counter(one.about for one in self.bank.questions)
        names = [*dict.fromkeys(one.about for one in self.bank.questions)]
        if names != [self.classes.item(i).data(_NAME) for i in range(self.classes.count())]:
            self.classes.clear()
            for name in names:
                item = QListWidgetItem()
                item.setData(_NAME, name)
                self.classes.addItem(item)
        for row, name in enumerate(names):
            self.classes.item(row).setText(f"{name}  ({counts[name]})")
        if names:
            self.choose_class(chosen if chosen in names else names[0])

    def _show_questions(self) -> None:
        about = self.chosen_class
        self.model.show(self.bank.about(about) if about is not None else [])
        self._enable()

    def _fill_languages(self) -> None:
        if self._languages.isEmpty():
            for language in self.bank.languages:
                title = {"en": self.tr("English"), "de": self.tr("German")}.get(language, language)
                action = self._languages.addAction(title)
                action.triggered.connect(
                    lambda _checked=False, chosen=language: self.bank.from_templates(chosen)
                )

    def _enable(self) -> None:
        chosen = self.table.selectionModel().hasSelection()
        self.delete_button.setEnabled(chosen)
        self.add_button.setEnabled(bool(self.text.text().strip()) and bool(self.chosen_class))

    def _let_write(self, model: str) -> None:
        if model.strip():
            self.bank.from_model(model.strip())

    # the parts

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName(self.tr("Questions about the class"))
        table.setItemDelegateForColumn(KIND, KindDelegate(table))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.setAlternatingRowColors(True)
        table.setStyleSheet(theme.box_style("QTableView"))
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(TEXT, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        for column, width in ((KIND, 100), (EXPECTED, 90), (ON, 60)):
            table.setColumnWidth(column, width)

    def _lay_out(self) -> None:
        self._make = QPushButton(self.tr("Make questions"), self)
        self._make.setAutoDefault(False)
        self._make.setMenu(self._make_menu())
        tools = QHBoxLayout()
        for button in (
            self._make,
            self._button(self.tr("Import …"), self._import),
            self._button(self.tr("Export …"), self._export),
            self._button(self.tr("Lock all"), lambda: self.lock_all(locked=True)),
            self._button(self.tr("Unlock all"), lambda: self.lock_all(locked=False)),
        ):
            tools.addWidget(button)
        tools.addStretch(1)
        for button in (self.delete_button, self.undo_button):
            tools.addWidget(button)
        line = QHBoxLayout()
        line.addWidget(self.text, 1)
        line.addWidget(self.kind)
        line.addWidget(self.add_button)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table, 1)
        column.addLayout(line)
        both = QSplitter(self)
        both.addWidget(self.classes)
        both.addWidget(right)
        both.setStretchFactor(1, 1)
        both.setSizes([_CLASSES_WIDTH, 3 * _CLASSES_WIDTH])
        rows = QVBoxLayout(self)
        rows.addWidget(QLabel(self.tr("Each change is kept at once."), self))
        rows.addLayout(tools)
        rows.addWidget(both, 1)

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        self._languages = menu.addMenu(self.tr("From templates"))
        menu.addAction(self.tr("By a model …")).triggered.connect(self.ask_model)
        return menu

    def _button(self, title: str, run: Callable[[], object]) -> QPushButton:
        button = QPushButton(title, self)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked=False: run())
        return button

    def _import(self) -> None:
        choose_bank(self, self.tr("Import questions"), self.bank.import_csv)

    def _export(self) -> None:
        choose_target(self, self.tr("Export the bank"), self.export)

    def _connect(self) -> None:
        self.bank.changed.connect(self.show_bank)
        self.classes.currentItemChanged.connect(lambda *_: self._show_questions())
        self.text.textChanged.connect(lambda _text: self._enable())
        self.text.returnPressed.connect(self.add)
        changed = self.table.selectionModel().selectionChanged
        changed.connect(lambda *_: self._enable())
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.table)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self.delete)
        undo = QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self)
        undo.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        undo.activated.connect(self.bank.undo)
