"""The line in which a filter is typed, with the names and values it may use."""

from __future__ import annotations

import re
from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView, QWidget

from auditor.session.browsing import ColumnKind, Facet
from ui.gallery.expression import quoted, quoted_name
from ui.gallery.pickers import AskFacets

_AFTER_SIGN = re.compile(
    r"(?P<column>[^\W\d][\w.]*|\"[^\"]*\")\s*(?:==?|!=|<>|in\s*\((?:[^()]*,)?|contains)\s*(?P<begun>'?[^'\s,()]*)$",
    re.IGNORECASE,
)
_AFTER_COLUMN = re.compile(r"(?P<column>[^\W\d][\w.]*)\s+(?P<begun>[a-z<>=!]*)$", re.IGNORECASE)
_WORD = re.compile(r"(?P<begun>\w*)$")
_JOINS = ("and", "or", "not")
_SIGNS: Mapping[ColumnKind, tuple[str, ...]] = {
    "text": ("=", "!=", "in (", "contains", "is null", "is not null"),
    "number": ("=", ">=", "<=", ">", "<", "is null", "is not null"),
    "flag": ("and", "or"),
}


class ExpressionEdit(QLineEdit):
    """Enter applies; Esc goes back to what is applied. Suggestions follow the cursor."""

    applied = Signal(str)
    left = Signal()
    """Esc was pressed: the user wants to be elsewhere."""

    def __init__(self, ask: AskFacets, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ask = ask
        self._columns: Mapping[str, ColumnKind] = {}
        self._values: dict[str, list[Facet]] = {}
        self._begun = ""
        self._text = ""
        self._words = QStringListModel(self)
        self._completer = QCompleter(self._words, self)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._completer.setMaxVisibleItems(12)
        self._completer.setWidget(self)
        self._completer.activated.connect(self._insert)
        self._popup = QListView(self)
        self._popup.installEventFilter(self)
        self._completer.setPopup(self._popup)
        self.setPlaceholderText(self.tr("Filter: label = 'cat' and p_error >= 0.8"))
        self.setAccessibleName(self.tr("Filter"))
        self.setClearButtonEnabled(True)
        self.textEdited.connect(self._suggest)
        self.textChanged.connect(self._clear_at_once)
        self.returnPressed.connect(self._apply)

    def show_columns(self, columns: Mapping[str, ColumnKind]) -> None:
        self._columns = columns
        self._values.clear()

    def show_text(self, text: str) -> None:
        """Show the filter in use."""
        self._text = text
        if self.text() != text:
            self.setText(text)
            if not self.hasFocus():
                self.setCursorPosition(0)  # of one too long, the beginning is read

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.setText(self._text)
            self.left.emit()
        elif event.key() == Qt.Key.Key_Down or (
            event.key() == Qt.Key.Key_Space
            and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self._suggest()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter with no suggestion marked applies the filter."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            popup = self._popup
            enters = event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}
            if watched is popup and enters and not popup.currentIndex().isValid():
                popup.hide()
                self._apply()
                return True
        return super().eventFilter(watched, event)

    def suggestions(self, text: str) -> tuple[list[str], str]:
        """What may come at the end of `text`, and how much of it is there already."""
        if (found := _AFTER_SIGN.search(text)) and self._kind(found["column"]) is not None:
            return self._value_words(found["column"].strip('"')), found["begun"]
        if (found := _AFTER_COLUMN.search(text)) and found["column"].lower() not in _JOINS:
            kind = self._kind(found["column"])
            return list(_SIGNS[kind] if kind else ("and", "or")), found["begun"]
        if re.search(r"['\d)]\s+\w*$", text):
            return ["and", "or"], _word(text)
        return [*map(quoted_name, self._columns), "not"], _word(text)

    def _kind(self, name: str) -> ColumnKind | None:
        return self._columns.get(name.strip('"'))

    def _value_words(self, column: str) -> list[str]:
        kind = self._columns[column]
        if kind == "flag":
            return ["true", "false"]
        if kind == "number":
            return []
        if column not in self._values:
            self._values[column] = []
            self._ask(column, lambda facets: self._keep(column, facets), self)
        return [quoted(f.value) for f in self._values[column] if f.value is not None]

    def _keep(self, column: str, facets: list[Facet]) -> None:
        self._values[column] = facets
        if self.hasFocus():
            self._suggest()

    def _suggest(self) -> None:
        words, self._begun = self.suggestions(self.text()[: self.cursorPosition()])
        self._words.setStringList(words)
        self._completer.setCompletionPrefix(self._begun.lstrip("'"))
        popup = self._popup
        begun = self._begun.lstrip("'")
        is_done = words and any(word == self._begun for word in words)
        if not words or is_done or not self._completer.completionCount() or not self.text():
            popup.hide()
            return
        rect = self.cursorRect()
        rect.setWidth(min(260, self.width()))
        self._completer.complete(rect)
        popup.setCurrentIndex(popup.model().index(0, 0) if begun else popup.model().index(-1, -1))

    def _insert(self, word: str) -> None:
        cursor = self.cursorPosition()
        start, end = self.text()[: cursor - len(self._begun)], self.text()[cursor:]
        space = "" if end.startswith((" ", ")")) or word.endswith("(") else " "
        self.setText(start + word + space + end)
        self.setCursorPosition(len(start + word + space))

    def _clear_at_once(self, text: str) -> None:
        if not text and self._text:
            self._apply()

    def _apply(self) -> None:
        self._popup.hide()
        self._text = self.text().strip()
        self.applied.emit(self._text)


def _word(text: str) -> str:
    found = _WORD.search(text)
    return found["begun"] if found else ""
