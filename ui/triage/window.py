"""Triage of a model's mistakes: one picture, one key, the next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from auditor.model import ChangeSet
from auditor.session import Session, errors, triage_export
from auditor.session.triage import Mistake, Triage, Word
from ui.notice import Notice
from ui.review.loupe import Loupe
from ui.sentences import for_the_window
from ui.triage.judging import Judging
from ui.triage.table import MistakeTable
from ui.workspace import Workspace

_SIZE = (1180, 720)
_LANE = "mistakes"


class TriageWindow(QDialog):
    """Stands beside the project's window, which goes on working."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Mistakes of a model"))
        self.resize(*_SIZE)
        self._desk = workspace.desk
        self._held: int | None = None
        """The sample that is looked at while the list is read again."""
        self._goes_on = False
        """To the next open mistake, once the list is read again."""
        self._before: dict[int, Word | None] | None = None
        """The judgements before an undo: to the sample whose judgement it changed."""
        self.notice = Notice(self)
        self.models = QComboBox(self)
        self.models.setAccessibleName(self.tr("Model"))
        self.models.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.progress = QProgressBar(self)
        self.progress.setAccessibleName(self.tr("Judged so far"))
        self.model = MistakeTable(self)
        self.list = QTableView(self)
        self.picture = Loupe(workspace, self)
        self.judging = Judging(self)
        self._lay_out()
        self._connect()
        self._read_models()

    def _lay_out(self) -> None:
        self.list.setModel(self.model)
        self.list.setAccessibleName(self.tr("Mistakes"))
        self.list.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.list.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.list.setTabKeyNavigation(False)
        self.list.verticalHeader().hide()
        self.list.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        top = QHBoxLayout()
        name = QLabel(self.tr("&Model:"), self)
        name.setBuddy(self.models)
        top.addWidget(name)
        top.addWidget(self.models)
        top.addWidget(self.progress, 1)
        for text, work in (
            (self.tr("&Take in a file …"), self.choose_file),
            (self.tr("&Export the slice …"), self.choose_slice),
            (self.tr("Export the &labels …"), self.choose_labels),
        ):
            button = QPushButton(text, self)
            button.setAutoDefault(False)
            button.clicked.connect(work)
            top.addWidget(button)
        middle = QSplitter(self)
        middle.setChildrenCollapsible(False)
        for widget, share in ((self.list, 4), (self.picture, 4), (self.judging, 3)):
            middle.addWidget(widget)
            middle.setStretchFactor(middle.count() - 1, share)
        column = QVBoxLayout(self)
        column.addLayout(top)
        column.addWidget(self.notice)
        column.addWidget(middle, 1)
        keys = self.tr("↑ ↓ or J K: other mistake · Ctrl+Z: undo · Ctrl+Shift+Z: redo")
        column.addWidget(QLabel(keys, self))

    def _connect(self) -> None:
        self.models.activated.connect(lambda _row: self._read())
        self.list.selectionModel().currentRowChanged.connect(self._show)
        self.judging.judged.connect(self._judge)
        self._desk.changed.connect(self._on_change)
        for key, work in (
            ("J", lambda: self._step(1)),
            ("K", lambda: self._step(-1)),
            ("Ctrl+Z", lambda: self._undo(Session.undo)),
            ("Ctrl+Shift+Z", lambda: self._undo(Session.redo)),
        ):
            QShortcut(QKeySequence(key), self, work)

    @property
    def current(self) -> Mistake | None:
        """The mistake that is looked at."""
        row = self.list.currentIndex().row()
        return self.model.rows[row] if 0 <= row < len(self.model.rows) else None

    # reading

    def _read_models(self, choose: str | None = None) -> None:
        def show(names: list[str]) -> None:
            wanted = choose or self.models.currentText()
            self.models.clear()
            self.models.addItems(names)
            self.models.setCurrentIndex(max(0, self.models.findText(wanted)))
            self.models.setEnabled(bool(names))
            if names:
                self._read()
            else:
                self.progress.setFormat(self.tr("No predictions yet"))
                self.notice.tell(
                    self.tr("Take in a model's predictions: an NPY file with a row per sample.")
                )

        self._desk.ask(lambda s: _triage(s).models(), show, self._trouble, owner=self)

    def _read(self) -> None:
        name = self.models.currentText()
        if name:
            work = lambda s: _triage(s).queue(name)  # noqa: E731
            self._desk.ask(work, self._fill, self._trouble, lane=_LANE, owner=self, slow=True)

    def _fill(self, rows: list[Mistake]) -> None:
        """In the order of the list before, so that nothing jumps under the reviewer's hands."""
        place = {one.sample_id: row for row, one in enumerate(self.model.rows)}
        rows.sort(key=lambda one: place.get(one.sample_id, len(place)))
        held = self._held if self._held is not None else getattr(self.current, "sample_id", None)
        before, self._held, self._before = self._before or {}, None, None
        turned = [one.sample_id for one in rows if before.get(one.sample_id, one.word) != one.word]
        if turned:
            held, self._goes_on = turned[0], False
        self.model.show(rows)
        judged = sum(one.word is not None for one in rows)
        self.progress.setRange(0, max(1, len(rows)))
        self.progress.setValue(judged)
        text = self.tr("{judged:,} of {all:,} judged").format(judged=judged, all=len(rows))
        self.progress.setFormat(text)
        rest = [row for row, one in enumerate(rows) if one.word is None]
        row = next((r for r, one in enumerate(rows) if one.sample_id == held), None)
        if self._goes_on or row is None:
            here = -1 if row is None else row
            row = next((r for r in rest if r > here), rest[0] if rest else row)
        self._goes_on = False
        if rows:
            self.list.setCurrentIndex(self.model.index(row or 0, 0))
        self._show()

    def _on_change(self, changes: ChangeSet) -> None:
        if changes.touches("prediction"):
            self._read_models()
            return
        if changes.touches("judgement", "action", "sample"):
            self._read()

    def _show(self, *_indexes: QModelIndex) -> None:
        one = self.current
        self.picture.show_sample(None if one is None else one.sample_id)
        self.judging.show_mistake(one)

    def _step(self, way: int) -> None:
        row = self.list.currentIndex().row() + way
        if 0 <= row < len(self.model.rows):
            self.list.setCurrentIndex(self.model.index(row, 0))

    # acting

    def _judge(self, word: Word, note: str) -> None:
        one = self.current
        if one is None:
            return
        self._desk.act(
            lambda s: _triage(s).judge(one.sample_id, one.predicted, word, note),
            lambda _new: self._go_on(one.sample_id),
            self._trouble,
            owner=self,
        )

    def _go_on(self, judged: int) -> None:
        self._held, self._goes_on = judged, True
        self._read()

    def _undo(self, work: Callable[[Session], tuple[str, int]]) -> None:
        before = {one.sample_id: one.word for one in self.model.rows}

        def tell(done: tuple[str, int]) -> None:
            self.notice.tell(done[0])
            self._before = before
            self._read()

        self._desk.act(work, tell, self._trouble, owner=self)

    def choose_file(self) -> None:
        """Ask for predictions, or for mistakes that were judged elsewhere."""
        kinds = self.tr("Predictions or judged mistakes (*.npy *.json)")
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Take in a file"), "", kinds)
        if name:
            self.take_in(Path(name))

    def take_in(self, path: Path) -> None:
        self._desk.act(
            lambda s: _triage(s).take_in(path),
            lambda taken: self._read_models(taken.model),
            self._trouble,
            owner=self,
        )

    def choose_slice(self) -> None:
        """Ask where the model's major errors go."""
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Export the slice"), "", self.tr("Slice (*.json)")
        )
        if name:
            self.export_slice(Path(name))

    def export_slice(self, path: Path) -> None:
        model = self.models.currentText()
        self._write(path, lambda s: triage_export.must_pass(_triage(s), path, model))

    def choose_labels(self) -> None:
        """Ask where the corrected label sets go."""
        kinds = self.tr("Label sets (*.csv *.json *.parquet)")
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Export the labels"), "", kinds)
        if name:
            path = Path(name)
            self._write(path, lambda s: triage_export.labels(s.store, path))

    def _write(self, path: Path, work: Callable[[Session], int]) -> None:
        def tell(count: int) -> None:
            text = self.tr("{file} is written. Samples: {count:,}.")
            self.notice.tell(text.format(file=path.name, count=count))

        self._desk.ask(work, tell, self._trouble, owner=self, slow=True)

    def _trouble(self, error: Exception) -> None:
        sentence = for_the_window(errors.sentence(error))
        self._goes_on = False
        self.notice.tell(sentence[:1].upper() + sentence[1:], trouble=True)


def _triage(session: Session) -> Triage:
    return Triage(session.store, session.folder, session.who)
