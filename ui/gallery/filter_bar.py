"""What is listed, and in what order: pickers and one expression, which is the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from auditor.session import browsing, similar
from auditor.session.browsing import Facet, State, View
from ui import theme
from ui.commands import Command, Commands
from ui.gallery import expression
from ui.gallery.add_filter import AddFilter
from ui.gallery.check_picker import CheckPicker
from ui.gallery.expression import Term
from ui.gallery.expression_edit import ExpressionEdit
from ui.gallery.pickers import RangeFields, ValuePicker
from ui.gallery.saved_filters import SavedFilters
from ui.gallery.search import Search
from ui.gallery.sort_picker import SortPicker
from ui.workspace import Subset, Workspace

_OWN_PICKERS = ("label", "split", "state", "p_error", "quality", "flagged")
_OTHER_NAMES = ("label_score", "is_label_issue", "predicted_label", "decision")
"""The same columns as others, under the names of other tools."""
_LONG = 180
_FILTER_WIDTH = 170


class FilterBar(QWidget):
    """One row of the expression and the order, and one of pickers that write into it."""

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.search = Search(workspace, self)
        self.edit = ExpressionEdit(self.ask_facets, self)
        self._check = CheckPicker(workspace, self)
        self._sort = SortPicker(workspace, self)
        self._saved = SavedFilters(workspace, self)
        self._more = QToolButton(self)
        self._label = ValuePicker(self.tr("Class"), "label", self.ask_facets, self)
        self._split = ValuePicker(self.tr("Split"), "split", self.ask_facets, self)
        self._state = QComboBox(self)
        self._score = RangeFields("p_error", 0, 1, self)
        self._add = AddFilter(workspace, self.ask_facets, self)
        self._words = QLineEdit(self)
        self._chip = QToolButton(self)
        self._problem = QLabel(self)
        self._rows = (QWidget(self), QWidget(self), QWidget(self))
        self._set_up()
        self._lay_out()
        self._connect()
        self._add_commands(commands)
        self._show_view(workspace.view)
        self._show_facts()
        self._show_subset(workspace.subset)

    def ask_facets(self, column: str, done: Callable[[list[Facet]], None], owner: QObject) -> None:
        """The column's values among what the rest of the filter leaves."""
        view = self._workspace.view
        rest = replace(view, where=expression.written(view.where, column, ()))
        self._workspace.desk.ask(
            lambda session: session.read(lambda db: browsing.facets(db, rest, column)),
            done,
            lambda _error: None,  # the filter cannot be read: that is said already
            lane=f"facets {column}",
            owner=owner,
        )

    def clear(self) -> None:
        """All samples again, in the order there is."""
        self._workspace.set_view(replace(self._workspace.view, where=""))
        if self._workspace.subset is not None:
            self._workspace.set_subset(None)

    # setting up

    def _set_up(self) -> None:
        self._more.setText(self.tr("Filters"))
        self._more.setCheckable(True)
        self._more.setChecked(True)
        self._more.setToolTip(self.tr("Show or hide the row of filters"))
        names = (
            (self.tr("State: any"), None),
            (self.tr("Unseen"), State.UNSEEN),
            (self.tr("Decided"), State.DECIDED),
            (self.tr("Deferred"), State.DEFERRED),
        )
        for text, state in names:
            self._state.addItem(text, state)
        self._state.setAccessibleName(self.tr("State of the review"))
        for chooser in (self._check, self._state):
            chooser.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._words.setPlaceholderText(self.tr("Search by words"))
        self._words.setAccessibleName(self.tr("Search by words"))
        self._words.setClearButtonEnabled(True)
        self._words.setMaximumWidth(220)
        self.edit.setMinimumWidth(_FILTER_WIDTH)
        self._words.hide()
        self._chip.setAutoRaise(False)
        self._chip.setToolTip(self.tr("Show the whole list again"))
        self._problem.setWordWrap(True)
        self._problem.setAccessibleName(self.tr("Why the filter cannot be used"))
        self._problem.hide()
        self._dress()

    def _dress(self) -> None:
        self._problem.setStyleSheet(f"color: {theme.colours().flagged};")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(6)
        filled: tuple[tuple[QWidget, ...], ...] = (
            (self._check, self.edit, self._sort, self._saved, self._more),
            (self._label, self._split, self._state, self._score, self._add, self._words),
            (self._chip, self._problem),
        )
        for holder, widgets in zip(self._rows, filled, strict=True):
            row = QHBoxLayout(holder)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(6)
            for widget in widgets:
                row.addWidget(widget, int(widget in (self.edit, self._problem)))
            column.addWidget(holder)
        second = self._rows[1].layout()
        if isinstance(second, QHBoxLayout):
            second.insertStretch(second.count() - 1, 1)
        self._rows[2].hide()

    def _connect(self) -> None:
        workspace = self._workspace
        workspace.view_changed.connect(self._show_view)
        workspace.facts_changed.connect(self._show_facts)
        workspace.subset_changed.connect(self._show_subset)
        workspace.filter_failed.connect(
            lambda why: self.say(self.tr("This filter cannot be used: {why}").format(why=why))
        )
        workspace.ids_changed.connect(lambda: self.say(""))
        workspace.ids_changed.connect(self._count_subset)
        self._check.known.connect(lambda: self._show_view(workspace.view))
        self.search.busy.connect(self._show_busy)
        self.search.failed.connect(self.say)
        self.edit.applied.connect(self._apply)
        self._more.toggled.connect(self._rows[1].setVisible)
        self._label.chosen.connect(
            lambda values: self._write("label", expression.any_of("label", values))
        )
        self._split.chosen.connect(
            lambda values: self._write("split", expression.any_of("split", values))
        )
        self._state.activated.connect(self._write_state)
        self._score.chosen.connect(self._write_score)
        self._add.chosen.connect(self._write)
        self._words.returnPressed.connect(lambda: self.search.words(self._words.text()))
        self._chip.clicked.connect(lambda: workspace.set_subset(None))

    def _add_commands(self, commands: Commands) -> None:
        group = self.tr("Find")
        commands.add(Command("filter.focus", self.tr("Filter"), group, ("/",)), self.begin)
        commands.add(
            Command("filter.clear", self.tr("Clear the filter"), group, ("Ctrl+Backspace",)),
            self.clear,
        )
        commands.add(
            Command("search.like", self.tr("More like this"), group, ("M",)),
            self.search.like_focus,
        )

    def begin(self) -> None:
        """Put the cursor into the filter."""
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.edit.selectAll()

    # from the workspace

    def _show_view(self, view: View) -> None:
        where = view.where
        self.edit.show_text(where)
        self._label.show_values(expression.choice(where, "label"))
        self._split.show_values(expression.choice(where, "split"))
        state = next(iter(expression.choice(where, "state")), None)
        self._state.setCurrentIndex(max(self._state.findData(state), 0) if state else 0)
        self._score.set_title(self._check.score)
        low, high = (expression.bound(where, self._check.score, sign) for sign in (">=", "<="))
        self._score.show_range(low, high)
        self._score.setVisible(view.check_id is not None)
        self._score.setToolTip(
            self.tr(
                "How likely the check finds each sample wrong: 0 is surely right, 1 surely wrong"
            )
            if self._check.score == "p_error"
            else self.tr("How good the check finds each sample: 0 is surely wrong, 1 surely right")
        )

    def _show_facts(self) -> None:
        columns = self._workspace.columns
        self.edit.show_columns(columns)
        self._split.setVisible("split" in columns)
        known = (*_OWN_PICKERS, *_OTHER_NAMES)
        self._add.show_columns({n: kind for n, kind in columns.items() if n not in known})
        self._workspace.desk.ask(
            lambda session: session.read(similar.can_search_text),
            self._words.setVisible,
            lambda _error: self._words.hide(),
            lane="text search",
            owner=self,
        )

    def _show_subset(self, subset: Subset | None) -> None:
        if subset is not None:
            self._chip.setAccessibleName(self.tr("Leave {title}").format(title=subset.title))
            self._count_subset()
        self._chip.setVisible(subset is not None)
        self._show_third_row()

    def _show_busy(self, is_busy: bool) -> None:
        self._chip.setEnabled(not is_busy)
        if is_busy:
            self._chip.setText(self.tr("Searching …"))
            self._chip.show()
            self._rows[2].show()
        else:
            self._show_subset(self._workspace.subset)

    def _count_subset(self) -> None:
        """The filter may leave only some of the samples picked."""
        subset, listed = self._workspace.subset, len(self._workspace.ids)
        if subset is None:
            return
        whole = len(subset.sample_ids)
        text = (
            self.tr("{title}: {count} samples  ✕")
            if listed >= whole
            else self.tr("{title}: {listed} of {count} samples fit the filter  ✕")
        )
        self._chip.setText(
            text.format(title=subset.title, count=f"{whole:,}", listed=f"{listed:,}")
        )

    def say(self, sentence: str) -> None:
        """What is wrong with what was asked for; "" is nothing."""
        self._problem.setText(sentence if len(sentence) <= _LONG else sentence[:_LONG] + " …")
        self._problem.setToolTip(sentence)
        self._problem.setVisible(bool(sentence))
        self._show_third_row()

    def _show_third_row(self) -> None:
        self._rows[2].setVisible(bool(self._problem.text()) or self._workspace.subset is not None)

    # to the workspace

    def _apply(self, where: str) -> None:
        view = self._workspace.view
        if where == view.where:
            self._workspace.reload()
        else:
            self._workspace.set_view(replace(view, where=where))

    def _write(self, column: str, terms: Iterable[Term]) -> None:
        self._apply(expression.written(self._workspace.view.where, column, terms))

    def _write_state(self) -> None:
        state = self._state.currentData()
        self._write("state", expression.any_of("state", [str(state)] if state else []))

    def _write_score(self, low: float | None, high: float | None) -> None:
        self._write(self._check.score, expression.between(self._check.score, low, high))
