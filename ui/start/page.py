"""What is seen while no project is open: recent projects, ways to open one, and the demo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFont,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ui import theme
from ui.commands import Command, Commands
from ui.notice import Notice
from ui.start import words
from ui.start.big_button import BigButton
from ui.start.choosing import choose_folder, choose_packet, choose_table
from ui.start.reader import Reader
from ui.start.reading import is_packet, project_at
from ui.start.recent_list import RecentList

if TYPE_CHECKING:
    from auditor.session.recent import Recent


class StartPage(QFrame):
    open_project = Signal(Path)
    import_source = Signal(Path)
    open_packet = Signal(Path)
    try_demo = Signal()

    def __init__(self, commands: Commands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("start")
        self.setMinimumSize(700, 480)
        self.setAcceptDrops(True)
        self._commands = commands
        self._recent_reader, self._path_reader = Reader(), Reader()
        self.destroyed.connect(self._recent_reader.close)
        self.destroyed.connect(self._path_reader.close)
        self._dropping = False
        self.notice = Notice(self)
        self.recent = RecentList(self)
        self.recent.chosen.connect(self.open_project)
        self.recent.missing.connect(self._say_missing)
        self._add_commands()
        self._lay_out()
        self._dress()
        self.refresh()

    def say(self, sentence: str) -> None:
        """A problem, in a sentence; "" takes it away."""
        if sentence:
            self.notice.tell(sentence, trouble=True)
        else:
            self.notice.hide()

    def refresh(self) -> None:
        """Read the list of recent projects again."""
        self._recent_reader.ask(_recent, self._show_recent, lambda error: self.say(str(error)))

    # dropped files

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _local(event.mimeData().urls()):
            event.acceptProposedAction()
            self._mark(dropping=True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._mark(dropping=False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._mark(dropping=False)
        paths = _local(event.mimeData().urls())
        event.acceptProposedAction()
        if len(paths) == 1:
            self._open(paths[0])
        else:
            self.say(self.tr("Drop one folder or one file at a time."))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        inside = self.recent.viewport().mapFromGlobal(event.globalPos())
        if self.recent.itemAt(inside) is not None:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction(self._commands.action("start.forget"))
            menu.popup(event.globalPos())

    # what is done

    def _open(self, path: Path) -> None:
        """Open a project or a packet, or import what is neither."""
        self.say("")
        if is_packet(path):
            self.open_packet.emit(path)
            return
        self._path_reader.ask(
            lambda: project_at(path),
            lambda project: self._go(path, project),
            lambda error: self.say(str(error)),
        )

    def _go(self, path: Path, project: Path | None) -> None:
        if project is not None:
            self.open_project.emit(project)
        else:
            self.import_source.emit(path)

    def _open_project(self, path: Path) -> None:
        self.say("")
        self._path_reader.ask(
            lambda: project_at(path),
            lambda project: (
                self.open_project.emit(project) if project else self._say_no_project(path)
            ),
            lambda error: self.say(str(error)),
        )

    def _forget(self) -> None:
        path = self.recent.current()
        if path is not None:
            self._recent_reader.ask(
                lambda: _forgotten(path), self._show_recent, lambda error: self.say(str(error))
            )

    def _say_missing(self, path: Path) -> None:
        self.notice.tell(
            self.tr(
                "{path} is not there any more. If it lies on a drive or a share that is not"
                " connected, connect it; if it was moved, open it where it is now."
            ).format(path=words.shown(path)),
            trouble=True,
            button=self.tr("Remove from the list"),
            way=self._forget,
        )

    def _say_no_project(self, path: Path) -> None:
        self.notice.tell(
            self.tr("{path} holds no project.").format(path=words.shown(path)),
            trouble=True,
            button=self.tr("Import it as pictures"),
            way=lambda: self.import_source.emit(path),
        )

    def _show_recent(self, entries: Sequence[Recent]) -> None:
        self.recent.show_entries(entries)
        self._right.setCurrentIndex(0 if entries else 1)
        self._commands.action("start.forget").setEnabled(bool(entries))
        if entries and self.isVisible() and self.window().focusWidget() in {None, self._pictures}:
            self.recent.setFocus()

    def _choose_folder(self) -> None:
        choose_folder(self, self.tr("A folder of pictures"), self._open)

    def _choose_file(self) -> None:
        choose_table(self, self.tr("A file that lists pictures"), self._open)

    def _choose_project(self) -> None:
        title = self.tr("A project: a folder whose name ends in .audit")
        choose_folder(self, title, self._open_project)

    def _choose_packet(self) -> None:
        choose_packet(self, self.tr("A review packet"), self.open_packet.emit)

    # how it looks

    def _add_commands(self) -> None:
        group = self.tr("Start")
        offered = (
            ("start.folder", self.tr("Open a folder of pictures …"), "Ctrl+O", self._choose_folder),
            (
                "start.file",
                self.tr("Open a file that lists pictures …"),
                "Ctrl+L",
                self._choose_file,
            ),
            ("start.project", self.tr("Open a project …"), "Ctrl+Shift+O", self._choose_project),
            (
                "start.packet",
                self.tr("Answer a review packet …"),
                "Ctrl+R",
                self._choose_packet,
            ),
            ("start.demo", self.tr("Try the demo"), "Ctrl+D", self.try_demo.emit),
            ("start.forget", self.tr("Remove from the list"), "Del", self._forget),
        )
        for name, title, key, run in offered:
            self._commands.add(Command(name, title, group, (key,)), run)

    def _lay_out(self) -> None:
        inner = QWidget(self)
        inner.setMaximumWidth(1080)
        columns = QHBoxLayout()
        columns.setSpacing(40)
        columns.addLayout(self._make_left(), 5)
        columns.addLayout(self._make_right(), 6)
        rows = QVBoxLayout(inner)
        rows.setContentsMargins(40, 36, 40, 24)
        rows.setSpacing(16)
        rows.addWidget(self.notice)
        rows.addLayout(columns, 1)
        around = QHBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addStretch(1)
        around.addWidget(inner, 1000)
        around.addStretch(1)

    def _make_left(self) -> QVBoxLayout:
        title = QLabel(self.tr("Dataset Auditor"), self)
        title.setFont(_scaled(self.font(), 2.1, QFont.Weight.DemiBold))
        self._about = QLabel(
            self.tr(
                "Finds wrong labels and bad pictures in a data set, shows why, and lets you decide."
            ),
            self,
        )
        self._about.setWordWrap(True)
        self._about.setFont(_scaled(self.font(), 1.1))
        column = QVBoxLayout()
        column.setSpacing(12)
        column.addWidget(title)
        column.addWidget(self._about)
        column.addSpacing(20)
        for button in self._make_buttons():
            column.addWidget(button)
        column.addStretch(1)
        self._hint = QLabel(
            self.tr("Or drop a folder, a table, a project or a packet anywhere in this window."),
            self,
        )
        self._hint.setWordWrap(True)
        column.addWidget(self._hint)
        return column

    def _make_buttons(self) -> list[BigButton]:
        self._pictures = BigButton(
            self.tr("Open a folder or file of pictures …"),
            self.tr("Class folders, or CSV, JSON lines or Parquet. Your files are only read."),
            self._keys("start.folder"),
            self,
        )
        self._offer(self._pictures, "start.folder", "start.file")
        project = BigButton(
            self.tr("Open a project or a review packet …"),
            self.tr("Go on with an audit, or judge pictures that somebody sent you."),
            self._keys("start.project"),
            self,
        )
        self._offer(project, "start.project", "start.packet")
        demo = BigButton(
            self.tr("Try the demo"),
            self.tr("2,000 made-up pictures with known mistakes: see what is found."),
            self._keys("start.demo"),
            self,
        )
        demo.clicked.connect(self._commands.action("start.demo").trigger)
        return [self._pictures, project, demo]

    def _offer(self, button: BigButton, *command_ids: str) -> None:
        menu = QMenu(button)
        menu.addActions([self._commands.action(name) for name in command_ids])
        button.setMenu(menu)

    def _keys(self, command_id: str) -> str:
        shortcut = self._commands.action(command_id).shortcut()
        return shortcut.toString(QKeySequence.SequenceFormat.NativeText)

    def _make_right(self) -> QVBoxLayout:
        heading = QLabel(self.tr("Recent projects"), self)
        heading.setFont(_scaled(self.font(), 1.1, QFont.Weight.DemiBold))
        heading.setBuddy(self.recent)
        self._nothing = QLabel(self.tr("The projects that you open will be listed here."), self)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._nothing.setWordWrap(True)
        self._right = QStackedWidget(self)
        self._right.addWidget(self.recent)
        self._right.addWidget(self._nothing)
        self._right.setCurrentIndex(1)
        column = QVBoxLayout()
        column.setSpacing(10)
        column.addWidget(heading)
        column.addWidget(self._right, 1)
        return column

    def _mark(self, *, dropping: bool) -> None:
        self._dropping = dropping
        self._dress()

    def _dress(self) -> None:
        now = theme.colours()
        edge = f"3px dashed {now.accent}" if self._dropping else f"3px solid {now.window}"
        style = (
            f"#start {{ border: {edge}; background: {now.window}; }}"
            f" #muted {{ color: {now.muted}; }}"
            f" RecentList {{ background: {now.base}; border: 1px solid {now.line};"
            " border-radius: 8px; padding: 4px; }"
            f" RecentList:focus {{ border-color: {now.accent}; }}"
            f" #nothing {{ color: {now.muted}; border: 1px dashed {now.line};"
            " border-radius: 8px; }"
        )
        if style != self.styleSheet():
            for label in (self._about, self._hint):
                label.setObjectName("muted")
            self._nothing.setObjectName("nothing")
            self.setStyleSheet(style)


def _scaled(font: QFont, factor: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    scaled = QFont(font)
    scaled.setPointSizeF(font.pointSizeF() * factor)
    scaled.setWeight(weight)
    return scaled


def _local(urls: Sequence[QUrl]) -> list[Path]:
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]


# The engine is loaded by the thread that first needs it: the page is there before it.


def _recent() -> list[Recent]:
    from auditor.session import recent

    return recent.load()


def _forgotten(path: Path) -> list[Recent]:
    from auditor.session import recent

    recent.remove(path)
    return recent.load()
