"""The window's program: one Qt application, a start window, a project's or a packet's window."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QObject, Qt, QTranslator, Signal
from PySide6.QtWidgets import QApplication, QMessageBox

from auditor import settings as user_settings
from auditor.settings import Settings, SettingsError
from ui import theme
from ui.start.reading import is_packet
from ui.start.window import StartWindow

if TYPE_CHECKING:
    from auditor.session import Session, Understanding
    from auditor.session.packets import Reviewing
    from ui.packet.window import PacketWindow
    from ui.project_window import ProjectWindow

log = logging.getLogger(__name__)

NAME = "Dataset Auditor"


class Program(QObject):
    """Owns the windows: the start window gives way to a project's, and comes back after it."""

    _opened = Signal(object, object, bool)
    _packet_opened = Signal(object)
    _failed = Signal(object)
    _not_kept = Signal(object)

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.app = app
        self.settings, sentence = _settings()
        theme.apply(app, self.settings.appearance.theme)
        _translate(app, self.settings.appearance.language)
        # Opening reads a file and loads the engine: not the Qt thread's work.
        self._openers = ThreadPoolExecutor(1, "opener")
        self._keeper = ThreadPoolExecutor(1, "settings")
        """Writes the settings, in the order they came: the disk may be slow."""
        self._on_the_way: set[Session] = set()
        """Opened, and not yet in a window."""
        self.project: ProjectWindow | None = None
        self.packet: PacketWindow | None = None
        self.start = StartWindow()
        self.start.open_project.connect(self.open)
        self.start.open_packet.connect(self.open_packet)
        self.start.import_ready.connect(self.take_in)
        self.start.demo_ready.connect(lambda u, path: self.take_in(u, path, audit=True))
        self._opened.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._packet_opened.connect(self._show_packet, Qt.ConnectionType.QueuedConnection)
        self._failed.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        self._not_kept.connect(self._tell_not_kept, Qt.ConnectionType.QueuedConnection)
        app.aboutToQuit.connect(self._let_go)
        if sentence:
            self.start.say(sentence)

    def warm_up(self) -> None:
        """Load what a project's window needs, while the user looks for the project."""
        self._openers.submit(_load)

    def open(self, path: Path) -> None:
        """Open a project; where that fails a sentence on the start window says why."""
        self.start.busy(self.tr("Opening {name} …").format(name=path.name))
        self._in_thread(lambda: _session(path, self.settings, make=False))

    def open_packet(self, path: Path) -> None:
        """Open a review packet, which needs no project; or a sentence says why it cannot be."""
        self.start.busy(self.tr("Opening {name} …").format(name=path.name))

        def work() -> None:
            try:
                self._packet_opened.emit(_packet(path))
            except Exception as error:  # noqa: BLE001  the border: the user gets a sentence
                self._failed.emit(error)

        self._openers.submit(work)

    def take_in(self, understood: Understanding, path: Path, *, audit: bool = False) -> None:
        """Open or make the project, and import the source (and audit it) under the user's eyes."""
        self.start.busy(self.tr("Making {name} …").format(name=path.name))
        self._in_thread(lambda: _session(path, self.settings, make=True), understood, audit=audit)

    def use_settings(self, settings: Settings) -> None:
        """Follow them at once, and keep them; where that fails the project's window says so."""
        self.settings = settings
        theme.set_scheme(self.app, settings.appearance.theme)
        path = user_settings.default_path()

        def keep() -> None:
            try:
                user_settings.save(path, settings)
            except OSError as error:
                self._not_kept.emit(error)

        self._keeper.submit(keep)

    def _in_thread(
        self,
        make: Callable[[], Session],
        understood: Understanding | None = None,
        *,
        audit: bool = False,
    ) -> None:
        def work() -> None:
            try:
                session = make()
                self._on_the_way.add(session)
                self._opened.emit(session, understood, audit)
            except Exception as error:  # noqa: BLE001  the border: the user gets a sentence
                self._failed.emit(error)

        self._openers.submit(work)

    def _show(self, session: Session, understood: Understanding | None, audit: bool) -> None:
        from ui.project_window import ProjectWindow

        self._on_the_way.discard(session)
        self.project = ProjectWindow(session, self.settings)
        self.project.settings_wanted.connect(self.use_settings)
        self.project.closed.connect(self._closed)
        self.project.show()
        self.start.idle()
        self.start.hide()
        if understood is not None:
            self.project.import_source(understood, audit=audit)

    def _show_packet(self, held: Reviewing) -> None:
        from ui.packet.window import PacketWindow

        self.packet = PacketWindow(held)
        self.packet.closed.connect(self._closed)
        self.packet.show()
        self.start.idle()
        self.start.hide()

    def _tell(self, error: Exception) -> None:
        from auditor.session.errors import sentence
        from ui.sentences import for_the_window

        log.warning("it could not be opened", exc_info=error)
        self.start.idle()
        self.start.say(for_the_window(sentence(error)))
        self.start.show()

    def _closed(self, quits: bool) -> None:
        for window in (self.project, self.packet):
            if window is not None:
                window.deleteLater()
        self.project = self.packet = None
        if quits:
            self.app.quit()
        else:
            self.start.refresh()
            self.start.show()

    def _let_go(self) -> None:
        """A project that was being opened when the user left would keep the program alive."""
        self._openers.shutdown(cancel_futures=True)
        self._keeper.shutdown()
        for session in self._on_the_way:
            session.close()

    def _tell_not_kept(self, error: Exception) -> None:
        from auditor.session.errors import sentence

        if self.project is not None:  # the window that is in front
            why = self.tr("The settings are not kept: {why}").format(why=sentence(error))
            self.project.notice.tell(why, trouble=True)


