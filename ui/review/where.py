"""Which part of the picture speaks against its label: asked for by a button, drawn over the picture."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from auditor.progress import Progress
from auditor.session import AuditOptions
from auditor.session.background import JobEvent, JobState
from auditor.session.evidence import Evidence
from auditor.session.interview import HeatMap
from ui import theme
from ui.review.pieces import MutedLabel
from ui.workspace import Workspace

KIND = "heat map"
_KEPT = 64
_FAINT = 0.02
"""A change of the answer by less than this is not drawn."""
_THICK = 170
_LEAST = 40
"""Cells narrower than so many pixels have no number."""


class Where(QWidget):
    """A button while there is something to ask; what was found stays for as long as the window."""

    changed = Signal()
    """`heat` is another, though the sample is not."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._found: OrderedDict[int, HeatMap] = OrderedDict()
        self._asked: dict[int, int] = {}
        """By number of the job: the sample."""
        self._evidence: Evidence | None = None
        self._shows = True
        self.button = QPushButton(self)
        self.words = MutedLabel(parent=self)
        self.words.setWordWrap(True)
        self.button.clicked.connect(self._press)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.words)
        workspace.desk.job.connect(self._follow)

    @property
    def heat(self) -> HeatMap | None:
        """What is to be drawn over the picture of the sample that is looked at."""
        if self._evidence is None or not self._shows:
            return None
        return self._found.get(self._evidence.sample_id)

    def tell(self, evidence: Evidence) -> None:
        moved = self._evidence is None or self._evidence.sample_id != evidence.sample_id
        self._evidence = evidence
        self._shows = self._shows or moved
        self._dress()

    def ask(self) -> None:
        """Hide one part after the other and ask again; the job strip tells how far it is."""
        evidence = self._evidence
        model = "" if evidence is None else _model(evidence)
        if evidence is None or not model:
            return
        session, sample_id = self._workspace.desk.session, evidence.sample_id
        options = AuditOptions(device=self._workspace.settings.engine.device)

        def work(progress: Progress) -> HeatMap:
            return session.interviewing(progress).where(sample_id, model, options)

        title = self.tr("Where it speaks against “{label}”").format(label=evidence.given[0])
        self._asked[session.jobs.add(KIND, title, work)] = sample_id
        self._dress()

    def _press(self) -> None:
        evidence = self._evidence
        if evidence is not None and evidence.sample_id in self._found:
            self._shows = not self._shows
            self._dress()
            self.changed.emit()
        else:
            self.ask()

    def _follow(self, event: JobEvent) -> None:
        if not event.ended or event.number not in self._asked:
            return
        sample_id = self._asked.pop(event.number)
        if event.state is JobState.DONE:
            self._found[sample_id] = event.result
            self._shows = True
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)
        self._dress()
        self.changed.emit()

    def _dress(self) -> None:
        evidence = self._evidence
        if evidence is None or not _model(evidence):
            self.hide()
            return
        self.show()
        found = self._found.get(evidence.sample_id)
        is_asked = evidence.sample_id in self._asked.values()
        self.button.setEnabled(not is_asked)
        if found is None:
            self.button.setText(self.tr("Show where it speaks against the label"))
            self.words.setText(self.tr("Asking …") if is_asked else "")
        else:
            shows, hides = self.tr("Show the heat map again"), self.tr("Hide the heat map")
            self.button.setText(hides if self._shows else shows)
            self.words.setText(self._in_words(found))
        self.words.setVisible(bool(self.words.text()))

    def _in_words(self, found: HeatMap) -> str:
        text = self.tr(
            "The label fits by {base:.0%}. A part with a plus fits it better when hidden: that part"
            " speaks against it."
        ).format(base=found.base)
        hard = self.tr("The model gives no probabilities: these are shares of yes and no.")
        return f"{text} {hard}" if found.is_hard else text


def _model(evidence: Evidence) -> str:
    """Who answered a question of yes or no about the one given label; "" for nobody."""
    if len(evidence.given) != 1:
        return ""
    asked = (
        one.answered_by
        for one in evidence.transcript
        if one.is_about_given and not one.by_person and one.question.form == "yes_no"
    )
    return next((name for name in asked if name), "")


def paint(heat: HeatMap, painter: QPainter, box: QRectF) -> None:
    """Over the picture that lies in `box`: what speaks against the label, and what for it."""
    against, now = heat.against, theme.colours()
    rows, columns = against.shape
    most = max(float(abs(against).max()), _FAINT)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for row in range(rows):
        for column in range(columns):
            value = float(against[row, column])
            if abs(value) < _FAINT:
                continue
            wide, high = box.width() / columns, box.height() / rows
            cell = QRectF(box.x() + column * wide, box.y() + row * high, wide, high)
            colour = QColor(now.flagged if value > 0 else now.kept)
            colour.setAlpha(round(_THICK * abs(value) / most))
            painter.fillRect(cell, colour)
            if min(wide, high) >= _LEAST:
                painter.setPen(QColor(now.text))
                painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, f"{value:+.2f}")
    painter.restore()
