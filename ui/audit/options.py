"""What holds for a whole audit: the encoder, the device, the seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QPushButton, QSpinBox, QWidget

from ui.audit.form import WheelGuard

_DEVICES = ("auto", "cpu", "cuda")


class AuditSettings(QWidget):
    changed = Signal()

    def __init__(self, device: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.encoder = self._make_encoder()
        self.device = QComboBox(self)
        self.device.addItems(list(dict.fromkeys((*_DEVICES, device))))
        self.device.setCurrentText(device)
        self.device.currentIndexChanged.connect(self.changed)
        self.seed = QSpinBox(self)
        self.seed.setRange(0, (1 << 31) - 1)
        self.seed.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.seed.valueChanged.connect(self.changed)
        self.attach = QPushButton(self.tr("Attach your own …"), self)
        self.attach.setAccessibleName(self.tr("Attach features or probabilities of your own"))
        self._lay_out()

    def _make_encoder(self) -> QComboBox:
        encoder = QComboBox(self)
        encoder.setEditable(True)
        encoder.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        encoder.addItem(self.tr("Best one here"), None)
        encoder.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        encoder.setMinimumContentsLength(12)
        encoder.currentTextChanged.connect(self.changed)
        return encoder

    def _lay_out(self) -> None:
        encoder_words = self.tr(
            "Turns pictures into features. Choose one that is here, or type an id such as timm:NAME"
            " or open_clip:local-dir:FOLDER."
        )
        device_words = self.tr("auto takes a graphics card if there is one.")
        seed_words = self.tr("Of everything random: the same seed finds the same.")
        rows = QFormLayout(self)
        rows.setContentsMargins(20, 0, 0, 8)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        guard = WheelGuard(self)
        for title, field, about in (
            (self.tr("Encoder"), self.encoder, encoder_words),
            (self.tr("Device"), self.device, device_words),
            (self.tr("Seed"), self.seed, seed_words),
        ):
            field.setAccessibleName(title)
            field.setAccessibleDescription(about)
            field.setToolTip(about)
            field.installEventFilter(guard)
            rows.addRow(title, field)
            small = QLabel(about, self)
            small.setObjectName("muted")
            small.setWordWrap(True)
            rows.addRow(small)
        brought = QLabel(
            self.tr("Features or class probabilities that you computed elsewhere."), self
        )
        brought.setObjectName("muted")
        brought.setWordWrap(True)
        rows.addRow(self.tr("Arrays"), self.attach)
        rows.addRow(brought)

    def show_models(self, models: Sequence[Mapping[str, Any]]) -> None:
        """Offer the encoders of this machine; what was typed stays."""
        here = [one for one in models if one["present"]]
        best = next((one["id"] for one in here if one["default"]), "")
        typed = None if self.encoder_id is None else self.encoder.currentText()
        with QSignalBlocker(self.encoder):
            self.encoder.clear()
            self.encoder.addItem(self.tr("Best one here ({id})").format(id=best), None)
            for place, one in enumerate(here, start=1):
                self.encoder.addItem(one["id"], one["id"])
                about = one.get("good_for") or ""
                self.encoder.setItemData(place, about, Qt.ItemDataRole.ToolTipRole)
            if typed is not None:
                self.encoder.setEditText(typed)

    @property
    def encoder_id(self) -> str | None:
        """The encoder's id or folder; None for the best one here."""
        text = self.encoder.currentText().strip()
        return None if not text or text == self.encoder.itemText(0) else text

    def use_best_encoder(self) -> None:
        self.encoder.setCurrentIndex(0)
        self.encoder.setEditText(self.encoder.itemText(0))

    def show_values(self, encoder: str | None, device: str, seed: int) -> None:
        """Set all three."""
        if encoder is None:
            self.use_best_encoder()
        else:
            self.encoder.setEditText(encoder)
        if self.device.findText(device) < 0:
            self.device.addItem(device)
        self.device.setCurrentText(device)
        self.seed.setValue(seed)
