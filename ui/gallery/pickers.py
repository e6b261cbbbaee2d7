"""Buttons that open a list of values or a range: the filter for people who do not type one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from auditor.session.browsing import Facet
from ui import theme

AskFacets = Callable[[str, Callable[[list[Facet]], None], QObject], None]
"""Asks for a column's values and counts; the answer comes later, if who asked is still there."""

_VALUE = Qt.ItemDataRole.UserRole


class Popup(QFrame):
    """A small panel under a button; Esc or a click elsewhere closes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setFrameShape(QFrame.Shape.StyledPanel)

    def open_under(self, widget: QWidget) -> None:
        self.adjustSize()
        corner = widget.mapToGlobal(QPoint(0, widget.height() + 2))
        screen = widget.screen().availableGeometry()
        x = max(min(corner.x(), screen.right() - self.width()), screen.left())
        self.move(x, corner.y())
        self.show()


class ValueList(Popup):
    """Values of a column with their counts; type to find, tick to choose."""

    chosen = Signal(object)
    """The ticked values, whenever they change."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._shown: list[QListWidgetItem] = []
        self._search = QLineEdit(self)
        self._search.setPlaceholderText(self.tr("Find"))
        self._search.setAccessibleName(self.tr("Find in {title}").format(title=title))
        self._search.setClearButtonEnabled(True)
        self._list = QListWidget(self)
        self._list.setAccessibleName(title)
        self._list.setUniformItemSizes(True)
        self._any = QPushButton(self.tr("Any"), self)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self._search)
        column.addWidget(self._list)
        column.addWidget(self._any)
        self.setFixedSize(280, 340)
        self._search.textChanged.connect(self._find)
        self._search.returnPressed.connect(self._take_first)
        self._list.itemChanged.connect(lambda _item: self.chosen.emit(self.values()))
        self._list.itemActivated.connect(self._toggle)
        self._any.clicked.connect(self._clear)

    def fill(self, facets: Sequence[Facet], chosen: Sequence[object]) -> None:
        """Show these values; chosen ones come first, though the data has them no more."""
        known = {facet.value: facet.samples for facet in facets}
        values = [*chosen, *(value for value in known if value not in chosen)]
        self._list.blockSignals(True)
        self._list.clear()
        for value in values:
            name = self.tr("(none)") if value is None else str(value)
            item = QListWidgetItem(f"{name}   {known.get(value, 0):,}", self._list)  # type: ignore[call-overload]
            item.setData(_VALUE, value)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            ticked = Qt.CheckState.Checked if value in chosen else Qt.CheckState.Unchecked
            item.setCheckState(ticked)
        self._list.blockSignals(False)
        self._find(self._search.text())

    def values(self) -> list[object]:
        """The ticked ones."""
        items = (self._list.item(row) for row in range(self._list.count()))
        return [i.data(_VALUE) for i in items if i.checkState() == Qt.CheckState.Checked]

    def names(self) -> list[str]:
        """The lines shown."""
        return [item.text() for item in self._visible()]

    def look_for(self, text: str) -> None:
        self._search.setText(text)

    def begin(self) -> None:
        # The style outlines a box to tick in a darker shade of this: on dark it would be unseen.
        palette = self._list.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(theme.colours().muted))
        self._list.setPalette(palette)
        self._search.clear()
        self._search.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and self._search.hasFocus():
            self._list.setFocus()
            for item in self._visible()[:1]:
                self._list.setCurrentItem(item)
        else:
            super().keyPressEvent(event)

    def _visible(self) -> list[QListWidgetItem]:
        items = (self._list.item(row) for row in range(self._list.count()))
        return [item for item in items if not item.isHidden()]

    def _find(self, text: str) -> None:
        for row in range(self._list.count()):
            item = self._list.item(row)
            item.setHidden(text.lower() not in str(item.data(_VALUE)).lower())

    def _take_first(self) -> None:
        visible = self._visible()
        if visible:
            self._toggle(visible[0])

    def _toggle(self, item: QListWidgetItem) -> None:
        is_ticked = item.checkState() == Qt.CheckState.Checked
        item.setCheckState(Qt.CheckState.Unchecked if is_ticked else Qt.CheckState.Checked)

    def _clear(self) -> None:
        self.chosen.emit([])
        self.close()


class ValuePicker(QToolButton):
    """A button that says which values of a column are shown, and opens the list of them."""

    chosen = Signal(object)
    """The values wanted; none is any."""

    def __init__(self, title: str, column: str, ask: AskFacets, parent: QWidget) -> None:
        super().__init__(parent)
        self._title, self._column, self._ask = title, column, ask
        self._values: tuple[object, ...] = ()
        self._popup = ValueList(title, self)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.clicked.connect(self.open)
        self._popup.chosen.connect(self.chosen)
        self.show_values(())

    def show_values(self, values: Sequence[object]) -> None:
        self._values = tuple(values)
        shown = ", ".join(map(str, self._values[:2])) or self.tr("any")
        more = f" +{len(self._values) - 2}" if len(self._values) > 2 else ""
        if len(shown) > 18:
            shown = shown[:17] + "…"
        self.setText(f"{self._title}: {shown}{more}  ▾")
        self.setAccessibleName(f"{self._title}: {', '.join(map(str, self._values)) or shown}")

    def open(self) -> None:
        self._popup.begin()
        self._popup.fill([], self._values)
        self._ask(self._column, lambda facets: self._popup.fill(facets, self._values), self)
        self._popup.open_under(self)


class RangeFields(QWidget):
    """From and to; at its ends a field asks for nothing."""

    chosen = Signal(object, object)
    """Low and high, each a number or None."""

    def __init__(self, title: str, low: float, high: float, parent: QWidget) -> None:
        super().__init__(parent)
        self._title = QLabel(title, self)
        self._fields = (QDoubleSpinBox(self), QDoubleSpinBox(self))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._title)
        row.addWidget(self._fields[0])
        row.addWidget(QLabel("–", self))  # noqa: RUF001  a range's dash
        row.addWidget(self._fields[1])
        for field, name in zip(self._fields, (self.tr("from"), self.tr("to")), strict=True):
            field.setKeyboardTracking(False)
            field.setAccessibleName(f"{title} {name}")
            field.valueChanged.connect(self._tell)
        self.set_limits(low, high)

    def set_title(self, title: str) -> None:
        self._title.setText(title)

    def set_limits(self, low: float, high: float) -> None:
        whole = float(low).is_integer() and float(high).is_integer() and high - low > 2
        for field in self._fields:
            field.blockSignals(True)
            field.setDecimals(0 if whole else 2 if high - low <= 10 else 1)
            field.setRange(low, high)
            field.setSingleStep(max((high - low) / 20, 1 if whole else 0.01))
            field.blockSignals(False)
        self.show_range(None, None)

    def show_range(self, low: float | None, high: float | None) -> None:
        first, last = self._fields
        for field, value in ((first, low), (last, high)):
            field.blockSignals(True)
            otherwise = field.minimum() if field is first else field.maximum()
            field.setValue(otherwise if value is None else value)
            field.blockSignals(False)

    def range(self) -> tuple[float | None, float | None]:
        first, last = self._fields
        low = None if first.value() <= first.minimum() else first.value()
        high = None if last.value() >= last.maximum() else last.value()
        return low, high

    def _tell(self) -> None:
        self.chosen.emit(*self.range())
