"""The window while no project is open: start page, import dialog, and the demo."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QProgressBar, QWidget

from ui.commands import Command, Commands
from ui.start.page import StartPage


class StartWindow(QMainWindow):
    open_project = Signal(Path)
    open_packet = Signal(Path)
    import_ready = Signal(object, Path)
    """An Understanding, and the project that is to take it in."""
    demo_ready = Signal(object, Path)
    """The same, of the demo's data set: to be audited at once."""
    closed = Signal()
    _progress = Signal(str, int, int)
    _call = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Dataset Auditor"))
        self.resize(1000, 680)
        self.commands = Commands(self)
        self.page = StartPage(self.commands, self)
        self.setCentralWidget(self.page)
        self._bar = QProgressBar(self)
        self._bar.setMaximumWidth(260)
        self._bar.hide()
        self.statusBar().addPermanentWidget(self._bar)
        self._thread = ThreadPoolExecutor(1, "demo")
        self.page.open_project.connect(self.open_project)
        self.page.open_packet.connect(self.open_packet)
        self.page.import_source.connect(self._import)
        self.page.try_demo.connect(self._demo)
        self._progress.connect(self._show_progress, Qt.ConnectionType.QueuedConnection)
        self._call.connect(lambda call: call(), Qt.ConnectionType.QueuedConnection)
        self.commands.add(
            Command("app.quit", self.tr("Quit"), self.tr("Program"), ("Ctrl+Q",)), self.close
        )

    def say(self, sentence: str) -> None:
        """A sentence about what went wrong, where the user looks; "" takes it away."""
        self.page.say(sentence)

    def busy(self, sentence: str) -> None:
        """Work is under way: nothing can be started meanwhile."""
        self.page.say("")
        self.page.setEnabled(False)
        self.statusBar().showMessage(sentence)
        self._bar.setRange(0, 0)
        self._bar.show()

    def idle(self) -> None:
        self.page.setEnabled(True)
        self.statusBar().clearMessage()
        self._bar.hide()

    def refresh(self) -> None:
        """Read the list of recent projects again."""
        self.page.refresh()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        self.closed.emit()
        super().closeEvent(event)

    def _import(self, source: Path) -> None:
        from ui.start.import_dialog import ImportDialog

        dialog = ImportDialog(source, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.import_ready.connect(self.import_ready)
        dialog.open()

    def _demo(self) -> None:
        """Build the demo's pictures in the user's documents, once; then it is a project like any."""
        documents = QStandardPaths.StandardLocation.DocumentsLocation
        folder = Path(QStandardPaths.writableLocation(documents)) / "dataset-auditor-demo"
        self.busy(self.tr("Making the demo in {folder} …").format(folder=folder))
        self._thread.submit(lambda: self._call.emit(self._made(folder)))

    def _made(self, folder: Path) -> Callable[[], None]:
        """Make the demo, off the Qt thread; what is to be done on it then."""
        try:
            from auditor.session import ImportOptions, demo, understand

            places = demo.Places(folder / "demo")
            if places.project.exists:
                return partial(self.open_project.emit, places.project.path)
            folder.mkdir(parents=True, exist_ok=True)
            demo.prepare(places, 0, 2000, self._progress.emit)
            understood = understand(places.images, ImportOptions(format="folder"))
        except Exception as error:  # noqa: BLE001  the border: the user gets a sentence
            return partial(self._failed, error)
        return partial(self.demo_ready.emit, understood, places.project.path)

    def _failed(self, error: Exception) -> None:
        from auditor.session.errors import sentence

        self.idle()
        self.say(sentence(error))

    def _show_progress(self, stage: str, done: int, total: int) -> None:
        self._bar.setRange(0, total)
        self._bar.setValue(done)
        self._bar.setAccessibleName(stage)
