"""A wide button that says in a second line what it does."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget

from ui import theme


class BigButton(QPushButton):
    def __init__(self, title: str, about: str, keys: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.setAccessibleDescription(about)
        self.setToolTip(keys)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAutoDefault(True)
        self._rows = QGridLayout(self)
        self._rows.setContentsMargins(16, 12, 16, 12)
        self._rows.setVerticalSpacing(4)
        self._rows.setColumnStretch(0, 1)
        head = self._label(title, "title")
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        head.setFont(font)
        self._rows.addWidget(head, 0, 0)
        self._rows.addWidget(self._label(keys, "weak", wrap=False), 0, 1)
        self._rows.addWidget(self._label(about, "weak"), 1, 0, 1, 2)
        self._dress()

    def sizeHint(self) -> QSize:
        return self._rows.sizeHint()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._rows.heightForWidth(width)

    def _label(self, text: str, name: str, *, wrap: bool = True) -> QLabel:
        label = QLabel(text, self)
        label.setObjectName(name)
        label.setWordWrap(wrap)
        label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        return label

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        now = theme.colours()
        style = (
            f"BigButton {{ background: {now.base}; border: 1px solid {now.line};"
            " border-radius: 8px; text-align: left; }"
            f" BigButton:hover {{ border-color: {now.accent}; background: {now.raised}; }}"
            f" BigButton:focus {{ border: 2px solid {now.accent}; }}"
            f" BigButton:pressed {{ background: {now.raised}; }}"
            " BigButton::menu-indicator { image: none; }"
            f" QLabel {{ color: {now.text}; background: transparent; }}"
            f" QLabel#weak {{ color: {now.muted}; }}"
        )
        if style != self.styleSheet():
            self.setStyleSheet(style)
