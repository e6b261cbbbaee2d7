"""The pairs of classes that have unseen findings, and which of them were gone through."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from auditor.session.browsing import Pair, View
from ui.elided_combo import ElidedCombo
from ui.review.findings import UnseenPairs
from ui.review.pairs import fitted, pair_view


class PairChoice(ElidedCombo):
    """One check's pairs, those with most findings first."""

    chosen = Signal(object)
    """A Pair that the user picked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unseen: UnseenPairs | None = None
        self._gone_through: set[tuple[str, str]] = set()
        self.setAccessibleName(self.tr("Pair of classes"))
        self.setSizeAdjustPolicy(self.SizeAdjustPolicy.AdjustToContents)
        self.setMaximumWidth(240)
        self.activated.connect(self._choose)

    @property
    def check_id(self) -> str | None:
        """Whose findings they are."""
        return self._unseen.check_id if self._unseen else None

    @property
    def following(self) -> Pair | None:
        """The first one that was not gone through yet."""
        return next((pair for pair in self._pairs if _key(pair) not in self._gone_through), None)

    def show_pairs(self, unseen: UnseenPairs | None) -> None:
        self._unseen = unseen
        self.clear()
        for pair in self._pairs:
            self.addItem(f"{pair.given} → {pair.suggested}{_count(pair)}", pair)

    def show_current(self, pair: Pair | None) -> None:
        self.setCurrentIndex(self._pairs.index(pair) if pair else -1)

    def fitting(self, text: str, room: int) -> str:
        pair: Pair | None = self.currentData()
        if pair is None:
            return text
        metrics, count = self.fontMetrics(), _count(pair)
        return fitted(pair, metrics, room - metrics.horizontalAdvance(count)) + count

    def go_through(self, pair: Pair) -> None:
        """Offer it no more by itself."""
        self._gone_through.add(_key(pair))

    def list_of(self, pair: Pair) -> View | None:
        """The list of the pair's findings."""
        if self._unseen is None:
            return None
        return pair_view(self._unseen.check_id, pair, by_chance=self._unseen.by_chance)

    def of(self, view: View) -> Pair | None:
        """The pair whose list it is, in whatever order; None where it is no pair's."""
        if self._unseen is None or view.check_id != self._unseen.check_id:
            return None
        lists = ((pair_view(self._unseen.check_id, p, by_chance=False), p) for p in self._pairs)
        return next((pair for listed, pair in lists if listed.where == view.where), None)

    @property
    def _pairs(self) -> tuple[Pair, ...]:
        return self._unseen.pairs if self._unseen else ()

    def _choose(self) -> None:
        pair: Pair | None = self.currentData()
        if pair is not None:
            self._gone_through.discard(_key(pair))
            self.chosen.emit(pair)


def _count(pair: Pair) -> str:
    return f"  ({pair.flagged:,})"


def _key(pair: Pair) -> tuple[str, str]:
    """Counts change while one goes through the pairs."""
    return pair.given, pair.suggested