def _load() -> None:
    import ui.project_window  # noqa: F401


def _session(path: Path, settings: Settings, *, make: bool) -> Session:
    _load()
    from auditor.session import Session, recent
    from auditor.session.folder import ProjectFolder

    folder = ProjectFolder(path)
    if not make:
        folder.require()
    engine = settings.engine
    session = Session(folder, workers=engine.workers or None, memory_mb=engine.memory_mb)
    session.reviewer = settings.review.reviewer
    recent.add(folder.path)
    return session


def _packet(path: Path) -> Reviewing:
    from auditor.session.packets import Reviewing

    return Reviewing.open(path)


def _settings() -> tuple[Settings, str]:
    """The user's, or the default ones and a sentence."""
    try:
        return user_settings.load(user_settings.default_path()), ""
    except SettingsError as error:
        return Settings(), str(error)


def _translate(app: QApplication, language: str) -> None:
    """Load `resources/translations/auditor_<language>.qm` where there is one."""
    locale = QLocale(language) if language else QLocale.system()
    folder = resources.files("resources") / "translations"
    translator = QTranslator(app)
    if translator.load(locale, "auditor", "_", str(folder)):
        app.installTranslator(translator)


class _Border:
    """The last border: what nobody foresaw becomes a sentence, and a line in the log."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._telling = False

    def __call__(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.critical("unforeseen", exc_info=(kind, error, trace))
        if issubclass(kind, KeyboardInterrupt) or self._telling:
            return
        self._telling = True
        QMessageBox.warning(
            self._program.app.activeWindow(),
            NAME,
            self._program.tr(
                "Something in the program went wrong. Your decisions are saved; what happened is"
                " in the project's log. If the window acts oddly, close it and open it again."
            ),
        )
        self._telling = False


class _NoPandas:
    """Finds no pandas. None in `sys.modules` would not do: PySide's import hook hands it out."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name.partition(".")[0] == "pandas":
            raise ModuleNotFoundError(f"the window does without {name}", name=name)


def without_pandas() -> None:
    """Keep pandas out of this process: 0.3 seconds and 40 MB that nothing in it uses.

    pyarrow would load it, where it is installed, when the first array is made.
    """
    sys.meta_path.insert(0, _NoPandas())


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the window, on a project or a packet where one is named; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    without_pandas()
    # The project's log takes what the window says as well.
    logging.getLogger("ui").parent = logging.getLogger("auditor")
    app = QApplication([sys.argv[0]])
    app.setApplicationName("dataset-auditor")
    app.setApplicationDisplayName(NAME)
    app.setQuitOnLastWindowClosed(False)
    program = Program(app)
    sys.excepthook = _Border(program)
    program.start.show()
    program.start.closed.connect(app.quit)
    program.warm_up()
    if given:
        path = Path(given[0]).absolute()
        (program.open_packet if is_packet(path) else program.open)(path)
    return app.exec()
