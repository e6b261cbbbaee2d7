"""Who is asked by a check that asks, what that takes, and whether pictures leave the machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from auditor.model import ChangeSet
from auditor.session import AuditOptions, answerers
from auditor.session.interview import CHECK, Outlook
from ui import theme
from ui.ask import words
from ui.audit.form import ParameterForm, wheel_guard
from ui.commands import Commands
from ui.start.choosing import choose_folder
from ui.workspace import Workspace

_SERVER = "server:http://127.0.0.1:8000/v1#NAME"
_LOOK_MS = 300


class AskSetup(QWidget):
    """Shows two of the check's parameters, which stay in its form, and the price of answers."""

    PARAMETERS: ClassVar = ("model", "allow_remote")

    def __init__(
        self,
        workspace: Workspace,
        commands: Commands,
        form: ParameterForm,
        options: Callable[[], AuditOptions],
        check: str = CHECK,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._check = check
        self._desk, self._form, self._options = workspace.desk, form, options
        self.outlook: Outlook | None = None
        self.model = self._make_model()
        self._folder = QPushButton(self.tr("Folder …"), self)
        self._folder.setAccessibleName(self.tr("Ask a model in a folder"))
        self._folder.clicked.connect(self._choose_folder)
        self._questions = QPushButton(self.tr("Questions …"), self)
        self._questions.setToolTip(self.tr("The bank of questions, and how reliable each is"))
        self.price = self._make_price()
        self.allow = QCheckBox(self)
        self.allow.toggled.connect(lambda on: form.put({"allow_remote": on}))
        self._leaves, self._planned = QLabel(self), QLabel(self)
        self._warning = QFrame(self)
        self._warning.setObjectName("leaves")
        self._looking = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._looking.timeout.connect(self.look)
        self._lay_out()
        self._dress()
        form.changed.connect(self._follow_form)
        self._desk.changed.connect(self._on_change)
        has_bank = check == CHECK
        opens = next((c for c in commands.all() if has_bank and c.id == "ask.bank"), None)
        self._questions.setVisible(opens is not None)
        if opens is not None:
            self._questions.clicked.connect(commands.action(opens.id).trigger)
        self._desk.ask(lambda _s: answerers.offered(), self._offer, owner=self, slow=True)
        self._follow_form()

    @property
    def sentence(self) -> str:
        """What asking takes, as shown."""
        return self._planned.text()

    @property
    def warning(self) -> str:
        """That pictures leave the machine; "" where they do not."""
        return "" if self._warning.isHidden() else self._leaves.text()

    def look_soon(self) -> None:
        self._looking.start()

    def look(self) -> None:
        """Find out what asking would take."""
        model = self._model_id
        if not model:
            self._show_sentence(self.tr("Choose who is asked."))
            return
        values, options = self._form.values(), self._options()
        self._desk.ask(
            lambda session: session.interview.outlook(values, options, self._check),
            self._show,
            lambda error: self._show_sentence(str(error)),
            lane=f"ask-outlook {self._check}",
            owner=self,
            slow=True,
        )

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    # what is shown

    def _show(self, outlook: Outlook) -> None:
        self.outlook = outlook
        price = self.price.value()
        lines = (
            self._plans(outlook, price)
            if self._check == CHECK
            else [f"{words.plan(outlook.every, price)}."]
        )
        lines.append(words.so_far(outlook, price))
        self._planned.setText("\n".join(line for line in lines if line))
        self._leaves.setText(words.leaves(outlook.leaves_for))
        self.allow.setText(self.tr("Send pictures to {host}").format(host=outlook.leaves_for))
        self._warning.setVisible(bool(outlook.leaves_for))

    def _plans(self, outlook: Outlook, price: float) -> list[str]:
        """Of questions about labels."""
        asks_all = self._form.value("ask") == "all"
        shown = outlook.every if asks_all or not outlook.has_doubts else outlook.disputed
        plan = self.tr("{plan}; more about labels that look wrong.")
        return [
            plan.format(plan=words.plan(shown, price)),
            words.cascade(outlook, price) if asks_all else "",
        ]

    def _show_price(self) -> None:
        if self.outlook is not None:
            self._show(self.outlook)

    def _show_sentence(self, sentence: str) -> None:
        self.outlook = None
        self._warning.hide()
        self._planned.setText(sentence)

    def _offer(self, found: tuple[str, ...]) -> None:
        typed = self.model.currentText()
        with QSignalBlocker(self.model):
            self.model.clear()
            self.model.addItems([*found, _SERVER])
            self.model.setEditText(typed)
            self._show_start()

    def _note_model(self) -> None:
        """Another model: what was allowed for the one before is allowed no more."""
        self._form.put({"model": self._model_id, "allow_remote": False})

    def _follow_form(self) -> None:
        """The form is what counts: it may have been set from elsewhere."""
        model: str = self._form.value("model")
        if model != self._model_id:
            with QSignalBlocker(self.model):
                self.model.setEditText(model)
                self._show_start()
        with QSignalBlocker(self.allow):
            self.allow.setChecked(bool(self._form.value("allow_remote")))
        self.look_soon()

    def _show_start(self) -> None:
        """An address is known by its beginning."""
        line = self.model.lineEdit()
        if line is not None:
            line.setCursorPosition(0)

    @property
    def _model_id(self) -> str:
        return self.model.currentText().strip()

    def _on_change(self, changes: ChangeSet) -> None:
        if changes.touches("answer", "question", "run", "sample") and not self._looking.isActive():
            self.look_soon()

    def _choose_folder(self) -> None:
        def take(folder: Path) -> None:
            self.model.setEditText(f"hf:local-dir:{folder}")

        choose_folder(self, self.tr("A folder with a vision-language model"), take)

    # the parts

    def _make_model(self) -> QComboBox:
        model = QComboBox(self)
        model.setEditable(True)
        model.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        model.setMinimumContentsLength(6)
        model.setAccessibleName(self.tr("Model: who is asked"))
        about = self.tr(
            "A model here, the address of an OpenAI-compatible server, or zero-shot:ENCODER"
        )
        model.setToolTip(about)
        model.setAccessibleDescription(about)
        line = model.lineEdit()
        if line is not None:
            line.setPlaceholderText(self.tr("Choose, or write server:URL#NAME"))
        model.currentTextChanged.connect(lambda _text: self._note_model())
        model.installEventFilter(wheel_guard(self))
        return model

    def _make_price(self) -> QDoubleSpinBox:
        price = QDoubleSpinBox(self)
        price.setRange(0, 1_000_000)
        price.setDecimals(2)
        price.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        price.setAccessibleName(self.tr("Price of 1,000 answers"))
        price.setToolTip(self.tr("What 1,000 answers cost; 0 for a model of your own"))
        price.valueChanged.connect(lambda _value: self._show_price())
        price.installEventFilter(wheel_guard(self))
        return price

    def _lay_out(self) -> None:
        for label in (self._leaves, self._planned):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._planned.setAccessibleName(self.tr("What asking takes"))
        who = QHBoxLayout()
        who.addWidget(self.model, 1)
        who.addWidget(self._folder)
        inside = QVBoxLayout(self._warning)
        inside.setContentsMargins(8, 6, 8, 6)
        inside.addWidget(self._leaves)
        inside.addWidget(self.allow)
        self._warning.hide()
        cost = QHBoxLayout()
        cost.addWidget(self.price)
        cost.addStretch(1)
        cost.addWidget(self._questions)
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 4, 0, 4)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow(QLabel(self.tr("Model: who is asked"), self))
        rows.addRow(who)
        rows.addRow(self._warning)
        rows.addRow(QLabel(self.tr("Price of 1,000 answers"), self))
        rows.addRow(cost)
        rows.addRow(self._planned)

    def _dress(self) -> None:
        now = theme.colours()
        style = f"#leaves {{ border: 2px solid {now.flagged}; border-radius: 4px; }}"
        if style != self.styleSheet():
            self.setStyleSheet(style)
