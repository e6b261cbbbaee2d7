"""Which labels fit one picture: a row per label, each yes, maybe or no."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ui import theme

KEYS = 9
"""So many rows have a key of their own."""


class LabelRow(QWidget):
    """A label with two buttons, of which one is down at most."""

    changed = Signal()

    def __init__(self, name: str, number: int, remark: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.name = name
        key = str(number) if number <= KEYS else ""
        said = f"{name}  ({remark})" if remark else name
        self.yes = QPushButton(f"{key}   {said}" if key else said, self)
        self.maybe = QPushButton(self.tr("maybe"), self)
        self.yes.setAccessibleName(self.tr("{name} fits").format(name=name))
        self.maybe.setAccessibleName(self.tr("{name} may fit").format(name=name))
        self.maybe.setToolTip(f"Alt+{key}" if key else "")
        self.yes.setStyleSheet("text-align: left; padding: 5px 10px;")
        self.yes.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.yes, 1)
        row.addWidget(self.maybe)
        for button, other in ((self.yes, self.maybe), (self.maybe, self.yes)):
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _on=False, other=other: self._only(other))

    def _only(self, other: QPushButton) -> None:
        other.setChecked(False)
        self.changed.emit()


class LabelRows(QWidget):
    """Rows that digits (yes) and Alt with a digit (maybe) turn on and off."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setStyleSheet(theme.SWITCH)
        self.rows: list[LabelRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)

    def offer_keys(self, window: QWidget) -> None:
        """Let the digits of a window press the buttons."""
        for number in range(1, KEYS + 1):
            for keys, is_yes in ((str(number), True), (f"Alt+{number}", False)):
                QShortcut(
                    QKeySequence(keys),
                    window,
                    lambda number=number, is_yes=is_yes: self._press(number, is_yes=is_yes),
                )

    def show_labels(
        self,
        names: Sequence[str],
        yes: Sequence[str],
        maybe: Sequence[str],
        remarks: dict[str, str],
    ) -> None:
        """Ask about other labels."""
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.rows = []
        for name in dict.fromkeys((*names, *yes, *maybe)):
            row = self._add(name, remarks.get(name, ""))
            row.yes.setChecked(name in yes)
            row.maybe.setChecked(name in maybe)

    def say_yes(self, name: str) -> None:
        """A label fits, whether it was asked about or not."""
        row = next((one for one in self.rows if one.name == name), None) or self._add(name, "")
        row.maybe.setChecked(False)
        row.yes.setChecked(True)
        self.changed.emit()

    @property
    def yes(self) -> tuple[str, ...]:
        return tuple(row.name for row in self.rows if row.yes.isChecked())

    @property
    def maybe(self) -> tuple[str, ...]:
        return tuple(row.name for row in self.rows if row.maybe.isChecked())

    def _add(self, name: str, remark: str) -> LabelRow:
        row = LabelRow(name, len(self.rows) + 1, remark, self)
        row.changed.connect(self.changed)
        self.rows.append(row)
        self._column.addWidget(row)
        row.show()
        return row

    def _press(self, number: int, *, is_yes: bool) -> None:
        if self.isEnabled() and number <= len(self.rows):
            row = self.rows[number - 1]
            (row.yes if is_yes else row.maybe).click()
