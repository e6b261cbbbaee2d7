"""A form for a check's parameters, built from what the check declares; nothing invalid fits in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from auditor.session.planning import Parameter

_LARGEST = (1 << 31) - 1
Field = QCheckBox | QComboBox | QSpinBox | QDoubleSpinBox | QLineEdit


class ParameterForm(QWidget):
    changed = Signal()

    def __init__(self, parameters: Sequence[Parameter], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parameters = tuple(parameters)
        self._fields: dict[str, Field] = {}
        self._helps: dict[str, QLabel] = {}
        self._elsewhere: frozenset[str] = frozenset()
        rows = self._rows = QFormLayout(self)
        rows.setContentsMargins(20, 0, 0, 8)
        rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for one in self._parameters:
            field = self._fields[one.name] = self._field(one)
            field.setAccessibleName(title(one))
            field.setAccessibleDescription(one.help)
            field.setToolTip(one.help)
            rows.addRow(title(one), field)
            self._helps[one.name] = _small(one.help, self)
            rows.addRow(self._helps[one.name])
        self._defaults = QPushButton(self.tr("Defaults"), self)
        self._defaults.setAutoDefault(False)
        self._defaults.clicked.connect(self.reset)
        rows.addRow(self._defaults)
        self.reset()

    def values(self) -> dict[str, Any]:
        """Those that differ from the default ones."""
        found = {one.name: _value(self._fields[one.name]) for one in self._parameters}
        return {p.name: found[p.name] for p in self._parameters if found[p.name] != p.default}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show these, and the default of every other."""
        with QSignalBlocker(self):
            for one in self._parameters:
                _put(self._fields[one.name], values.get(one.name, one.default))
        self._note()

    def value(self, name: str) -> Any:
        """Of one parameter."""
        return _value(self._fields[name])

    def put(self, values: Mapping[str, Any]) -> None:
        """Show these, and leave every other as it is."""
        self.set_values({**self.values(), **values})

    def show_elsewhere(self, names: Collection[str]) -> None:
        """Hide the fields of parameters that another widget shows; they keep their values here."""
        self._elsewhere = frozenset(names)
        for name in names:
            for widget in (self._fields[name], self._helps[name]):
                self._rows.setRowVisible(widget, False)

    def reset(self) -> None:
        """The default of every parameter whose field is here."""
        shown = self.values()
        self.set_values({name: shown[name] for name in self._elsewhere if name in shown})

    @property
    def changed_here(self) -> int:
        """How many of the fields here differ from their default."""
        return len(self.values().keys() - self._elsewhere)

    def _note(self) -> None:
        self._defaults.setEnabled(bool(self.changed_here))
        self.changed.emit()

    def _field(self, one: Parameter) -> Field:
        if one.choices:
            combo = QComboBox(self)
            combo.addItems(list(one.choices))
            combo.currentIndexChanged.connect(self._note)
            combo.installEventFilter(wheel_guard(self))
            return combo
        if one.kind is bool:
            box = QCheckBox(self)
            box.toggled.connect(self._note)
            return box
        if one.kind in {int, float}:
            spin = _spin_box(one, self)
            spin.valueChanged.connect(self._note)
            spin.installEventFilter(wheel_guard(self))
            return spin
        line = QLineEdit(self)
        line.textChanged.connect(self._note)
        return line


class WheelGuard(QObject):
    """Lets a field that has no focus leave the wheel to the page it stands on."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.Wheel
            and isinstance(watched, QWidget)
            and not watched.hasFocus()
        ):
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def title(one: Parameter) -> str:
    """A parameter's name as words."""
    return one.name.replace("_", " ").capitalize()


def wheel_guard(form: QWidget) -> WheelGuard:
    """The one that all fields of a form share."""
    return form.findChild(WheelGuard) or WheelGuard(form)


def _spin_box(one: Parameter, parent: QWidget) -> QSpinBox | QDoubleSpinBox:
    low = -_LARGEST if one.low is None else one.low
    high = _LARGEST if one.high is None else one.high
    spin: QSpinBox | QDoubleSpinBox
    if one.kind is int:
        spin = QSpinBox(parent)
        spin.setRange(round(low), round(high))
    else:
        spin = QDoubleSpinBox(parent)
        spin.setDecimals(4)
        spin.setRange(low, high)
        spin.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
    spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    spin.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
    return spin


def _value(field: Field) -> Any:
    if isinstance(field, QComboBox):
        return field.currentText()
    if isinstance(field, QCheckBox):
        return field.isChecked()
    return field.text() if isinstance(field, QLineEdit) else field.value()


def _put(field: Field, value: Any) -> None:
    if isinstance(field, QComboBox):
        field.setCurrentText(str(value))
    elif isinstance(field, QCheckBox):
        field.setChecked(bool(value))
    elif isinstance(field, QLineEdit):
        field.setText(str(value))
    else:
        field.setValue(value)


def _small(text: str, parent: QWidget) -> QLabel:
    label = QLabel(text, parent)
    label.setObjectName("muted")
    label.setWordWrap(True)
    return label
