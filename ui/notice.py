"""A sentence above the work, with a way on: instead of a dialog that stops everything."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from ui import theme


class Notice(QFrame):
    """Shows one sentence until it is closed or replaced; hidden when there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._mark = QLabel(self)
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._button = QPushButton(self)
        self._button.clicked.connect(self._go_on)
        close = QToolButton(self)
        close.setText("✕")
        close.setAutoRaise(True)
        close.setAccessibleName(self.tr("Close this message"))
        close.clicked.connect(self.hide)
        self._close = close
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.addWidget(self._mark)
        row.addWidget(self._text, 1)
        row.addWidget(self._button)
        row.addWidget(close)
        self._way: Callable[[], object] | None = None
        self.is_trouble = False
        self._dress()
        self.hide()

    def tell(
        self,
        sentence: str,
        *,
        trouble: bool = False,
        button: str = "",
        way: Callable[[], object] | None = None,
        stays: bool = False,
    ) -> None:
        """Show a sentence; `way` is what the button does, and the only way on if it `stays`."""
        self.is_trouble, self._way = trouble, way
        self._text.setText(sentence)
        self.setAccessibleName(sentence)
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self._close.setVisible(not stays)
        self._dress()
        self.show()

    @property
    def sentence(self) -> str:
        """What is shown; "" when hidden."""
        return "" if self.isHidden() else self._text.text()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _go_on(self) -> None:
        self.hide()
        if self._way is not None:
            self._way()

    def _dress(self) -> None:
        now = theme.colours()
        edge = now.flagged if self.is_trouble else now.accent
        self._mark.setText("▲" if self.is_trouble else "●")
        style = (
            f"#notice {{ background: {now.raised}; border-left: 4px solid {edge}; }}"
            f" #notice > QLabel {{ color: {now.text}; }}"
        )
        if style != self.styleSheet():
            self.setStyleSheet(style)
