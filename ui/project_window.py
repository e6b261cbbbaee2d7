"""The window of an open project: gallery, loupe or wall in the middle, panels around them."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices
from PySide6.QtWidgets import QLabel, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from auditor.progress import Progress
from auditor.session import AuditOptions, Session, Understanding, Wanted, browsing
from auditor.session.background import JobEvent, JobState
from auditor.session.browsing import View
from auditor.settings import Settings
from ui import panels, project_commands, tab_order, whereabouts
from ui.audit.strip import JobStrip
from ui.commands import Commands
from ui.desk import Desk
from ui.gallery.panel import GalleryPanel
from ui.importing import Importing
from ui.menus import Menus
from ui.notice import Notice
from ui.review.decider import Decider
from ui.review.looking import Looking
from ui.review.queue import QueuePanel
from ui.sentences import for_the_window
from ui.workspace import NONE, Workspace

if TYPE_CHECKING:
    from ui.packet.handing import Handing

_SAID_MS = 8000
_SETTLED_MS = 1500
_HEAD_START = 0.8
"""Seconds in which the first list has the engine to itself."""
_MEMORY = "window"
"""Under this name the project keeps where the reviewer was."""


class ProjectWindow(QMainWindow):
    closed = Signal(bool)
    """The project is let go of; whether the program should end too."""
    settings_wanted = Signal(object)
    """Settings that the user changed here."""
    _let_go = Signal()

    def __init__(self, session: Session, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.resize(1440, 900)
        self._settings = settings
        self._quits = True
        self._failed: dict[str, str] = {}
        """What was said of the jobs that failed, by kind."""
        self._closing: threading.Thread | None = None
        self.is_gone = False
        self.session = session
        self.setWindowTitle(session.folder.name)
        self.desk = Desk(session, self, head_start=_HEAD_START)
        self.commands = Commands(self, settings.keys)
        self.workspace = Workspace(self.desk, settings, self)
        self.importing = Importing(self.desk, self)
        self.notice = Notice(self)
        self.as_of = Notice(self)
        """Stands as long as an earlier step is shown: nothing else may cover it."""
        self.decider = Decider(self.workspace, self.commands, self)
        self._stage = QStackedWidget(self)
        self._pages: dict[str, QWidget] = {}
        self.gallery = GalleryPanel(self.workspace, self.commands, self)
        self._add_page("gallery", self.gallery)
        self._set_middle()
        self.docks = panels.docks(self)
        project_commands.add(self)
        groups = [self.tr(name) for name in ("Project", "Find", "Select", "Move", "Look", "Decide")]
        self._menus = Menus(self.menuBar(), self.commands, groups)
        self._fill_status_bar()
        self._connect()
        self._start()
        # Panels bring commands: those of panels not yet seen come once the window stands.
        QTimer.singleShot(_SETTLED_MS, self, self._complete)

    def import_source(self, understood: Understanding, *, audit: bool = False) -> None:
        """Queue the import, and the audit after it."""
        self.importing.add(understood)
        if audit:
            session, options = self.session, AuditOptions(device=self._settings.engine.device)
            title = self.tr("Audit with every check")
            session.jobs.add(
                "audit",
                title,
                lambda progress: session.audit(options, progress),
                after="import",
            )

    def show_page(self, name: str) -> None:
        """Put the gallery, the loupe, the wall or the comparison in the middle."""
        if name not in self._pages:
            self._add_page(name, panels.page(self, name))
        self._stage.setCurrentWidget(self._pages[name])
        self._pages[name].setFocus()

    @property
    def page(self) -> str:
        """The name of the page in the middle."""
        shown = self._stage.currentWidget()
        return next(name for name, widget in self._pages.items() if widget is shown)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab and Shift+Tab."""
        return tab_order.step(self, forward=forward)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop what runs, without holding the window up; it goes when the project is let go of."""
        if self.is_gone:
            super().closeEvent(event)
            return
        event.ignore()
        if self._closing is None:
            queue = self.docks["queue"].panel
            if isinstance(queue, QueuePanel):
                queue.remember()
            self._remember()
            self.setEnabled(False)
            self.statusBar().showMessage(
                self.tr("Closing … what runs is stopped, and goes on from there next time")
            )
            self._closing = threading.Thread(target=self._close_project, name="closing")
            self._closing.start()

    def _close_project(self) -> None:
        try:
            self.workspace.close()  # it touches no widget, and waits for what is being read
            self.desk.close()
            self.session.close()
        finally:
            self._let_go.emit()

    def _end(self) -> None:
        if self._closing is not None:
            self._closing.join()
        self.is_gone = True
        self.close()
        self.closed.emit(self._quits)

    # what there is

    def _set_middle(self) -> None:
        middle = QWidget(self)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.as_of)
        column.addWidget(self.notice)
        column.addWidget(self._stage, 1)
        self.setCentralWidget(middle)

    def _add_page(self, name: str, page: QWidget) -> None:
        self._pages[name] = page
        self._stage.addWidget(page)

    def _complete(self) -> None:
        """Make one panel more, and let what the user does go between."""
        missing = [d for name, d in self.docks.items() if d.panel is None and name != "history"]
        if self._closing is not None:
            return
        if missing:
            missing[0].ensure()
            QTimer.singleShot(0, self, self._complete)
        elif "wall" not in self._pages:
            self._add_page("wall", panels.page(self, "wall"))

    def _fill_status_bar(self) -> None:
        bar = self.statusBar()
        bar.addPermanentWidget(JobStrip(self.desk, self))
        saved = QLabel(self.tr("Saved"), self)
        saved.setToolTip(self.tr("Each decision is in the project's file as soon as it is made."))
        bar.addPermanentWidget(saved)

    def _connect(self) -> None:
        self.gallery.opened.connect(self._look_close)
        self.gallery.import_wanted.connect(self.importing.choose_folder)
        Looking.of(self.commands).compare_wanted.connect(lambda: self.show_page("compare"))
        self.decider.said.connect(lambda text: self.statusBar().showMessage(text, _SAID_MS))
        self.decider.failed.connect(self._trouble)
        self.desk.trouble.connect(self._trouble)
        self.desk.job.connect(self._follow)
        self.workspace.view_changed.connect(self._tell_as_of)
        self.workspace.ids_changed.connect(self._name)
        self._let_go.connect(self._end, Qt.ConnectionType.QueuedConnection)

    # what happens

    def toggle(self, name: str) -> None:
        """Show or hide a panel."""
        self.docks[name].toggle()

    def back(self) -> None:
        """From a page to the gallery; in the gallery, drop the selection."""
        if self.page != "gallery":
            self.show_page("gallery")
        else:
            self.workspace.select(NONE)

    def full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def show_palette(self) -> None:
        from ui.palette import CommandPalette

        CommandPalette(self.commands, self).open()

    def show_keys(self) -> None:
        from ui.shortcuts import ShortcutSheet

        sheet = ShortcutSheet(self.commands, self)
        sheet.assigned.connect(self.keep_keys)
        sheet.open()

    def show_settings(self) -> None:
        from ui.dialogs.settings_dialog import SettingsDialog

        dialog = SettingsDialog(self._settings, self)
        dialog.keys_wanted.connect(self.show_keys)
        dialog.accepted.connect(lambda: self._use(dialog.settings))
        dialog.open()

    def export(self) -> None:
        from ui.dialogs.export_dialog import ExportDialog

        ExportDialog(self.desk, self).open()

    def show_questions(self) -> None:
        """The bank of questions and their reliability; one window of it."""
        from ui.ask.window import QuestionsWindow

        shown = self.findChild(QuestionsWindow)
        if shown is None:
            shown = QuestionsWindow(self.workspace, self)
            shown.samples_wanted.connect(partial(self.show_page, "gallery"))
            shown.show()
        shown.raise_()
        shown.activateWindow()

    def show_mistakes(self) -> None:
        """Triage of a model's mistakes; one window of it."""
        from ui.triage.window import TriageWindow

        shown = self.findChild(TriageWindow)
        if shown is None:
            shown = TriageWindow(self.workspace, self)
            shown.show()
        shown.raise_()
        shown.activateWindow()

    def hand_out_packet(self) -> None:
        self._handing().hand_out()

    def take_packets_back(self) -> None:
        self._handing().choose()

    def _handing(self) -> Handing:
        from ui.packet.handing import Handing

        found = self.findChild(Handing)
        if found is None:
            found = Handing(self.workspace, self.notice, self)
            found.shown.connect(partial(self.show_page, "gallery"))
        return found

    def report(self) -> None:
        """Write the report into the project, and offer to open it."""
        session = self.session
        out = session.folder.path

        def work(_progress: Progress) -> object:
            session.report(out, Wanted(command="report"))
            return out / "report.html"

        session.jobs.add("report", self.tr("Write the report"), work)

    def say_saved(self) -> None:
        self.statusBar().showMessage(self.tr("Everything you decided is saved."), _SAID_MS)

    def close_only(self) -> None:
        """Back to the start window."""
        self._quits = False
        self.close()

    def _look_close(self, sample_id: int) -> None:
        self.workspace.set_focus(sample_id)
        self.show_page("loupe")

    def _name(self) -> None:
        """The title tells two windows apart, and how much is listed."""
        title = self.tr("{name}: {n:,} samples – Dataset Auditor")  # noqa: RUF001
        self.setWindowTitle(title.format(name=self.session.folder.name, n=len(self.workspace.ids)))

    def _trouble(self, sentence: str) -> None:
        self.notice.tell(for_the_window(sentence), trouble=True)

    def _use(self, settings: Settings) -> None:
        self._settings = settings
        self.workspace.settings = settings
        self.session.reviewer = settings.review.reviewer
        self.settings_wanted.emit(settings)

    def keep_keys(self) -> None:
        self._use(replace(self._settings, keys=self.commands.overrides()))

    def _tell_as_of(self, view: View) -> None:
        if view.as_of is not None:
            self.as_of.tell(
                self.tr("This is the set as of an earlier step. Nothing can be decided here."),
                button=self.tr("Back to now"),
                way=lambda: self.workspace.set_view(replace(self.workspace.view, as_of=None)),
                stays=True,
            )
        else:
            self.as_of.hide()

    def _follow(self, event: JobEvent) -> None:
        if event.state is JobState.FAILED:
            self._failed[event.kind] = self.tr("{title}: {why}").format(
                title=event.title, why=event.message
            )
            self._trouble(self._failed[event.kind])
        elif event.state is JobState.RUNNING and event.kind in self._failed:
            if self.notice.sentence == self._failed.pop(event.kind):
                self.notice.hide()  # it is tried again
        elif event.state is JobState.DONE and event.kind == "report":
            url = QUrl.fromLocalFile(str(event.result))
            self.notice.tell(
                self.tr("The report is written: {file}").format(file=event.result),
                button=self.tr("Open it"),
                way=lambda: QDesktopServices.openUrl(url),
            )
        elif event.state is JobState.DONE and event.kind == "import":
            self.docks["audit"].bring()

    # where the reviewer was

    def _start(self) -> None:
        self.desk.ask(
            lambda session: session.read(lambda db: browsing.recall(db, _MEMORY)),
            self._restore,
            lambda _error: self._restore(None),
            owner=self,
            urgent=True,
        )

    def _restore(self, memory: Any) -> None:
        page = whereabouts.restore(self, memory)
        self.workspace.start()
        self.show_page(page)
        self.workspace.view_changed.emit(self.workspace.view)
        self.workspace.focus_changed.emit(self.workspace.focus)

    def _remember(self) -> None:
        memory = whereabouts.of(self)
        self.gallery.remember()
        self.desk.act(
            lambda session: session.store.write(browsing.Remember(_MEMORY, memory)).result(),
            lambda _done: None,
            lambda _error: None,  # a full disk: the next opening starts at the beginning
        )
