"""Precision so far: what the decisions made say about what is left, and whether to go on."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from auditor.session import precision
from auditor.session.precision import Band, PrecisionSoFar
from ui import theme
from ui.charts import words
from ui.charts.base import Chart, checked, line, narrowed
from ui.charts.precision_view import PrecisionView
from ui.commands import Command, Commands
from ui.workspace import Workspace


class PrecisionPanel(Chart):
    """Follows the decisions; a band's undecided findings are a key away."""

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        body = QWidget()
        self.view = PrecisionView()
        scroll = QScrollArea(body)
        scroll.setWidget(self.view)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.row_words = QLabel(body)
        self.row_words.setWordWrap(True)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll, 1)
        column.addWidget(self.row_words)
        super().__init__(workspace, body, parent)
        self._shown: PrecisionSoFar | None = None
        self.mark = QLabel(self)
        self._judged, self._confirmed, self._left = QLabel(self), QLabel(self), QLabel(self)
        self._rest = QPushButton(self.tr("Show what is left of the row"), self)
        self._rest.clicked.connect(self.view.choose)
        self.controls.setSpacing(12)
        self.controls.addWidget(self.mark)
        self.controls.addStretch()
        for label in (self._judged, self._confirmed, self._left):
            self.controls.addWidget(label)
            self.controls.addWidget(line(self))
        self.controls.addWidget(self._rest)
        font = self.summary.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.summary.setFont(font)
        self.view.row_changed.connect(self.row_words.setText)
        self.view.row_changed.connect(self.view.setAccessibleDescription)
        self.view.chosen.connect(self.show_rest)
        workspace.view_changed.connect(self.refresh)
        workspace.rows_changed.connect(self.refresh)
        workspace.facts_changed.connect(self.refresh)
        command = Command(
            "precision.rest",
            self.tr("Show the undecided findings of a precision band"),
            self.tr("Charts"),
        )
        commands.add(command, self.view.choose)

    def read(self) -> None:
        check = checked(self.workspace.view).check_id or ""
        self.workspace.desk.ask(
            lambda session: session.read(lambda db: precision.so_far(db, check)),
            self._show,
            self.failed,
            lane="precision",
            owner=self,
            slow=True,
        )

    def show_rest(self, band: Band) -> None:
        """Narrow the list to a band's undecided samples."""
        if self._shown is None:
            return
        column = self._shown.column
        # The last band holds its upper end.
        below = "<=" if band.high >= 1 else "<"
        condition = (
            f"{column} >= {band.low:.10g} and {column} {below} {band.high:.10g}"
            " and state != 'decided'"
        )
        self.workspace.set_view(narrowed(self.workspace.view, condition))

    def _show(self, shown: PrecisionSoFar | None) -> None:
        self._shown = shown
        self._set_facts_visible(shown is not None)
        if shown is None:
            self.show_blank(
                self.tr(
                    "Once an audit has found something and you judge it, this tells how often the"
                    " findings are right, how many errors are left, and when to stop."
                )
            )
            return
        self.show_body()
        self.view.show_precision(shown)
        self.tell(shown.advice)
        self._dress_mark()
        self._judged.setText(self.tr("Judged: <b>{count:,}</b>").format(count=shown.judged))
        share = f" ({words.percent(shown.confirmed / shown.judged)})" if shown.judged else ""
        self._confirmed.setText(
            self.tr("Errors among them: <b>{count:,}</b>{share}").format(
                count=shown.confirmed, share=share
            )
        )
        self._left.setText(
            self.tr("Expected left: <b>{count:,.0f}</b> ({low:,.0f} to {high:,.0f})").format(
                count=shown.expected_left,
                low=shown.expected_left_low,
                high=shown.expected_left_high,
            )
        )

    def _set_facts_visible(self, is_visible: bool) -> None:
        for place in range(self.controls.count()):
            item = self.controls.itemAt(place)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.setVisible(is_visible)

    def _dress_mark(self) -> None:
        """Whether to stop, by a sign, a word and a colour."""
        if self._shown is None:
            return
        now = theme.colours()
        may_stop = self._shown.may_stop
        self.mark.setText(
            self.tr("✓ Stopping is reasonable") if may_stop else self.tr("➜ Go on judging")
        )
        font = self.mark.font()
        font.setBold(True)
        font.setPointSizeF(self.font().pointSizeF() * 1.25)
        self.mark.setFont(font)
        palette = self.mark.palette()
        colour = QColor(now.kept if may_stop else now.accent)
        palette.setColor(QPalette.ColorRole.WindowText, colour)
        self.mark.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "mark"):
            self._dress_mark()
