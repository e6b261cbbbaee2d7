"""How a score is spread over the list, and what lies beyond a threshold."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QWidget,
)

from auditor.session import Session
from ui.charts import distribution, words
from ui.charts.base import Chart, checked, narrowed
from ui.charts.distribution import Distribution
from ui.charts.histogram_view import HistogramView, part_styles
from ui.commands import Command, Commands
from ui.workspace import Workspace

_SCORES = ("p_error", "quality")
"""The first of these that the list has values of is shown at first."""


class HistogramPanel(Chart):
    """The distribution of a number over the list, with a threshold that counts as it is dragged."""

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        self.view = HistogramView()
        super().__init__(workspace, self.view, parent)
        self._thresholds: dict[str, tuple[float, bool]] = {}
        self._column: str | None = None
        self.columns = QComboBox(self)
        self.columns.setAccessibleName(self.tr("Score"))
        self.columns.activated.connect(self._choose)
        self.side = QToolButton(self)
        self.side.setToolTip(self.tr("Which side of the threshold is meant"))
        self.side.setAccessibleName(self.side.toolTip())
        self.side.clicked.connect(self._turn)
        self.log = QCheckBox(self.tr("Logarithmic"), self)
        self.log.setToolTip(self.tr("Counts on a logarithmic axis: small bars are seen as well"))
        self.log.toggled.connect(self.view.set_log)
        self.button = QPushButton(self.tr("Show these"), self)
        self.button.setToolTip(self.tr("Narrow the list to the samples beyond the threshold"))
        self.button.clicked.connect(self.show_these)
        self._legend = _Legend(self)
        for widget in (self.columns, self.side, self.log):
            self.controls.addWidget(widget)
        self.controls.addStretch()
        self.controls.addWidget(self._legend)
        self.controls.addWidget(self.button)
        self.view.threshold_changed.connect(self._count)
        self.view.chosen.connect(self.show_these)
        for signal in (workspace.view_changed, workspace.subset_changed, workspace.rows_changed):
            signal.connect(self.refresh)
        workspace.facts_changed.connect(self._list_columns)
        self._list_columns()
        command = Command(
            "scores.narrow",
            self.tr("Show the samples beyond the histogram's threshold"),
            self.tr("Charts"),
        )
        commands.add(command, self.show_these)

    @property
    def condition(self) -> str | None:
        """The threshold as a filter; None while nothing is shown."""
        if not len(self.view.shown):
            return None
        sign = ">=" if self.view.upward else "<="
        return f"{self.view.shown.column} {sign} {self.view.threshold:.10g}"

    def show_these(self) -> None:
        """Narrow the list to what lies beyond the threshold."""
        if self.condition is not None:
            self.workspace.set_view(narrowed(self.workspace.view, self.condition))

    def read(self) -> None:
        view, subset = checked(self.workspace.view), self.workspace.subset
        wanted = (self._column,) if self._column else _SCORES

        def question(session: Session) -> Distribution:
            for column in wanted:
                found = distribution.read(session, view, subset, column)
                if len(found):
                    break
            return found

        self.workspace.desk.ask(
            question, self._show, self.failed, lane="histogram", owner=self, slow=True
        )

    def _show(self, shown: Distribution) -> None:
        self.columns.setCurrentText(shown.column)
        if not len(shown):
            self.view.shown = shown
            self.show_blank(
                self.tr(
                    "No sample of this list has a value of {column}. Run an audit, choose another"
                    " score, or widen the filter."
                ).format(column=shown.column)
            )
            return
        low, high = shown.limits
        upward = shown.column not in distribution.LOW_IS_BAD
        share = 0.8 if upward else 0.2
        first = low + share * (high - low), upward
        threshold, upward = self._thresholds.get(shown.column, first)
        self.show_body()
        self.view.show_distribution(shown, threshold, upward=upward)

    def _count(self, threshold: float) -> None:
        """Say how many samples lie beyond the threshold."""
        shown = self.view.shown
        self._thresholds[shown.column] = threshold, self.view.upward
        count, decided = shown.beyond(threshold, upward=self.view.upward)
        sign = "≥" if self.view.upward else "≤"
        self.side.setText(sign)
        self.button.setEnabled(count > 0)
        self.tell(
            self.tr(
                "{column} {sign} {threshold:.6g}: {count} ({share}), {decided:,} decided"
            ).format(
                column=shown.column,
                sign=sign,
                threshold=threshold,
                count=words.samples(count),
                share=words.percent(count / len(shown)),
                decided=decided,
            )
        )

    def _turn(self) -> None:
        self.view.upward = not self.view.upward
        self.view.set_threshold(self.view.threshold)

    def _choose(self) -> None:
        self._column = self.columns.currentText()
        self.refresh()

    def _list_columns(self) -> None:
        chosen = self.columns.currentText()
        self.columns.clear()
        self.columns.addItems(_numbers(self.workspace.columns))
        self.columns.setCurrentText(chosen)
        self.refresh()


def _numbers(columns: Mapping[str, str]) -> list[str]:
    """Names of numbers, the scores first."""
    rest = [n for n, kind in columns.items() if kind == "number" and n not in _SCORES]
    return [*(n for n in _SCORES if n in columns), *rest]


class _Legend(QWidget):
    """What the bars' colours and patterns mean."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 8, 0)
        self._icons: list[QLabel] = []
        for text in (self.tr("decided"), self.tr("flagged, to review"), self.tr("others")):
            icon = QLabel(self)
            self._icons.append(icon)
            row.addWidget(icon)
            row.addWidget(QLabel(text, self))
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        for icon, (brush, outline) in zip(self._icons, part_styles(), strict=True):
            pixmap = QPixmap(QSize(13, 13) * self.devicePixelRatio())
            pixmap.setDevicePixelRatio(self.devicePixelRatio())
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setBrush(brush)
            painter.setPen(outline)
            painter.drawRect(0, 0, 12, 12)
            painter.end()
            icon.setPixmap(QIcon(pixmap).pixmap(13, 13))
