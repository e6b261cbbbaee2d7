"""Which panels and pages a project's window has, and where; most are made when first looked at."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from ui.docks import LazyDock
from ui.review.card import EvidenceCard
from ui.review.queue import QueuePanel

if TYPE_CHECKING:
    from ui.project_window import ProjectWindow

PAGES = ("gallery", "loupe", "wall", "compare")
"""What can be in the middle; the first is there from the start."""
_WIDTHS = {"queue": 270, "evidence": 400}
_LEFT, _RIGHT, _BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)


def docks(window: ProjectWindow) -> dict[str, LazyDock]:
    """The panels at the edges, by name."""
    wanted = {
        "queue": (window.tr("Queue"), _LEFT, _queue),
        "evidence": (window.tr("Evidence"), _RIGHT, _card),
        "audit": (window.tr("Audit"), _RIGHT, _audit),
        "charts": (window.tr("Charts"), _BOTTOM, _charts),
        "history": (window.tr("History"), _BOTTOM, _history),
    }
    made: dict[str, LazyDock] = {}
    for name, (title, area, make) in wanted.items():
        made[name] = LazyDock(name, title, partial(make, window), window)
        window.addDockWidget(area, made[name])
    window.tabifyDockWidget(made["evidence"], made["audit"])
    window.tabifyDockWidget(made["charts"], made["history"])
    made["evidence"].raise_()
    for name in ("charts", "history"):
        made[name].hide()
    sized = [made[name] for name in _WIDTHS]
    window.resizeDocks(sized, list(_WIDTHS.values()), Qt.Orientation.Horizontal)
    return made


def page(window: ProjectWindow, name: str) -> QWidget:
    """A page for the middle: "wall", "compare" or "loupe"."""
    if name == "wall":
        from ui.review.wall import WallPanel

        return WallPanel(window.workspace, window.commands, window)
    if name == "compare":
        from ui.review.pair import PairView

        return PairView(window.workspace, window.commands, window)
    from ui.review.loupe_page import LoupePage

    return LoupePage(window.workspace, window)


def _queue(window: ProjectWindow) -> QWidget:
    panel = QueuePanel(window.workspace, window.commands, window)
    panel.wall_wanted.connect(partial(window.show_page, "wall"))
    return panel


def _card(window: ProjectWindow) -> QWidget:
    card = EvidenceCard(window.workspace, window.commands, window)
    card.class_chosen.connect(window.decider.relabel)
    card.class_toggled.connect(window.decider.toggle)
    card.answered.connect(window.decider.answer)
    card.wanted.connect(window.docks["evidence"].uncover)
    return card


def _audit(window: ProjectWindow) -> QWidget:
    from ui.audit.panel import AuditPanel

    return AuditPanel(window.workspace, window.commands, window)


def _charts(window: ProjectWindow) -> QWidget:
    from ui.charts.panel import ChartsPanel

    panel = ChartsPanel(window.workspace, window.commands, window)
    panel.wanted.connect(window.docks["charts"].bring)
    return panel


def _history(window: ProjectWindow) -> QWidget:
    from ui.dialogs.history_panel import HistoryPanel

    return HistoryPanel(window.workspace, window)
