"""The way of the Tab key through a project's window: as the eye goes, panel by panel.

Qt's own goes in the order in which widgets were made. Here panels are made when they are first
looked at, lists when they are read, and what lies behind another tab counts as visible.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QDockWidget, QScrollArea, QWidget

if TYPE_CHECKING:
    from ui.project_window import ProjectWindow

_TAB = Qt.FocusPolicy.TabFocus


def step(window: ProjectWindow, *, forward: bool) -> bool:
    """Move the focus to the next stop, or the one before; whether there is one."""
    there = stops(window)
    if not there:
        return False
    focus = window.focusWidget()
    place = there.index(focus) if focus in there else -1 if forward else 0
    reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
    there[(place + (1 if forward else -1)) % len(there)].setFocus(reason)
    return True


def stops(window: ProjectWindow) -> list[QWidget]:
    """What takes the focus and can be seen, or scrolled to: the middle, the panels, the rest."""
    panels = [window.centralWidget(), *window.docks.values()]
    areas: list[list[QWidget]] = [[] for _ in (*panels, window)]
    for widget in window.findChildren(QWidget):
        if _is_stop(widget) and widget.window() is window:
            area = _area(widget, panels)
            if not (isinstance(area, QDockWidget) and area.visibleRegion().isEmpty()):
                areas[panels.index(area) if area else -1].append(widget)
    return [widget for area in areas for widget in _in_reading_order(area, window)]


def _is_stop(widget: QWidget) -> bool:
    takes = widget.focusPolicy() & _TAB == _TAB and widget.focusProxy() is None
    return takes and widget.isVisible() and widget.isEnabled()


def _area(widget: QWidget, panels: Collection[QWidget | None]) -> QWidget | None:
    """Which panel a widget is in, if any."""
    at: QWidget | None = widget
    while at is not None and at not in panels:
        at = at.parentWidget()
    return at


def _in_reading_order(widgets: Sequence[QWidget], root: QWidget) -> list[QWidget]:
    """Line by line; what stands beside something is of its line. All of them are in `root`."""
    inside: dict[QWidget, list[QWidget]] = {}
    for one in widgets:
        area = _scroller(one, root)
        inside.setdefault(one if area is None else area, []).extend([] if area is None else [one])
    found: list[QWidget] = []
    for one in _by_lines(list(inside), root):
        found += [one] if one in widgets else []
        held = one.widget() if isinstance(one, QScrollArea) else None
        if held is not None:  # scrolled, its parts may be far from where they are seen
            found += _in_reading_order(inside[one], held)
    return found


def _by_lines(widgets: Sequence[QWidget], root: QWidget) -> list[QWidget]:
    boxes = {one: QRect(one.mapTo(root, QPoint()), one.size()) for one in widgets}
    lines: list[list[QWidget]] = []
    for one in sorted(widgets, key=lambda w: boxes[w].top()):
        if lines and boxes[one].center().y() <= boxes[lines[-1][0]].bottom():
            lines[-1].append(one)
        else:
            lines.append([one])
    return [one for line in lines for one in sorted(line, key=lambda w: boxes[w].left())]


def _scroller(widget: QWidget, root: QWidget) -> QScrollArea | None:
    """The outermost area in `root` that scrolls the widget."""
    found, at = None, widget.parentWidget()
    while at is not None and at is not root:
        found = at if isinstance(at, QScrollArea) else found
        at = at.parentWidget()
    return found
