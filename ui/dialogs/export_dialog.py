"""Export: see what would differ from the source, say where to, and have it written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from auditor.session import previews
from auditor.session.background import JobEvent, JobState
from auditor.session.previews import ExportLine, ExportPreview
from ui.desk import Desk

if TYPE_CHECKING:
    from auditor.progress import Progress
    from auditor.session import Exported

FileMode = Literal["copy", "symlink", "hardlink"]


class ExportDialog(QDialog):
    """Writes the cleaned data set to a new folder; the originals are only read."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Export the cleaned data set"))
        self.resize(820, 600)
        self._desk = desk
        self._job: int | None = None
        self._written: Path | None = None
        self._make_preview()
        self._make_choices()
        self._make_end()
        self._lay_out()
        self._allow()
        self._folder.textChanged.connect(self._allow)
        self._go.clicked.connect(self.start)
        self._open.clicked.connect(self._open_folder)
        self._buttons.rejected.connect(self.reject)
        desk.job.connect(self._follow)
        project = desk.session.folder.path
        desk.ask(lambda _session: _free_folder(project), self._offer, owner=self)
        desk.ask(lambda session: session.read(previews.export), self._show, owner=self, slow=True)

    def _make_preview(self) -> None:
        self._counts = QLabel(self.tr("Reading the decisions …"), self)
        self._counts.setWordWrap(True)
        self._moves = _table([self.tr("From"), self.tr("To"), self.tr("Samples")], self)
        self._moves.setAccessibleName(self.tr("Label changes by class"))
        self._lines = _table(
            [self.tr("File"), self.tr("Was"), self.tr("Becomes"), self.tr("Who"), self.tr("Step")],
            self,
        )
        self._lines.setAccessibleName(self.tr("Samples that differ from the source"))

    def _make_choices(self) -> None:
        self._folder = QLineEdit(self)
        self._folder.setAccessibleName(self.tr("New folder"))
        self._files = QComboBox(self)
        self._files.addItem(self.tr("Copy the image files"), "copy")
        self._files.addItem(self.tr("Link to them (symbolic)"), "symlink")
        self._files.addItem(self.tr("Link to them (hard)"), "hardlink")
        self._files.setAccessibleName(self.tr("What to do with the image files"))

    def _make_end(self) -> None:
        """How far it is, how it ended, and the buttons."""
        self._bar = QProgressBar(self)
        self._bar.hide()
        self._said = QLabel(self)
        self._said.setWordWrap(True)
        self._said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        action = QDialogButtonBox.ButtonRole.ActionRole
        self._go = self._buttons.addButton(self.tr("Export"), action)
        self._go.setDefault(True)
        self._open = self._buttons.addButton(self.tr("Open the folder"), action)
        self._open.hide()

    def _lay_out(self) -> None:
        tabs = QTabWidget(self)
        tabs.addTab(self._lines, self.tr("What changes"))
        tabs.addTab(self._moves, self.tr("By class"))
        choose = QPushButton(self.tr("Choose …"), self)
        choose.clicked.connect(self._choose)
        where = QHBoxLayout()
        where.addWidget(QLabel(self.tr("New folder:"), self))
        where.addWidget(self._folder, 1)
        where.addWidget(choose)
        where.addWidget(self._files)
        column = QVBoxLayout(self)
        column.addWidget(self._counts)
        column.addWidget(tabs, 1)
        column.addLayout(where)
        column.addWidget(self._bar)
        column.addWidget(self._said)
        column.addWidget(self._buttons)

    def _show(self, preview: ExportPreview) -> None:
        self._counts.setText(self._in_words(preview))
        self._moves.addTopLevelItems(
            [
                QTreeWidgetItem([old or self.tr("(none)"), new or self.tr("(left out)"), f"{n:,}"])
                for old, new, n in preview.moves
            ]
        )
        self._lines.addTopLevelItems([self._line(one) for one in preview.lines])
        changed = preview.relabelled + preview.excluded
        if changed > len(preview.lines):
            more = self.tr("and {n:,} more").format(n=changed - len(preview.lines))
            self._lines.addTopLevelItem(QTreeWidgetItem([more]))

    def _in_words(self, preview: ExportPreview) -> str:
        text = self.tr(
            "Of {samples:,} samples, {relabelled:,} get another label and {excluded:,} are left"
            " out; everything else leaves as it came."
        ).format(samples=preview.samples, relabelled=preview.relabelled, excluded=preview.excluded)
        if preview.undecided_flags:
            text += " " + self.tr(
                "{n:,} flagged samples are not decided and stay as they are."
            ).format(n=preview.undecided_flags)
        if preview.by_rule:
            text += " " + self.tr("{n:,} of the decisions were made by a rule.").format(
                n=preview.by_rule
            )
        return text

    def _line(self, one: ExportLine) -> QTreeWidgetItem:
        place = one.path if one.row is None else f"{one.path}, row {one.row}"
        becomes = self.tr("(left out)") if one.excluded else ", ".join(one.new)
        item = QTreeWidgetItem([place, ", ".join(one.old), becomes, one.reviewer, one.title])
        item.setToolTip(0, place)
        return item

    def _choose(self) -> None:
        start = str(Path(self._folder.text()).parent)
        chosen = QFileDialog.getExistingDirectory(self, self.tr("A new or empty folder"), start)
        if chosen:
            self._folder.setText(chosen)

    @property
    def counts(self) -> str:
        """What would change, in words."""
        return self._counts.text()

    @property
    def line_count(self) -> int:
        """Lines of the preview."""
        return self._lines.topLevelItemCount()

    @property
    def said(self) -> str:
        """How the export ended."""
        return self._said.text()

    def set_folder(self, folder: Path) -> None:
        self._folder.setText(str(folder))

    def _offer(self, folder: Path) -> None:
        """Name a folder, unless the user did."""
        if not self._folder.text():
            self.set_folder(folder)

    def start(self) -> None:
        """Queue the export."""
        out = Path(self._folder.text()).expanduser().absolute()
        mode: FileMode = self._files.currentData()
        session = self._desk.session

        def work(progress: Progress) -> Exported:
            return session.export(out, mode, progress)

        self._open.hide()
        self._said.setText("")
        self._bar.setRange(0, 0)
        self._bar.show()
        self._job = session.jobs.add(
            "export", self.tr("Export to {name}").format(name=out.name), work
        )
        self._allow()

    def _allow(self) -> None:
        """One export at a time, and only to a place that has a name."""
        self._go.setEnabled(self._job is None and bool(self._folder.text().strip()))

    def _follow(self, event: JobEvent) -> None:
        if event.number != self._job:
            return
        if not event.ended:
            self._bar.setRange(0, event.total)
            self._bar.setValue(event.done)
            return
        self._job = None
        self._bar.hide()
        self._allow()
        if event.state is JobState.DONE:
            self._say_done(event.result)
        else:
            self._said.setText(event.message or self.tr("Stopped; nothing was written."))

    def _say_done(self, exported: Exported) -> None:
        text = self.tr("Written to {folder}: {files:,} files.").format(
            folder=exported.out, files=exported.files
        )
        if exported.skipped:
            text += " " + self.tr("{n:,} image files could not be copied: {names}").format(
                n=len(exported.skipped), names=", ".join(exported.skipped[:3])
            )
        self._said.setText(text)
        self._written = exported.out
        self._open.show()

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written)))


def _table(titles: list[str], parent: QWidget) -> QTreeWidget:
    table = QTreeWidget(parent)
    table.setHeaderLabels(titles)
    table.setRootIsDecorated(False)
    table.setAlternatingRowColors(True)
    table.setUniformRowHeights(True)
    table.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    table.header().setStretchLastSection(False)
    return table


def _free_folder(project: Path) -> Path:
    """NAME-clean beside the project, or with a number where that is taken."""
    name = project.name.removesuffix(".audit")
    first = project.with_name(f"{name}-clean")
    later = (project.with_name(f"{name}-clean-{number}") for number in range(2, 1000))
    return first if not first.exists() else next(p for p in later if not p.exists())
