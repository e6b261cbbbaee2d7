"""The filter bar: pickers write the expression, the expression sets the pickers, counts follow."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QMainWindow, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from auditor.session import Session, browsing
from auditor.session.browsing import View
from ui.commands import Commands
from ui.gallery.add_filter import AddFilter
from ui.gallery.check_picker import CheckPicker
from ui.gallery.counts import Counts
from ui.gallery.filter_bar import FilterBar
from ui.gallery.pickers import RangeFields, ValueList, ValuePicker
from ui.gallery.saved_filters import SavedFilters
from ui.gallery.sort_picker import SortPicker
from ui.workspace import Subset, Workspace

T = TypeVar("T", bound=QObject)


@pytest.fixture
def bar(workspace: Workspace, commands: Commands, window: QMainWindow, qtbot: QtBot) -> FilterBar:
    made = FilterBar(workspace, commands, window)
    window.setCentralWidget(made)
    window.resize(1100, 200)
    window.show()
    check = part(made, CheckPicker)
    qtbot.waitUntil(lambda: check.findData("label_errors") > 0)
    return made


def part(bar: QWidget, kind: type[T], name: str = "") -> T:
    """The bar's widget of that kind, and of that accessible name if one is given."""
    found = bar.findChildren(kind)
    return next(
        w for w in found if not name or getattr(w, "accessibleName", str)().startswith(name)
    )


def filtered(workspace: Workspace, qtbot: QtBot, where: str) -> int:
    """Wait until the list is that of the filter; how long it is."""
    qtbot.waitUntil(lambda: workspace.view.where == where)
    view, session = workspace.view, workspace.desk.session
    count = len(session.read(lambda db: browsing.ids(db, view)))
    qtbot.waitUntil(lambda: len(workspace.ids) == count)
    return count


def test_what_is_typed_is_the_filter(bar: FilterBar, workspace: Workspace, qtbot: QtBot) -> None:
    bar.edit.setText("label = 'three'")
    QTest.keyClick(bar.edit, Qt.Key.Key_Return)
    assert 0 < filtered(workspace, qtbot, "label = 'three'") < 200
    label = part(bar, ValuePicker, "Class")
    assert "three" in label.text()


def test_pickers_write_a_filter_that_can_be_read(
    bar: FilterBar, workspace: Workspace, qtbot: QtBot
) -> None:
    part(bar, ValuePicker, "Class").chosen.emit(["three"])
    state = part(bar, QComboBox, "State")
    state.setCurrentIndex(1)
    state.activated.emit(1)
    assert bar.edit.text() == "label = 'three' and state = 'unseen'"
    assert filtered(workspace, qtbot, bar.edit.text()) > 0
    part(bar, ValuePicker, "Class").chosen.emit([])
    assert bar.edit.text() == "state = 'unseen'"


def test_a_check_shows_what_it_flagged_likeliest_first(
    bar: FilterBar, workspace: Workspace, qtbot: QtBot
) -> None:
    check = part(bar, CheckPicker)
    place = check.findData("label_errors")
    flagged = int(check.itemText(place).rsplit("(")[-1].rstrip(")"))
    check.setCurrentIndex(place)
    check.activated.emit(place)
    assert workspace.view == View(
        check_id="label_errors", where="flagged", sort="p_error", descending=True
    )
    assert filtered(workspace, qtbot, "flagged") == flagged
    check.setCurrentIndex(0)
    check.activated.emit(0)
    assert workspace.view == View()


