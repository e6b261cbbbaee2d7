"""Lists of findings that give one class and suggest another."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics

from auditor.session.browsing import Pair, View, quoted

WORTH_FIRST = ("p_error", True), ("quality", False)
"""Column and direction that put the findings most worth a look first: where a check has chances
of an error, by these."""


def flagged_view(check_id: str, *, by_chance: bool, condition: str = "") -> View:
    """The check's findings in order of worth."""
    sort, descending = WORTH_FIRST[0 if by_chance else 1]
    where = f"flagged and {condition}" if condition else "flagged"
    return View(check_id=check_id, where=where, sort=sort, descending=descending)


def pair_view(check_id: str, pair: Pair, *, by_chance: bool) -> View:
    """The pair's findings that nobody has looked at."""
    return flagged_view(
        check_id,
        by_chance=by_chance,
        condition=f"given_label = {quoted(pair.given)}"
        f" and suggested_label = {quoted(pair.suggested)} and state = 'unseen'",
    )


def fitted(pair: Pair, metrics: QFontMetrics, room: int) -> str:
    """The pair's names for so many pixels; what the one does not need is the other's."""
    right, arrow = Qt.TextElideMode.ElideRight, " → "
    room -= metrics.horizontalAdvance(arrow)
    given, suggested = map(metrics.horizontalAdvance, (pair.given, pair.suggested))
    first = min(given, max(room // 2, room - suggested))
    return arrow.join(
        (
            metrics.elidedText(pair.given, right, first),
            metrics.elidedText(pair.suggested, right, room - first),
        )
    )
