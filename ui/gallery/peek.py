"""Marks that get out of the way while Shift is held."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

_WAIT_MS = 300
"""Shift held alone for so long hides the marks; a shorter press is part of Shift+arrow."""


class Peek(QObject):
    """Says whether marks are drawn: as the user set them, and not during a peek."""

    def __init__(self, draw: Callable[[bool], None], parent: QObject) -> None:
        super().__init__(parent)
        self._draw = draw
        self._shown = True
        self._wait = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._wait.timeout.connect(lambda: draw(False))

    @property
    def is_coming(self) -> bool:
        return self._wait.isActive()

    def show(self, shown: bool) -> None:
        """Set whether marks are drawn outside a peek."""
        self._shown = shown
        self._draw(shown)

    def begin(self) -> None:
        self._wait.start()

    def end(self) -> None:
        """Another key or a click came, or Shift was let go."""
        self._wait.stop()
        self._draw(self._shown)
