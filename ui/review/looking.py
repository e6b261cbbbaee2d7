"""The commands about pictures, for all the loupes of a window."""

from __future__ import annotations

from typing import Self

from PySide6.QtCore import QObject, QPointF, Signal
from PySide6.QtWidgets import QApplication, QWidget

from ui.commands import Command, Commands
from ui.review.canvas import STEP, Canvas


class Looking(QObject):
    """Runs them on the picture that the mouse or the keyboard is at; one for each window."""

    compare_wanted = Signal()
    """The comparison should be brought to the front: it shows `pair`, or finds one itself."""
    blink_wanted = Signal()
    difference_wanted = Signal()

    def __init__(self, commands: Commands, window: QWidget) -> None:
        super().__init__(commands)
        self._window = window
        self.pair: tuple[int, int] | None = None
        self.is_comparing = False
        """Whether a comparison is on the screen."""
        self._add_commands(commands)

    @classmethod
    def of(cls, commands: Commands) -> Self:
        """That of a window; made by whichever panel comes first."""
        found = commands.findChild(cls)
        if found is not None:
            return found
        window = commands.parent()
        assert isinstance(window, QWidget)  # noqa: S101  Commands is made with one
        return cls(commands, window)

    def compare(self, left: int, right: int) -> None:
        """Show two samples side by side."""
        self.pair = left, right
        self.compare_wanted.emit()

    def zoom(self) -> None:
        """All of the picture, or its own pixels under the mouse."""
        canvas = self.canvas()
        if canvas is not None:
            canvas.toggle_zoom(canvas.cursor_place())

    def canvas(self) -> Canvas | None:
        """The picture that is meant: under the mouse, else with the focus, else the largest."""
        seen = [one for one in self._window.findChildren(Canvas) if one.isVisible()]
        focus = QApplication.focusWidget()
        return max(
            seen,
            key=lambda one: (one.underMouse(), one is focus, one.width() * one.height()),
            default=None,
        )

    def _add_commands(self, commands: Commands) -> None:
        group = self.tr("Look")
        for name, title, keys, run in (
            ("zoom", self.tr("Actual pixels or whole picture"), ("Z",), self.zoom),
            ("closer", self.tr("Zoom the picture in"), ("+",), lambda: self._zoom_by(STEP)),
            ("farther", self.tr("Zoom the picture out"), ("-",), lambda: self._zoom_by(1 / STEP)),
            ("compare", self.tr("Compare with its copy or likeness"), ("C",), self._find_pair),
            ("blink", self.tr("Blink the pair"), ("B",), self._blink),
            ("difference", self.tr("Difference of the pair"), ("Shift+B",), self._difference),
        ):
            repeats = name in ("closer", "farther")
            commands.add(Command(f"look.{name}", title, group, keys, repeats=repeats), run)

    def _zoom_by(self, factor: float) -> None:
        canvas = self.canvas()
        if canvas is not None:
            place: QPointF | None = canvas.cursor_place()
            canvas.zoom_by(factor, place)

    def _find_pair(self) -> None:
        self.pair = None
        self.compare_wanted.emit()

    def _blink(self) -> None:
        self._ensure_comparing()
        self.blink_wanted.emit()

    def _difference(self) -> None:
        self._ensure_comparing()
        self.difference_wanted.emit()

    def _ensure_comparing(self) -> None:
        if not self.is_comparing:
            self._find_pair()
