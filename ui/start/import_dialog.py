"""The import: what was understood of a source, put right by the user, and into which project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QGroupBox,
    QLabel,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ui import theme
from ui.notice import Notice
from ui.sentences import for_the_window
from ui.start import words
from ui.start.mapping_form import MappingForm
from ui.start.project_field import ProjectField
from ui.start.reader import Reader
from ui.start.reading import Reading, project_beside, read

if TYPE_CHECKING:
    from auditor.session import Understanding


class ImportDialog(QDialog):
    import_ready = Signal(object, Path)
    """An Understanding, and the project that is to take it in."""

    def __init__(
        self, source: Path, parent: QWidget | None = None, *, project: Path | None = None
    ) -> None:
        """`project` is the one that is to take it in, where that is settled."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Import {name}").format(name=words.shown(Path(source.name))))
        self.resize(720, 720)
        self._source = source
        self._reader, self._name_reader = Reader(), Reader()
        for reader in (self._reader, self._name_reader):
            self.destroyed.connect(reader.close)
        self.reading: Reading | None = None
        """None while the source is read."""
        self._make_parts()
        self._lay_out()
        self._dress()
        if project is not None:
            self.project.fix(project)
        else:
            self._name_reader.ask(
                lambda: project_beside(source), self.project.offer, lambda _error: None
            )
        self.read_again()

    def read_again(self) -> None:
        """Understand the source as the form says now."""
        options = self.options()
        self.reading = None
        self._update()
        self._reader.ask(
            lambda: read(self._source, options), self._show, lambda error: self._fail(str(error))
        )

    def options(self) -> dict[str, Any]:
        """What the user said about the source, as import options."""
        chosen = self.mapping.values()
        if (name := self.format.currentData()) is not None:
            chosen["format"] = name
        return chosen

    @property
    def is_ready(self) -> bool:
        """Whether it can be imported now."""
        return self._import.isEnabled()

    def accept(self) -> None:
        if self.reading is None or self.reading.understood is None or self.project.path is None:
            return
        self.import_ready.emit(self.reading.understood, self.project.path)
        super().accept()

    def done(self, result: int) -> None:
        for reader in (self._reader, self._name_reader):
            reader.drop()
        super().done(result)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    # what comes back

    def _show(self, reading: Reading) -> None:
        self.reading = reading
        self._offer_formats(reading)
        self.mapping.show_reading(reading)
        if reading.understood is not None:
            self._fill_facts(reading.understood)
            self.notice.hide()
        else:
            self.notice.tell(for_the_window(reading.problem), trouble=True)
        self._update()

    def _fail(self, sentence: str) -> None:
        self.notice.tell(sentence, trouble=True)
        self._update()

    def _update(self) -> None:
        """Show the parts that there is something to show in."""
        reading = self.reading
        understood = reading.understood if reading else None
        self._busy.setVisible(reading is None)
        self._state.setText(
            self.tr("Reading … a large folder takes a while. Nothing is written yet.")
            if reading is None
            else ""
        )
        self._state.setVisible(reading is None)
        if reading is not None:
            self._facts.setVisible(understood is not None)
            self._problems.setVisible(understood is not None)
            self._mapping_box.setVisible(bool(reading.columns))
        ready = understood is not None and self.project.path is not None
        self._import.setEnabled(ready)

    def _offer_formats(self, reading: Reading) -> None:
        understood = reading.understood
        chosen = self.format.currentData()
        guess = self.tr("guess")
        if understood is not None and chosen is None:
            title = reading.titles.get(understood.format, understood.format)
            guess = self.tr("{format} (guessed)").format(format=title)
        with QSignalBlocker(self.format):
            self.format.clear()
            self.format.addItem(guess, None)
            for name, title in reading.titles.items():
                self.format.addItem(title, name)
            self.format.setCurrentIndex(max(self.format.findData(chosen), 0))

    def _fill_facts(self, found: Understanding) -> None:
        self._values["samples"].setText(f"{found.samples:,}")
        self._values["classes"].setText(words.classes(found))
        self._values["labels"].setText(words.labels(found))
        self._values["splits"].setText(words.splits(found.splits))
        self._values["extras"].setText(words.extras(found.extra_columns))
        self._facts_rows.setRowVisible(self._values["extras"], bool(found.extra_columns))
        self._heading.setText(words.problems(found.problems, found.problem_count))
        sentences = (f"•  {for_the_window(one)}" for one in found.problems)
        self._list.setText("\n".join(sentences))
        self._list.setVisible(bool(found.problems))

    def _format_chosen(self) -> None:
        self.mapping.reset()
        self.read_again()

    # the parts

    def _make_parts(self) -> None:
        self.notice = Notice(self)
        self._state = QLabel(self)
        self._busy = QProgressBar(self)
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setAccessibleName(self.tr("Reading"))
        self.format = QComboBox(self)
        self.format.setAccessibleName(self.tr("Read as"))
        self.format.addItem(self.tr("guess"), None)
        self.format.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.format.currentIndexChanged.connect(self._format_chosen)
        self.mapping = MappingForm(self)
        self.mapping.changed.connect(self.read_again)
        self.project = ProjectField(self)
        self.project.changed.connect(self._update)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._import = self._buttons.addButton(
            self.tr("Import"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self._import.setDefault(True)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        name = QLabel(words.shown(Path(self._source.name)), self)
        name.setObjectName("name")
        where = QLabel(words.shown(self._source), self)
        where.setObjectName("muted")
        where.setWordWrap(True)
        how = QFormLayout()
        how.addRow(self.tr("Read as"), self.format)
        inside = QWidget(self)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 8, 0)
        column.addWidget(self._make_facts())
        column.addWidget(self._make_mapping())
        column.addWidget(self._make_problems())
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        into = QGroupBox(self.tr("Project"), self)
        QVBoxLayout(into).addWidget(self.project)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(20, 16, 20, 16)
        rows.setSpacing(8)
        for widget in (name, where, self.notice, self._state, self._busy):
            rows.addWidget(widget)
        rows.addLayout(how)
        rows.addWidget(scroll, 1)
        rows.addWidget(into)
        rows.addWidget(self._buttons)

    def _make_facts(self) -> QWidget:
        self._facts = QGroupBox(self.tr("What was understood"), self)
        self._facts_rows = QFormLayout(self._facts)
        self._facts_rows.setHorizontalSpacing(16)
        self._values: dict[str, QLabel] = {}
        titles = {
            "samples": self.tr("Samples"),
            "classes": self.tr("Classes"),
            "labels": self.tr("Labels"),
            "splits": self.tr("Splits"),
            "extras": self.tr("Kept beside"),
        }
        for name, title in titles.items():
            value = QLabel(self._facts)
            value.setWordWrap(True)
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._facts_rows.addRow(title, value)
            self._values[name] = value
        self._facts.hide()
        return self._facts

    def _make_mapping(self) -> QWidget:
        self._mapping_box = QGroupBox(self.tr("Columns"), self)
        QVBoxLayout(self._mapping_box).addWidget(self.mapping)
        self._mapping_box.hide()
        return self._mapping_box

    def _make_problems(self) -> QWidget:
        self._problems = QWidget(self)
        self._heading = QLabel(self._problems)
        self._heading.setObjectName("heading")
        self._list = QLabel(self._problems)
        self._list.setWordWrap(True)
        self._list.setTextFormat(Qt.TextFormat.PlainText)
        self._list.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self._problems)
        column.addWidget(self._heading)
        column.addWidget(self._list)
        self._problems.hide()
        return self._problems

    def _dress(self) -> None:
        style = (
            f"#muted {{ color: {theme.colours().muted}; }}"
            " #name { font-size: 16pt; font-weight: 600; }"
            " QGroupBox { font-weight: 600; margin-top: 1.4em; } QGroupBox * { font-weight: 400; }"
            " #heading { font-weight: 600; }"
            " QGroupBox::title { subcontrol-origin: margin; left: 2px; }"
        )
        if style != self.styleSheet():
            self.setStyleSheet(style)
