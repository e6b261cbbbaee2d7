"""Where a reviewer was in a project's window: what is kept of it, and how it comes back."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QByteArray

from auditor.session.browsing import View
from ui.panels import PAGES

if TYPE_CHECKING:
    from ui.project_window import ProjectWindow

_FIRST = PAGES[0]


def of(window: ProjectWindow) -> dict[str, Any]:
    """The view, the focus, the page, the panels, and the window's place and size."""
    return {
        "view": asdict(replace(window.workspace.view, as_of=None)),
        "focus": window.workspace.focus,
        "page": window.page,
        "docks": _text(window.saveState()),
        "geometry": _text(window.saveGeometry()),
    }


def restore(window: ProjectWindow, memory: object) -> str:
    """Bring all of it back but the page, whose name is returned; unknown memories begin anew."""
    known: dict[str, Any] = memory if isinstance(memory, dict) else {}
    try:
        window.workspace.view = View(**known.get("view", {}))
        window.workspace.focus = known.get("focus")
        # Qt brings a window back onto a screen that there is.
        window.restoreGeometry(_bytes(known.get("geometry", "")))
        window.restoreState(_bytes(known.get("docks", "")))
    except (TypeError, ValueError):  # another version's memory
        window.workspace.view = View()
    page = known.get("page")
    return page if page in PAGES else _FIRST


def _text(state: QByteArray) -> str:
    return bytes(state.toBase64().data()).decode()


def _bytes(text: object) -> QByteArray:
    return QByteArray.fromBase64(str(text).encode())
