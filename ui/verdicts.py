"""Decisions in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def said(verdict: str | None) -> str:
    """What was decided, to stand alone or within a list; "not decided" for None."""
    return {
        "accept": _tr("suggestion accepted"),
        "keep": _tr("label kept"),
        "relabel": _tr("relabelled"),
        "exclude": _tr("excluded"),
        "defer": _tr("deferred"),
    }.get(verdict or "", verdict or _tr("not decided"))


def _tr(text: str) -> str:
    return QCoreApplication.translate("verdicts", text)
