"""The user's settings; shortcuts are changed in the keyboard sheet."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from auditor.settings import (
    THEMES,
    AppearanceSettings,
    EngineSettings,
    GallerySettings,
    ReviewSettings,
    Settings,
)
from ui import theme


class SettingsDialog(QDialog):
    """Edits a copy; `settings` is what the user wants once the dialog was accepted."""

    keys_wanted = Signal()
    """The keyboard sheet is asked for."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Settings"))
        self._before = settings
        words = {
            "system": self.tr("As the system"),
            "light": self.tr("Light"),
            "dark": self.tr("Dark"),
        }
        self._theme = QComboBox(self)
        for name in THEMES:
            self._theme.addItem(words[name], name)
        self._theme.setCurrentIndex(THEMES.index(settings.appearance.theme))
        self._language = QLineEdit(settings.appearance.language, self)
        self._language.setPlaceholderText(self.tr("as the system"))
        self._zoom = _number(self, settings.gallery.thumbnail_px, 32, 512, " px")
        self._cache = _number(self, settings.gallery.cache_mb, 16, 4096, " MB")
        self._advance = QCheckBox(self.tr("Go to the next sample after a decision"), self)
        self._advance.setChecked(settings.review.auto_advance)
        self._advance.setStyleSheet(theme.box_style())
        self._reviewer = QLineEdit(settings.review.reviewer, self)
        self._reviewer.setPlaceholderText(self.tr("your user name"))
        self._above = _number(self, settings.review.confirm_above, 1, 1_000_000, "")
        self._workers = _number(self, settings.engine.workers, 0, 256, "")
        self._workers.setSpecialValueText(self.tr("one per core"))
        self._device = QComboBox(self)
        self._device.setEditable(True)
        self._device.addItems(["auto", "cpu", "cuda"])
        self._device.setCurrentText(settings.engine.device)
        self._memory = _number(self, settings.engine.memory_mb, 64, 1 << 20, " MB")
        self._lay_out()

    @property
    def settings(self) -> Settings:
        """As the fields say; the shortcuts are those there were."""
        return replace(
            self._before,
            appearance=AppearanceSettings(
                theme=self._theme.currentData(), language=self._language.text().strip()
            ),
            gallery=GallerySettings(thumbnail_px=self._zoom.value(), cache_mb=self._cache.value()),
            review=ReviewSettings(
                auto_advance=self._advance.isChecked(),
                reviewer=self._reviewer.text().strip(),
                confirm_above=self._above.value(),
            ),
            engine=EngineSettings(
                workers=self._workers.value(),
                device=self._device.currentText().strip() or "auto",
                memory_mb=self._memory.value(),
            ),
        )

    def _lay_out(self) -> None:
        keys = QPushButton(self.tr("Shortcuts …"), self)
        keys.clicked.connect(self.keys_wanted)
        form = QFormLayout()
        form.addRow(self.tr("Colours:"), self._theme)
        form.addRow(self.tr("Language code:"), self._language)
        form.addRow(self.tr("Size of thumbnails:"), self._zoom)
        form.addRow(self.tr("Memory for thumbnails:"), self._cache)
        form.addRow("", self._advance)
        form.addRow(self.tr("Reviewer's name:"), self._reviewer)
        form.addRow(self.tr("Ask first above so many samples:"), self._above)
        form.addRow(self.tr("Worker processes:"), self._workers)
        form.addRow(self.tr("Device for audits:"), self._device)
        form.addRow(self.tr("Memory for the database:"), self._memory)
        form.addRow(self.tr("Keyboard:"), keys)
        for row in range(form.rowCount()):
            field, label = (
                form.itemAt(row, role)
                for role in (QFormLayout.ItemRole.FieldRole, QFormLayout.ItemRole.LabelRole)
            )
            text = label.widget() if label is not None else None
            if field is not None and isinstance(text, QLabel) and (widget := field.widget()):
                widget.setAccessibleName(text.text().rstrip(":"))
        note = QLabel(self.tr("Workers, memory and language count from the next opening on."), self)
        note.setWordWrap(True)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(note)
        column.addWidget(buttons)


def _number(parent: QWidget, value: int, low: int, high: int, unit: str) -> QSpinBox:
    box = QSpinBox(parent)
    box.setRange(low, high)
    box.setSuffix(unit)
    box.setValue(value)
    return box
