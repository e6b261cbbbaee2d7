"""With the Tab key alone one comes everywhere that is seen, and nowhere else."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.test_project_window import FLAGGED, Opener, open_window, show
from ui.audit.panel import AuditPanel
from ui.project_window import ProjectWindow
from ui.review.card_classes import ClassButton
from ui.review.check_row import CheckRow

__all__ = ["open_window"]


@pytest.fixture
def window(open_window: Opener, qtbot: QtBot) -> ProjectWindow:
    """With queue, evidence and audit, a check chosen, and the focus in the gallery."""
    made = open_window()
    show(made, FLAGGED, qtbot)
    panel = made.docks["audit"].ensure()
    assert isinstance(panel, AuditPanel)
    qtbot.waitUntil(lambda: bool(panel.checks.cards) and bool(made.findChildren(CheckRow)))
    qtbot.waitUntil(lambda: any(one.isVisible() for one in made.findChildren(ClassButton)))
    made.activateWindow()
    made.gallery.setFocus()
    return made


def tour(window: ProjectWindow, *, back: bool = False) -> list[QWidget]:
    """All that Tab comes to, until it is where it began."""
    modifiers = Qt.KeyboardModifier.ShiftModifier if back else Qt.KeyboardModifier.NoModifier
    found: list[QWidget] = []
    for _ in range(200):
        focus = QApplication.focusWidget()
        assert focus is not None
        if focus in found:
            assert focus is found[0]
            break
        found.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab, modifiers)
    return found


def place_of(widgets: list[QWidget], kind: type[QWidget]) -> list[int]:
    return [place for place, one in enumerate(widgets) if isinstance(one, kind)]


def test_tab_comes_to_every_panel_that_is_seen_in_the_order_they_stand(
    window: ProjectWindow,
) -> None:
    window.docks["evidence"].uncover()
    found = tour(window)
    assert {"Filter", "Sort by", "Size of the pictures"} <= {one.accessibleName() for one in found}
    queue, classes = place_of(found, CheckRow), place_of(found, ClassButton)
    assert 0 < min(queue) < min(classes)
    assert classes == list(range(min(classes), max(classes) + 1))
    assert [found[place].name for place in classes] == [  # type: ignore[attr-defined]
        one.name for one in window.findChildren(ClassButton) if one.isVisible()
    ]
    assert not place_of(found, QCheckBox)  # the audit lies behind the evidence


def test_tab_goes_through_lists_that_came_later_and_scroll_and_back_again(
    window: ProjectWindow,
) -> None:
    window.docks["audit"].uncover()
    window.gallery.setFocus()
    panel = window.docks["audit"].panel
    assert isinstance(panel, AuditPanel)
    found = tour(window)
    boxes = [panel.checks.every, *(card.box for card in panel.checks.cards.values())]
    assert [found[place] for place in place_of(found, QCheckBox)] == boxes
    assert not place_of(found, ClassButton)
    window.gallery.setFocus()
    assert tour(window, back=True) == [found[0], *reversed(found[1:])]


def test_the_tabs_of_panels_that_share_a_place_have_a_name(window: ProjectWindow) -> None:
    bars = [bar for bar in window.findChildren(QTabBar) if bar.isVisible()]
    assert bars
    assert [bar for bar in bars if not bar.accessibleName()] == []
