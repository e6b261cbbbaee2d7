"""What the charts have in common: they read only while seen, and once for many changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPalette, QPen, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from auditor.session.browsing import View
from ui import theme
from ui.gallery import expression
from ui.sentences import for_the_window
from ui.workspace import Workspace

_GATHER_MS = 120
_LINE = 520
"""Pixels: longer lines are hard to read."""
LABEL_CHECK = "label_errors"
"""Whose scores are shown where the list names no check."""


class Chart(QWidget):
    """A panel with a row of controls, one sentence that says what is seen, and the picture.

    A subclass connects what it depends on to `refresh`, and asks its question in `read`.
    """

    def __init__(self, workspace: Workspace, body: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.body = body
        self.controls = QHBoxLayout()
        self.summary = QLabel(self)
        self.summary.setWordWrap(True)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._blank = Blank(self)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(body)
        self._pages.addWidget(self._blank)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        column.addLayout(self.controls)
        column.addWidget(self.summary)
        column.addWidget(self._pages, 1)
        self._is_stale = True
        self._gather = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._gather.timeout.connect(self._read_if_seen)

    def read(self) -> None:
        """Ask the engine for what is to be shown now."""
        raise NotImplementedError

    def refresh(self) -> None:
        """What is shown is out of date: read it anew, now or when it is looked at."""
        self._is_stale = True
        if not self._gather.isActive():
            self._gather.start()

    def tell(self, sentence: str) -> None:
        """Say in words what the picture shows."""
        self.summary.setText(sentence)
        self.body.setAccessibleDescription(sentence)

    def show_body(self) -> None:
        self._pages.setCurrentWidget(self.body)
        self.summary.show()

    def show_blank(
        self, sentence: str, button: str = "", way: Callable[[], object] | None = None
    ) -> None:
        """Instead of the picture: why there is none, and the way on."""
        self._blank.tell(sentence, button, way)
        self.summary.hide()
        self._pages.setCurrentWidget(self._blank)

    @property
    def blank_sentence(self) -> str | None:
        """What is said instead of the picture; None while that is shown."""
        return self._blank.sentence if self._pages.currentWidget() is self._blank else None

    def failed(self, error: Exception) -> None:
        self.show_blank(
            self.tr("This cannot be shown: {why}").format(why=for_the_window(str(error)))
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self._read_if_seen()

    def _read_if_seen(self) -> None:
        if self._is_stale and self.isVisible():
            self._is_stale = False
            self.read()


class Blank(QWidget):
    """A sentence in the middle, and perhaps a button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = QLabel(self)
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._button = QPushButton(self)
        self._button.clicked.connect(self._go)
        self._way: Callable[[], object] | None = None
        column = QVBoxLayout(self)
        column.addStretch()
        self._words.setMaximumWidth(_LINE)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self._words, 1)
        row.addStretch()
        column.addLayout(row)
        column.addSpacing(8)
        column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch()

    @property
    def sentence(self) -> str:
        return self._words.text()

    def tell(self, sentence: str, button: str, way: Callable[[], object] | None) -> None:
        self._words.setText(sentence)
        self._button.setText(button)
        self._button.setAccessibleDescription(sentence)
        self._button.setVisible(way is not None)
        self._way = way

    def _go(self) -> None:
        if self._way is not None:
            self._way()


class Canvas(QWidget):
    """A picture that takes the keyboard: its keys are its own while it has the focus."""

    keys: frozenset[Qt.Key] = frozenset()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 120)

    def sizeHint(self) -> QSize:
        return QSize(480, 260)

    def takes_key(self, event: QKeyEvent) -> bool:
        """Whether it is the picture's and no shortcut, such as Enter for a decision."""
        plain = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        return not event.modifiers() & ~plain and event.key() in self.keys

    def paint_focus(self, painter: QPainter) -> None:
        """Show that the keys act here."""
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.colours().accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))


def line(parent: QWidget) -> QFrame:
    """A thin upright line between groups of controls."""
    made = QFrame(parent)
    made.setFrameShape(QFrame.Shape.VLine)
    made.setForegroundRole(QPalette.ColorRole.Mid)
    return made


def checked(view: View) -> View:
    """The view with a check, so that scores and flags mean something."""
    return view if view.check_id else replace(view, check_id=LABEL_CHECK)


def narrowed(view: View, condition: str) -> View:
    """The view with this condition about its check's findings; it takes its forerunner's place."""
    return replace(checked(view), where=expression.narrowed(view.where, condition))
