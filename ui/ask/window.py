"""The questions of the visual-linguistic check: the bank, and how far each question can be trusted."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QTabWidget, QVBoxLayout, QWidget

from auditor.model import ChangeSet
from auditor.session import errors
from auditor.session.browsing import Ids
from auditor.session.interview import Reliability
from ui.ask.bank import QuestionBank
from ui.ask.editor import BankEditor
from ui.ask.reliability import ReliabilityView
from ui.notice import Notice
from ui.sentences import for_the_window
from ui.workspace import Subset, Workspace

_SIZE = (980, 620)


class QuestionsWindow(QDialog):
    """Stands beside the project's window, which goes on working."""

    samples_wanted = Signal()
    """Samples are listed in the gallery."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Questions about the pictures"))
        self.resize(*_SIZE)
        self._workspace, self._desk = workspace, workspace.desk
        self.notice = Notice(self)
        self.bank = QuestionBank(self._desk, self)
        self.editor = BankEditor(self.bank, self)
        self.reliability = ReliabilityView(self)
        self.tabs = QTabWidget(self)
        self.tabs.addTab(self.editor, self.tr("&Bank"))
        self.tabs.addTab(self.reliability, self.tr("&Reliability"))
        self.tabs.setAccessibleName(self.tr("Bank and reliability"))
        column = QVBoxLayout(self)
        column.addWidget(self.notice)
        column.addWidget(self.tabs, 1)
        self.bank.changed.connect(self._read_reliability)
        self.bank.refused.connect(self._trouble)
        self.editor.said.connect(self.notice.tell)
        self.reliability.chosen.connect(self._list)
        self._desk.changed.connect(self._on_change)
        self.bank.read()

    def _read_reliability(self) -> None:
        self._desk.ask(
            lambda session: session.read(session.interview.reliability),
            lambda rows: self.reliability.show_rows(rows, self.bank.questions),
            self._trouble,
            lane="reliability",
            owner=self,
        )

    def _on_change(self, changes: ChangeSet) -> None:
        if changes.touches("run", "metric"):
            self._read_reliability()

    def _list(self, one: Reliability) -> None:
        title = self.tr("Answers against “{question}” ({about})").format(
            question=one.text, about=one.about
        )

        def show(ids: Ids) -> None:
            if not len(ids):
                self.notice.tell(self.tr("No answer to it speaks against a label."))
                return
            self._workspace.set_subset(Subset(title, ids))
            self.samples_wanted.emit()

        self._desk.ask(
            lambda session: session.interview.against(one.about, one.text),
            show,
            self._trouble,
            lane="against",
            owner=self,
            slow=True,
        )

    def _trouble(self, error: Exception) -> None:
        sentence = for_the_window(errors.sentence(error))
        self.notice.tell(sentence[:1].upper() + sentence[1:], trouble=True)
