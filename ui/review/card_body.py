"""The lower part of the evidence card: everything but the picture."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from auditor.session.evidence import Evidence
from ui.review import card_texts
from ui.review.card_classes import ClassList
from ui.review.card_file import FileRow
from ui.review.card_head import CardHead
from ui.review.card_note import NoteField
from ui.review.card_texts import RichText
from ui.review.four_way import FourWayList, FourWayMode
from ui.review.neighbours import Neighbours
from ui.review.pieces import Section
from ui.review.transcript import Transcript
from ui.review.where import Where
from ui.workspace import Workspace


class CardBody(QScrollArea):
    """Its parts stay and are told of another sample: nothing flickers."""

    compare_wanted = Signal(int, int)

    def __init__(
        self, workspace: Workspace, mode: FourWayMode, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._evidence: Evidence | None = None
        self._mode = mode
        inner = QWidget(self)
        self.head = CardHead(inner)
        self.classes = ClassList(inner)
        self.of_two = FourWayList(inner)
        self.neighbours = Neighbours(workspace, inner)
        self.reasons = RichText(card_texts.reasons, inner)
        self.transcript = Transcript(workspace.desk, inner)
        self.where = Where(workspace, inner)
        self.copy = QPushButton(self.tr("Compare with its copy"), inner)
        self.note = NoteField(workspace.desk, inner)
        self.file = FileRow(workspace.desk, inner)
        self.facts = RichText(card_texts.facts, inner)
        self.extra = RichText(card_texts.extra, inner)
        self.history = RichText(card_texts.history, inner)
        self._lay_out(inner)
        self.copy.clicked.connect(self._compare_copy)
        mode.changed.connect(self._ask)
        self._of_two.hide()
        self.neighbours.compare_wanted.connect(self._compare)
        self.neighbours.focus_wanted.connect(workspace.set_focus)
        for part in (self.note, self.file, self.transcript):
            part.failed.connect(lambda error: workspace.desk.trouble.emit(str(error)))

    def tell(self, evidence: Evidence) -> None:
        moved = self._evidence is None or self._evidence.sample_id != evidence.sample_id
        self._evidence = evidence
        self.head.tell(evidence)
        self.classes.tell(evidence)
        self._ask()
        self.neighbours.tell(evidence)
        self.file.tell(evidence)
        self.transcript.tell(evidence)
        self.where.tell(evidence)
        self.note.tell(evidence.sample_id, evidence.note)
        for text in (self.reasons, self.facts, self.extra, self.history):
            text.tell(evidence)
        alike = bool(evidence.neighbours_given or evidence.neighbours_suggested)
        self._alike.setVisible(alike)
        self._asked.setVisible(bool(evidence.transcript))
        self._extra.setVisible(bool(evidence.extra))
        self._history.setVisible(bool(evidence.history))
        self._history.set_title(
            self.tr("History of decisions ({steps})").format(steps=len(evidence.history))
        )
        self.copy.setVisible(self._copy_of() is not None)
        if moved:
            self.verticalScrollBar().setValue(0)

    def _ask(self) -> None:
        """All classes, or which of two labels fits."""
        if self._evidence is None:
            return
        asks = self._mode.is_on and self.of_two.tell(self._evidence)
        self._of_two.setVisible(asks)
        self._classes.setVisible(not asks)
        is_judged = any(share is not None for _name, share in self._evidence.ranked)
        title = self.tr("Likeliest classes") if is_judged else self.tr("Classes")
        if self._mode.is_on:
            title = self.tr("No second label is in question here")
        self._classes.set_title(title)

    def _lay_out(self, inner: QWidget) -> None:
        self._of_two = Section(self.tr("Which of the two fits?"), self.of_two, inner)
        self._classes = Section(self.tr("Likeliest classes"), self.classes, inner)
        self._alike = Section(self.tr("Look-alikes"), self.neighbours, inner)
        self._asked = Section(self.tr("Questions and answers"), self.transcript, inner)
        self._extra = Section(self.tr("Further columns"), self.extra, inner, folds=True)
        self._history = Section("", self.history, inner, folds=True)
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(8)
        for part in (
            self.head,
            self._of_two,
            self._classes,
            self.note,
            self._alike,
            self._asked,
            self.where,
            Section(self.tr("Why"), self.reasons, inner),
            self.copy,
            Section(self.tr("File"), self.file, inner),
            self.facts,
            self._extra,
            self._history,
        ):
            column.addWidget(part)
        column.addStretch(1)
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(220)

    def _copy_of(self) -> int | None:
        found = self._evidence.findings if self._evidence else ()
        return next((one.related_id for one in found if one.related_id is not None), None)

    def _compare_copy(self) -> None:
        other = self._copy_of()
        if other is not None:
            self._compare(other)

    def _compare(self, other: int) -> None:
        if self._evidence is not None:
            self.compare_wanted.emit(self._evidence.sample_id, other)
