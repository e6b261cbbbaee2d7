"""The gallery as a whole: filter bar, grid, and a strip with the counts and the zoom."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from auditor.session import browsing
from ui.commands import Command, Commands
from ui.gallery.counts import Counts
from ui.gallery.filter_bar import FilterBar
from ui.gallery.view import ZOOM, GalleryView
from ui.workspace import Workspace

_MEMORY = "zoom"
_SETTLED_MS = 600
_STEP = 1.2


class GalleryPanel(QWidget):
    """What the reviewer looks at most of the time."""

    opened = Signal(int)
    """A sample id that was double-clicked."""
    import_wanted = Signal()
    """The project is empty, and the reviewer wants pictures in it."""

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._commands = commands
        self.filter_bar = FilterBar(workspace, commands, self)
        self.view = GalleryView(workspace, self)
        self._nothing = Nothing(self)
        self._stack = QStackedWidget(self)
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        self._keep_zoom = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._has_list = False
        self._lay_out()
        self._connect()
        self._add_commands()
        self._recall_zoom()
        self.setFocusProxy(self.view)

    @property
    def message(self) -> str:
        """What stands in place of the grid; "" while there is a list."""
        return "" if self._stack.currentWidget() is self.view else self._nothing.title

    @property
    def clear_button(self) -> QPushButton:
        return self._nothing.clear

    @property
    def import_button(self) -> QPushButton:
        return self._nothing.bring

    def _lay_out(self) -> None:
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._nothing)
        self._slider.setRange(ZOOM.start, ZOOM.stop - 1)
        self._slider.setValue(self.view.zoom)
        self._slider.setFixedWidth(160)
        self._slider.setAccessibleName(self.tr("Size of the pictures"))
        self._slider.setToolTip(self.tr("Size of the pictures (Ctrl and the wheel)"))
        self._slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        strip = QHBoxLayout()
        strip.setContentsMargins(10, 3, 10, 3)
        strip.addWidget(Counts(self._workspace, self), 1)
        strip.addWidget(self._slider)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.filter_bar, _line(self), self._stack, _line(self)):
            column.addWidget(part, int(part is self._stack))
        column.addLayout(strip)

    def _connect(self) -> None:
        workspace = self._workspace
        self.view.opened.connect(self.opened)
        self.view.zoomed.connect(self._slider.setValue)
        self.view.zoomed.connect(lambda _side: self._keep_zoom.start())
        self._slider.valueChanged.connect(self.view.set_zoom)
        self._keep_zoom.timeout.connect(self._remember_zoom)
        self.filter_bar.edit.left.connect(self.view.setFocus)
        self._nothing.clear.clicked.connect(self.filter_bar.clear)
        self._nothing.bring.clicked.connect(self.import_wanted)
        workspace.ids_changed.connect(self._show_list)
        workspace.filter_failed.connect(self._show_failure)

    def _add_commands(self) -> None:
        move, look = self.tr("Move"), self.tr("Look")
        pick = self.tr("Select")
        go, picker = self._go, self.view.picker
        zoom = self._zoom_by
        self._offer("go.next", self.tr("Next sample"), move, ("D",), partial(go, 1), repeats=True)
        self._offer(
            "go.previous", self.tr("Previous sample"), move, ("A",), partial(go, -1), repeats=True
        )
        self._offer("select.all", self.tr("Select all"), pick, ("Ctrl+A",), picker.all)
        self._offer("select.none", self.tr("Select none"), pick, ("Ctrl+Shift+A",), picker.none)
        self._offer(
            "select.toggle", self.tr("Select the sample"), pick, ("Space",), picker.toggle_focus
        )
        self._offer(
            "view.larger", self.tr("Larger"), look, ("Ctrl++", "Ctrl+="), partial(zoom, _STEP)
        )
        self._offer("view.smaller", self.tr("Smaller"), look, ("Ctrl+-",), partial(zoom, 1 / _STEP))
        self._offer("view.usual", self.tr("Usual size"), look, ("Ctrl+0",), self._usual_zoom)
        overlays = Command(
            "view.overlays", self.tr("Marks on the pictures"), look, ("O",), checkable=True
        )
        action = self._commands.add(overlays, self._toggle_overlays)
        action.setChecked(True)

    def _offer(
        self,
        name: str,
        title: str,
        group: str,
        keys: tuple[str, ...],
        run: Callable[[], object],
        *,
        repeats: bool = False,
    ) -> None:
        self._commands.add(Command(name, title, group, keys, repeats=repeats), run)

    def _go(self, by: int) -> None:
        self.view.picker.none()
        self._workspace.step(by)

    def _toggle_overlays(self) -> None:
        self.view.peek.show(self._commands.action("view.overlays").isChecked())

    # zoom

    def _zoom_by(self, factor: float) -> None:
        self.view.set_zoom(round(self.view.zoom * factor))

    def _usual_zoom(self) -> None:
        self.view.set_zoom(self._workspace.settings.gallery.thumbnail_px)

    def _recall_zoom(self) -> None:
        self._workspace.desk.ask(
            lambda session: session.read(lambda db: browsing.recall(db, _MEMORY)),
            lambda side: self.view.set_zoom(side) if isinstance(side, int) else None,
            lambda _error: None,  # the usual size will do
            owner=self,
        )

    def remember(self) -> None:
        """Keep the zoom now, where it was changed a moment ago."""
        if self._keep_zoom.isActive():
            self._keep_zoom.stop()
            self._remember_zoom()

    def _remember_zoom(self) -> None:
        step = browsing.Remember(_MEMORY, self.view.zoom)
        self._workspace.desk.act(
            lambda session: session.store.write(step).result(),
            lambda _done: None,
            lambda _error: None,  # a full disk: the next opening has the usual size
            owner=self,
        )

    # nothing to show

    def _show_list(self) -> None:
        self._has_list = True
        if len(self._workspace.ids):
            self._stack.setCurrentWidget(self.view)
            return
        view, subset = self._workspace.view, self._workspace.subset
        if view.where.strip() or subset is not None:
            self._nothing.tell(
                self.tr("Nothing matches"),
                self.tr("No sample fits the filter “{where}”.").format(where=view.where)
                if view.where.strip()
                else self.tr("None of the samples picked is in the list."),
                way=self._nothing.clear,
            )
        else:
            self._nothing.tell(
                self.tr("No samples yet"),
                self.tr("Import a data set to see its samples here."),
                way=self._nothing.bring,
            )
        self._stack.setCurrentWidget(self._nothing)

    def _show_failure(self, sentence: str) -> None:
        """Where there is a list it stays, and the bar says what is wrong."""
        if not self._has_list:
            title = self.tr("The filter cannot be read")
            self._nothing.tell(title, sentence, way=self._nothing.clear)
            self._stack.setCurrentWidget(self._nothing)


class Nothing(QWidget):
    """Why there is nothing to see, and the way on."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._title, self._sentence = QLabel(self), QLabel(self)
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.4)
        font.setBold(True)
        self._title.setFont(font)
        self._sentence.setWordWrap(True)
        self.clear = QPushButton(self.tr("Clear the filter"), self)
        self.bring = QPushButton(self.tr("Import a folder …"), self)
        column = QVBoxLayout(self)
        column.addStretch(1)
        for widget in (self._title, self._sentence):
            widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
            column.addWidget(widget)
        column.addSpacing(8)
        for button in (self.clear, self.bring):
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignCenter)
        column.addStretch(2)

    @property
    def title(self) -> str:
        return self._title.text()

    def tell(self, title: str, sentence: str, *, way: QPushButton) -> None:
        """Say it, and show the one button that leads on."""
        self._title.setText(title)
        self._sentence.setText(sentence)
        for button in (self.clear, self.bring):
            button.setVisible(button is way)


def _line(parent: QWidget) -> QFrame:
    line = QFrame(parent)
    line.setFrameStyle(QFrame.Shape.HLine | QFrame.Shadow.Plain)
    line.setForegroundRole(QPalette.ColorRole.Mid)
    return line
