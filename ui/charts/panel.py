"""The charts behind one bar of tabs; only the one that is looked at reads."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from auditor.session import browsing
from ui.charts.base import Chart
from ui.charts.class_table import ClassTable
from ui.charts.heat_map import PairHeatMap
from ui.charts.histogram import HistogramPanel
from ui.charts.map_panel import MapPanel
from ui.charts.precision_panel import PrecisionPanel
from ui.commands import Command, Commands
from ui.workspace import Workspace

_MEMORY = "chart"
"""Under this name the project keeps which chart was in front."""


class ChartsPanel(QWidget):
    wanted = Signal()
    """A command asks for a chart: whoever holds the panel is to show it."""

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._desk = workspace.desk
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(self.tr("Charts"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.tabs)
        self.scores = HistogramPanel(workspace, commands, self)
        self.precision = PrecisionPanel(workspace, commands, self)
        self.classes = ClassTable(workspace, commands, self)
        self.pairs = PairHeatMap(workspace, commands, self)
        self.map = MapPanel(workspace, commands, self)
        self.setFocusProxy(self.tabs.tabBar())
        group = self.tr("Charts")
        charts: tuple[tuple[str, str, Chart], ...] = (
            ("scores", self.tr("Scores"), self.scores),
            ("precision", self.tr("Precision so far"), self.precision),
            ("pairs", self.tr("Pairs"), self.pairs),
            ("classes", self.tr("Classes"), self.classes),
            ("map", self.tr("Map"), self.map),
        )
        self._names = [name for name, _title, _chart in charts]
        for name, title, chart in charts:
            self.tabs.addTab(chart, title)
            command = Command(
                f"charts.{name}", self.tr("Chart: {title}").format(title=title), group
            )
            commands.add(command, partial(self.show_chart, chart))

        self.tabs.currentChanged.connect(self._remember)
        self._desk.ask(
            lambda session: session.read(lambda db: browsing.recall(db, _MEMORY)),
            self._recall,
            lambda _error: None,  # the first chart will do
            owner=self,
        )

    def _recall(self, name: object) -> None:
        if name in self._names:
            with QSignalBlocker(self.tabs):
                self.tabs.setCurrentIndex(self._names.index(str(name)))

    def _remember(self, place: int) -> None:
        step = browsing.Remember(_MEMORY, self._names[place])
        self._desk.act(
            lambda session: session.store.write(step).result(),
            lambda _done: None,
            lambda _error: None,  # a full disk: the next opening has the first chart
            owner=self,
        )

    def show_chart(self, chart: Chart) -> None:
        """Bring a chart to the front."""
        self.tabs.setCurrentWidget(chart)
        self.wanted.emit()
