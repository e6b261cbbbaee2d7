"""How the start page and the import dialog put things into words."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

if TYPE_CHECKING:
    from auditor.session import Understanding

_CLASSES = 24
"""So many class names are shown."""


def tr(text: str) -> str:
    return QCoreApplication.translate("StartWords", text)


def shown(path: Path) -> str:
    """A path for reading: from the user's folder on, and with bytes that are no text marked."""
    home = Path.home()
    short = Path("~") / path.relative_to(home) if path.is_relative_to(home) else path
    return os.fsencode(short).decode("utf-8", "replace")


def roles() -> dict[str, str]:
    """The name of each column role's field."""
    return {
        "image": tr("Picture column"),
        "label": tr("Label column"),
        "split": tr("Split column"),
        "group": tr("Group column"),
    }


def separator_title() -> str:
    return tr("Several labels in a cell")


def classes(understood: Understanding) -> str:
    """How many classes, and the first of them by name."""
    names = understood.classes
    if not names:
        return tr("none: the pictures carry no labels")
    more = len(names) - _CLASSES
    listed = ", ".join(names[:_CLASSES])
    if more > 0:
        listed = tr("{names} and {more:,} more").format(names=listed, more=more)
    return f"{len(names):,}: {listed}"


def splits(counts: Mapping[str, int]) -> str:
    listed = (f"{name} {count:,}" for name, count in counts.items())
    return " · ".join(listed) or tr("none")


def labels(understood: Understanding) -> str:
    if not understood.classes:
        return tr("none")
    return (
        tr("any number for each picture") if understood.multi_label else tr("one for each picture")
    )


def extras(columns: Mapping[str, str], most: int = 12) -> str:
    """Columns that are kept beside, to filter and sort by."""
    listed = [f"{name} ({kind(arrow)})" for name, arrow in columns.items()]
    more = len(listed) - most
    text = ", ".join(listed[:most])
    return tr("{names} and {more} more").format(names=text, more=more) if more > 0 else text


def kind(arrow: str) -> str:
    """An Arrow type in words."""
    if arrow.startswith(("int", "uint", "float", "double", "decimal", "half")):
        return tr("number")
    if arrow.startswith("bool"):
        return tr("yes or no")
    return tr("date") if arrow.startswith(("date", "timestamp")) else tr("text")


def problems(first: Sequence[str], count: int) -> str:
    """The heading above the problems."""
    if not count:
        return tr("No problems")
    if count == 1:
        return tr("1 problem")
    if count > len(first):
        return tr("{count:,} problems; the first {shown}").format(count=count, shown=len(first))
    return tr("{count:,} problems").format(count=count)
