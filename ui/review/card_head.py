"""What the data say and what the checks say instead: the top of the evidence card."""

from __future__ import annotations

import html
from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from auditor.session.evidence import Evidence
from ui import theme
from ui.review import pairing
from ui.review.pieces import Chip, IntervalBar, MutedLabel, breakable

_ARROW = 70
"""Room for the arrow between two labels, in pixels."""


class CardHead(QWidget):
    """Given and suggested label, how likely the given one is wrong, and who says so."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._evidence: Evidence | None = None
        self._given_title, self._suggested_title = MutedLabel(parent=self), MutedLabel(parent=self)
        self._given, self._arrow, self._suggested = (_big(self) for _ in range(3))
        self._chance, self._views = _wrapping(self), _wrapping(self)
        self._bar = IntervalBar(self)
        self.chip = Chip(self)
        self._lay_out()

    def tell(self, evidence: Evidence) -> None:
        self._evidence = evidence
        shows = bool(evidence.suggested) and evidence.suggested != evidence.labels
        for widget in (self._suggested, self._suggested_title):
            widget.setVisible(shows)
        self._place()
        self._show_arrow()
        relabelled = evidence.labels != evidence.given
        self._given_title.setText(self.tr("Label now") if relabelled else self.tr("Given label"))
        self._chance.setText(_reason(evidence) or evidence.p_error_words)
        self._chance.setVisible(bool(self._chance.text()))
        self._tell_bar(evidence)
        self._views.setText(self._agreement(evidence))
        self._views.setVisible(bool(self._views.text()))
        self._dress()

    @property
    def words(self) -> str:
        """All it says, as one text."""
        labels = self._given, self._suggested, self._chance, self._views
        return " · ".join(label.text() for label in labels if not label.isHidden())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _lay_out(self) -> None:
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(0)
        self._is_stacked: bool | None = None
        self._place()
        row = QHBoxLayout()
        row.addWidget(self.chip)
        row.addStretch(1)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(0, 0, 0, 0)
        column_.setSpacing(6)
        column_.addLayout(self._grid)
        column_.addLayout(row)
        column_.addWidget(self._chance)
        column_.addWidget(self._bar)
        column_.addWidget(self._views)

    def _place(self) -> None:
        """The labels side by side, or one below the other where they are too long for that."""
        stacked = self._is_too_long()
        if stacked == self._is_stacked:
            return
        self._is_stacked = stacked
        row, column = (2, 0) if stacked else (0, 2)
        across = 3 if stacked else 1
        top = Qt.AlignmentFlag.AlignTop
        self._grid.addWidget(self._given_title, 0, 0)
        self._grid.addWidget(self._given, 1, 0, 1, across)
        self._grid.addWidget(self._arrow, 1, 1, top)
        self._grid.addWidget(self._suggested_title, row, column)
        self._grid.addWidget(self._suggested, row + 1, column, 1, across)
        self._grid.setColumnStretch(3, 0 if stacked else 1)
        self._show_arrow()

    def _is_too_long(self) -> bool:
        if self._evidence is None:
            return False
        both = pairing.labels(self._evidence.labels) + pairing.labels(self._evidence.suggested)
        return self._given.fontMetrics().horizontalAdvance(both) + _ARROW > self.width()

    def _show_arrow(self) -> None:
        self._arrow.setVisible(not self._suggested.isHidden() and not self._is_stacked)
        title = self.tr("→ Suggested") if self._is_stacked else self.tr("Suggested")
        self._suggested_title.setText(title)

    def _tell_bar(self, evidence: Evidence) -> None:
        chance = next((one for one in evidence.findings if one.p_error is not None), None)
        shows = chance is not None and evidence.reason is None
        self._bar.setVisible(shows)
        if chance is not None and chance.p_error is not None:
            self._bar.tell(chance.p_error, chance.p_error_low, chance.p_error_high)
            self._bar.setAccessibleName(evidence.p_error_words)

    def _agreement(self, evidence: Evidence) -> str:
        parts = [
            self._say(evidence.views_suggested, evidence, evidence.suggested),
            self._say(evidence.views_given, evidence, evidence.given),
        ]
        return " ".join(part for part in parts if part)

    def _say(self, views: Sequence[str], evidence: Evidence, labels: Sequence[str]) -> str:
        if not views:
            return ""
        named = ", ".join(self._view(view) for view in views)
        label = breakable(pairing.labels(labels))
        return self.tr("For “{label}”: {some} of {all} ways of judging ({views}).").format(
            some=len(views), all=evidence.views_total, label=label, views=named
        )

    def _view(self, name: str) -> str:
        """A way of judging in plain words; those of other packages keep their name."""
        known = {
            "linear": self.tr("linear model"),
            "gaussian": self.tr("class centres"),
            "neighbours": self.tr("nearest neighbours"),
        }
        return known.get(name, name)

    def _dress(self) -> None:
        if self._evidence is None:
            return
        now, evidence = theme.colours(), self._evidence
        self._given.setText(_coloured(evidence.labels, now.text))
        self._arrow.setText(f'<span style="color:{now.muted}">→</span>')
        self._suggested.setText(_coloured(evidence.suggested, now.accent))
        glyph = theme.GLYPHS.get(evidence.verdict or "", "○")
        said = pairing.decision(evidence)
        if not evidence.is_settled:
            said = self.tr("{decision} before this was found").format(decision=said)
        self.chip.tell(
            f"{glyph} {said}",
            QColor(theme.of_verdict(evidence.verdict)),
            filled=evidence.verdict is not None and evidence.is_settled,
        )


def _reason(evidence: Evidence) -> str:
    """Why there is no picture, in the words of the check that looked."""
    if evidence.reason is None:
        return ""
    told = (one for one in evidence.findings if one.flagged and one.suggested == ())
    return next((one.sentences[0] for one in told), evidence.detail or evidence.reason)


def _coloured(labels: Sequence[str], colour: str) -> str:
    text = breakable(html.escape(pairing.labels(labels), quote=False))
    return f'<span style="color:{colour}">{text}</span>'


def _big(parent: QWidget) -> QLabel:
    label = _wrapping(parent)
    label.setTextFormat(Qt.TextFormat.RichText)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * 1.6)
    font.setBold(True)
    label.setFont(font)
    return label


def _wrapping(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
