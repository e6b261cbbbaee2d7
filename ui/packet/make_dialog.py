"""Hand samples out to one reviewer, in a file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from auditor.session import Session
from auditor.session.errors import sentence
from auditor.session.packets import Made, PacketOptions, Packets
from ui import theme
from ui.desk import Desk
from ui.review.findings import CheckFindings, read_all
from ui.start.choosing import PACKETS

_MOST, _USUAL = 100_000, 200


class MakePacketDialog(QDialog):
    """Asks who, what and how many; the file has all that the reviewer needs."""

    made = Signal(object)
    """A Made: the packet is in its file."""

    def __init__(self, desk: Desk, check_id: str | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Hand out a review packet"))
        self.resize(560, 0)
        self._desk = desk
        self._folder = desk.session.folder.path.parent
        self.reviewer, self.file = QLineEdit(self), QLineEdit(self)
        self.what = QComboBox(self)
        self.count = _number(1, _MOST, _USUAL, self)
        self.gold = _number(0, _MOST, 0, self)
        self.seed = _number(0, _MOST, 0, self)
        self.blind = QCheckBox(
            self.tr("Blind: tell neither the given label nor the suggestion"), self
        )
        self.blind.setStyleSheet(theme.box_style())
        self.blind.setChecked(True)
        self.said = QLabel(self)
        self.said.setWordWrap(True)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._go = self._buttons.addButton(
            self.tr("Write the packet"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self._lay_out()
        self.what.addItem(self.tr("Any samples without a decision"), None)
        self.reviewer.textChanged.connect(self._name)
        self.file.textChanged.connect(self._allow)
        self._buttons.accepted.connect(self.start)
        self._buttons.rejected.connect(self.reject)
        self._allow()
        desk.ask(read_all, lambda found: self._offer(found, check_id), lambda _e: None, owner=self)

    def start(self) -> None:
        """Write it."""
        out = Path(self.file.text()).expanduser()
        out = out if out.is_absolute() else self._folder / out
        wanted = PacketOptions(
            reviewer=self.reviewer.text().strip(),
            check_id=self.what.currentData(),
            count=self.count.value(),
            is_blind=self.blind.isChecked(),
            gold=self.gold.value(),
            seed=self.seed.value(),
        )
        self.setEnabled(False)
        self.said.setText(self.tr("Writing …"))
        self._desk.act(
            lambda session: _packets(session).make(out, wanted),
            self._end,
            self._fail,
            owner=self,
        )

    def _end(self, made: Made) -> None:
        self.accept()
        self.made.emit(made)

    def _fail(self, error: Exception) -> None:
        self.setEnabled(True)
        words = sentence(error)
        self.said.setText(words[:1].upper() + words[1:] + ".")

    def _lay_out(self) -> None:
        choose = QPushButton(self.tr("Choose …"), self)
        choose.setAutoDefault(False)
        choose.clicked.connect(self._choose)
        where = QHBoxLayout()
        where.addWidget(self.file, 1)
        where.addWidget(choose)
        self.reviewer.setPlaceholderText(self.tr("Their votes go by this name"))
        self.gold.setToolTip(
            self.tr("Samples that a person decided, mixed in: they tell how well the reviewer does")
        )
        self.seed.setToolTip(self.tr("The same number hands the same samples to a second reviewer"))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("&Reviewer:"), self.reviewer)
        form.addRow(self.tr("&What:"), self.what)
        form.addRow(self.tr("At &most:"), self.count)
        form.addRow(self.tr("&Known ones mixed in:"), self.gold)
        form.addRow(self.tr("&Draw number:"), self.seed)
        form.addRow("", self.blind)
        name = QLabel(self.tr("&File:"), self)
        name.setBuddy(self.file)
        form.addRow(name, where)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.said)
        column.addWidget(self._buttons)

    def _offer(self, found: list[CheckFindings], check_id: str | None) -> None:
        for one in found:
            text = self.tr("Flagged by {title} ({count:,})")
            self.what.addItem(text.format(title=one.title, count=one.tally.samples), one.check_id)
        self.what.setCurrentIndex(max(0, self.what.findData(check_id)))

    def _name(self, reviewer: str) -> None:
        """Offer a file beside the project."""
        name = "".join(c if c.isalnum() or c in "-_." else "-" for c in reviewer.strip())
        self.file.setText(str(self._folder / f"{name}.packet") if name else "")

    def _choose(self) -> None:
        kinds = self.tr("Review packets ({patterns})").format(patterns=PACKETS)
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("A new file"), self.file.text() or str(self._folder), kinds
        )
        if name:
            path = Path(name)
            self.file.setText(str(path if path.suffix else path.with_suffix(".packet")))

    def _allow(self) -> None:
        self._go.setEnabled(bool(self.reviewer.text().strip() and self.file.text().strip()))


def _number(least: int, most: int, value: int, parent: QWidget) -> QSpinBox:
    box = QSpinBox(parent)
    box.setRange(least, most)
    box.setGroupSeparatorShown(True)
    box.setValue(value)
    return box


def _packets(session: Session) -> Packets:
    return Packets(session.store, session.folder)
