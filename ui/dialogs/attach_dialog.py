"""Attach features or class probabilities that the user computed elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from auditor.session import browsing
from auditor.session.background import JobEvent, JobState
from auditor.session.browsing import View
from ui.start.choosing import choose_file
from ui.workspace import Workspace

if TYPE_CHECKING:
    from auditor.progress import Progress
    from auditor.session import Attached

_EMBEDDING, _PROBABILITIES = "embedding", "pred_probs"
_WIDTH = 560


class AttachDialog(QDialog):
    """The engine checks the file before it is believed; what is wrong stands in a sentence."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Attach features or probabilities"))
        self.resize(_WIDTH, 0)
        self._desk, self._classes = workspace.desk, workspace.classes
        self._samples: int | None = None
        self._job: int | None = None
        self.kind = QComboBox(self)
        self.kind.addItem(self.tr("Features of the pictures"), _EMBEDDING)
        self.kind.addItem(self.tr("Class probabilities"), _PROBABILITIES)
        self.kind.setAccessibleName(self.tr("What is attached"))
        self._about = self._sentence()
        self.file, self.order = QLineEdit(self), QLineEdit(self)
        self._bar = QProgressBar(self)
        self._bar.hide()
        self._said = self._sentence()
        self._said.hide()
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.go = self._buttons.addButton(self.tr("Attach"), QDialogButtonBox.ButtonRole.ActionRole)
        self.go.setDefault(True)
        self._lay_out()
        self._connect()
        self._show_about()
        self._allow()

    def start(self) -> None:
        """Queue the attaching."""
        name: str = self.kind.currentData()
        source = Path(self.file.text().strip()).expanduser().absolute()
        typed = self.order.text().strip()
        order = Path(typed).expanduser().absolute() if typed else None
        session = self._desk.session

        def work(progress: Progress) -> Attached:
            return session.attach(name, source, order, progress)

        self._said.hide()
        self._bar.setRange(0, 0)
        self._bar.show()
        title = self.tr("Attach {name}").format(name=source.name)
        self._job = session.jobs.add("attach", title, work, after="import")
        self._allow()

    @property
    def said(self) -> str:
        """How it ended; "" while it has not."""
        return "" if self._said.isHidden() else self._said.text()

    @property
    def about(self) -> str:
        """What the file must hold."""
        return self._about.text()

    def _sentence(self) -> QLabel:
        label = QLabel(self)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _lay_out(self) -> None:
        self.order.setPlaceholderText(self.tr("only where the rows are in another order"))
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow(self.tr("What"), self.kind)
        rows.addRow(self._about)
        rows.addRow(self.tr("Array"), self._field(self.file, self.tr("NumPy array file")))
        rows.addRow(self.tr("Order"), self._field(self.order, self.tr("Order of the rows")))
        small = self._sentence()
        small.setText(
            self.tr("A text file with a line for each row: the picture's path, or its sample id.")
        )
        rows.addRow(small)
        column = QVBoxLayout(self)
        column.addLayout(rows)
        column.addWidget(self._bar)
        column.addWidget(self._said)
        column.addStretch(1)
        column.addWidget(self._buttons)

    def _field(self, line: QLineEdit, name: str) -> QWidget:
        line.setAccessibleName(name)
        choose = QPushButton(self.tr("Choose …"), self)
        choose.setAutoDefault(False)
        choose.setAccessibleName(self.tr("Choose: {name}").format(name=name))
        choose.clicked.connect(lambda: choose_file(self, name, lambda p: line.setText(str(p))))
        both = QWidget(self)
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(line, 1)
        row.addWidget(choose)
        return both

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(self._show_about)
        self.file.textChanged.connect(self._allow)
        self.go.clicked.connect(self.start)
        self._buttons.rejected.connect(self.reject)
        self._desk.job.connect(self._follow)
        self._desk.ask(
            lambda session: len(session.read(lambda db: browsing.ids(db, View()))),
            self._take_count,
            owner=self,
            slow=True,
        )

    def _take_count(self, samples: int) -> None:
        self._samples = samples
        self._show_about()

    def _show_about(self) -> None:
        count = "…" if self._samples is None else f"{self._samples:,}"
        text = self.tr(
            "A NumPy file (.npy) with {samples} rows, one for each sample in the order of the"
            " import."
        ).format(samples=count)
        if self.kind.currentData() == _PROBABILITIES:
            text += " " + self.tr(
                "Its {count:,} columns are the classes, in this order: {names}."
            ).format(count=len(self._classes), names=", ".join(self._classes))
        self._about.setText(text)

    def _allow(self) -> None:
        self.go.setEnabled(self._job is None and bool(self.file.text().strip()))

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
        done = event.state is JobState.DONE
        text = self._done(event.result) if done else event.message
        self._said.setText(text[:1].upper() + text[1:] or self.tr("Stopped; nothing was taken in."))
        self._said.show()
        self._said.setFocus()

    def _done(self, attached: Attached) -> str:
        rows, columns = attached.shape
        text = self.tr("Attached: {rows:,} rows of {columns:,} values.").format(
            rows=rows, columns=columns
        )
        return f"{text} {attached.warning}" if attached.warning else text
