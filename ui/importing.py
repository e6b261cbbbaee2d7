"""Taking pictures into the project that is open."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from auditor.progress import Progress
from auditor.session import Understanding
from ui.desk import Desk
from ui.start.choosing import choose_folder, choose_table


class Importing(QObject):
    """Asks for a source, shows what is understood of it, and queues the import."""

    def __init__(self, desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._window = desk, window

    def choose_folder(self) -> None:
        choose_folder(self._window, self.tr("A folder of pictures"), self.understand)

    def choose_table(self) -> None:
        choose_table(self._window, self.tr("A file that lists pictures"), self.understand)

    def again(self) -> None:
        """Look at the project's own source again: pictures were added, changed, or taken away."""
        self._desk.ask(lambda session: session.understood.source, self.understand, owner=self)

    def understand(self, source: Path) -> None:
        """Show what a source is understood as, and import it once the user agrees."""
        from ui.start.import_dialog import ImportDialog

        dialog = ImportDialog(source, self._window, project=self._desk.session.folder.path)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.import_ready.connect(lambda understood, _project: self.add(understood))
        dialog.open()

    def add(self, understood: Understanding) -> None:
        """Queue the import."""
        session = self._desk.session

        def work(progress: Progress) -> object:
            return session.import_source(understood, progress)

        title = self.tr("Import {name}").format(name=understood.source.name)
        session.jobs.add("import", title, work)