def test_the_score_fields_write_and_follow_the_filter(
    bar: FilterBar, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.set_view(View(check_id="label_errors", where="p_error >= 0.25 and flagged"))
    score = part(bar, RangeFields)
    assert score.isVisible()
    assert score.range() == (0.25, None)
    score.chosen.emit(0.5, 0.9)
    assert workspace.view.where == "p_error >= 0.5 and p_error <= 0.9 and flagged"


def test_a_filter_that_cannot_be_read_is_explained_and_the_list_stays(
    bar: FilterBar, workspace: Workspace, qtbot: QtBot
) -> None:
    before = workspace.ids
    problem = part(bar, QLabel, "Why")
    bar.edit.setText("labl = 3")
    QTest.keyClick(bar.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(problem.isVisible)
    assert "no column 'labl'" in problem.text()
    assert workspace.ids is before
    bar.clear()
    qtbot.waitUntil(lambda: not problem.isVisible())


def test_clearing_the_line_clears_the_filter_at_once(
    bar: FilterBar, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.set_view(View(where="label = 'three'"))
    bar.edit.clear()
    assert workspace.view.where == ""


def test_escape_leaves_the_line_as_it_was(
    bar: FilterBar, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.set_view(View(where="label = 'three'"))
    bar.edit.setText("half a thou")
    with qtbot.waitSignal(bar.edit.left):
        QTest.keyClick(bar.edit, Qt.Key.Key_Escape)
    assert bar.edit.text() == "label = 'three'"


def test_suggestions_follow_the_cursor(bar: FilterBar, qtbot: QtBot) -> None:
    def words(text: str) -> list[str]:
        return bar.edit.suggestions(text)[0]

    assert {"label", "p_error", "state"} <= set(words(""))
    assert "contains" in words("label ")
    assert "contains" not in words("p_error ")
    assert words("label = 'three' ") == ["and", "or"]
    qtbot.waitUntil(lambda: set(words("label = ")) == {"'three'", "'seven'", "'zero'"})
    assert bar.edit.suggestions("flagged and label = 'th")[1] == "'th"


def test_a_suggestion_completes_the_word(bar: FilterBar, qtbot: QtBot) -> None:
    QTest.keyClicks(bar.edit, "sta")
    bar.edit._completer.activated.emit("state")  # noqa: SLF001  as a click on it does
    assert bar.edit.text() == "state "


def test_values_are_listed_with_their_counts_and_found_by_typing(
    bar: FilterBar, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.set_view(View(where="label = 'three'"))
    picker = part(bar, ValuePicker, "Class")
    picker.open()
    values = picker.findChildren(ValueList)[0]
    qtbot.waitUntil(lambda: len(values.names()) == 3)
    assert values.values() == ["three"]
    values.look_for("sev")
    assert [name.split()[0] for name in values.names()] == ["seven"]
    values.close()


def test_sorting_by_any_column_either_way(bar: FilterBar, workspace: Workspace) -> None:
    sort = part(bar, SortPicker)
    column = part(sort, QComboBox)
    place = column.findData("path")
    column.setCurrentIndex(place)
    column.activated.emit(place)
    assert (workspace.view.sort, workspace.view.descending) == ("path", False)
    part(sort, QToolButton).click()
    assert workspace.view.descending


def test_another_column_is_added_to_the_filter(
    bar: FilterBar, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.set_view(View(where="label = 'three'"))
    add = part(bar, AddFilter)
    add.open_range("width")
    fields = add.findChildren(RangeFields)[0]
    fields.chosen.emit(10.0, None)
    assert workspace.view.where == "label = 'three' and width >= 10"


def test_filters_are_saved_renamed_applied_and_deleted(
    bar: FilterBar, workspace: Workspace, session: Session, qtbot: QtBot
) -> None:
    def names() -> list[str]:
        return list(session.read(browsing.saved_views))

    kept = View(check_id="label_errors", where="flagged", sort="p_error", descending=True)
    workspace.set_view(kept)
    saved = part(bar, SavedFilters)
    saved.save("worst")
    qtbot.waitUntil(lambda: names() == ["worst"] == saved.names())
    workspace.set_view(View())
    saved.apply("worst")
    assert workspace.view == kept
    saved.rename("worst", "flagged ones")
    qtbot.waitUntil(lambda: names() == ["flagged ones"] == saved.names())
    saved.delete("flagged ones")
    qtbot.waitUntil(lambda: names() == [] == saved.names())


def test_the_chip_names_the_subset_and_leaves_it(
    bar: FilterBar, workspace: Workspace, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_subset(Subset("Lasso", workspace.ids[:12]))
    chip = part(bar, QToolButton, "Leave Lasso")
    assert chip.isVisible()
    assert "Lasso: 12 samples" in chip.text()
    chip.click()
    assert workspace.subset is None
    assert not chip.isVisible()


def test_the_chip_tells_how_much_of_the_subset_the_filter_leaves(
    bar: FilterBar, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.set_subset(Subset("Like sample 1", workspace.ids, ordered=True))
    with qtbot.waitSignal(workspace.ids_changed):
        workspace.set_view(View(where="label = 'three'"))
    listed = len(workspace.ids)
    assert 0 < listed < 241
    chip = part(bar, QToolButton, "Leave Like sample 1")
    assert f"{listed} of 241" in chip.text()


def test_counts_follow_the_filter_and_the_selection(
    workspace: Workspace, window: QMainWindow, qtbot: QtBot
) -> None:
    counts = Counts(workspace, window)
    qtbot.waitUntil(lambda: counts.text().startswith("241 samples"))
    workspace.set_view(View(check_id="label_errors", where="label = 'three'"))
    qtbot.waitUntil(lambda: "of 241 samples" in counts.text())
    assert "flagged" in counts.text()
    workspace.select(workspace.ids[:5])
    assert counts.text().endswith("5 selected")
    workspace.set_subset(Subset("Lasso", workspace.ids[:7]))
    qtbot.waitUntil(lambda: counts.text().startswith("7 of 241 samples"))


def test_slash_leads_to_the_filter(bar: FilterBar, window: QMainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_Slash)
    qtbot.waitUntil(bar.edit.hasFocus)
    assert bar.edit.text() == ""


def test_clear_brings_all_samples_back(
    bar: FilterBar, workspace: Workspace, commands: Commands, qtbot: QtBot
) -> None:
    workspace.set_view(replace(workspace.view, where="label = 'three'"))
    workspace.set_subset(Subset("Lasso", workspace.ids[:3]))
    commands.action("filter.clear").trigger()
    qtbot.waitUntil(lambda: len(workspace.ids) == 241)


def test_values_that_come_after_their_list_was_closed_are_dropped(
    bar: FilterBar, qtbot: QtBot
) -> None:
    opener = part(bar, AddFilter)
    with qtbot.captureExceptions() as unforeseen:
        opener.open_values("path")
        part(opener, ValueList).close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        other = list[object]()
        bar.ask_facets("given_label", other.append, bar)
        qtbot.waitUntil(lambda: bool(other))
    assert unforeseen == []
