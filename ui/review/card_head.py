"""What the data say and what the checks say instead: the top of the evidence card."""

from __future__ import annotations

import html
from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from auditor.session.evidence import Evidence
from ui import theme
from ui.review import pairing
from ui.review.pieces import Chip, IntervalBar, MutedLabel


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
        for widget in (self._arrow, self._suggested, self._suggested_title):
            widget.setVisible(shows)
        relabelled = evidence.labels != evidence.given
        self._given_title.setText(self.tr("Label now") if relabelled else self.tr("Given label"))
        self._suggested_title.setText(self.tr("Suggested"))
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

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(0)
        grid.addWidget(self._given_title, 0, 0)
        grid.addWidget(self._suggested_title, 0, 2)
        for column, label in enumerate((self._given, self._arrow, self._suggested)):
            grid.addWidget(label, 1, column, Qt.AlignmentFlag.AlignTop)
        grid.setColumnStretch(3, 1)
        row = QHBoxLayout()
        row.addWidget(self.chip)
        row.addStretch(1)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(0, 0, 0, 0)
        column_.setSpacing(6)
        column_.addLayout(grid)
        column_.addLayout(row)
        column_.addWidget(self._chance)
        column_.addWidget(self._bar)
        column_.addWidget(self._views)

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
        return self.tr("{some} of {all} ways of judging say “{label}”: {views}.").format(
            some=len(views), all=evidence.views_total, label=pairing.labels(labels), views=named
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
        self.chip.tell(
            f"{glyph} {pairing.decision(evidence)}",
            QColor(theme.of_verdict(evidence.verdict)),
            filled=evidence.verdict is not None,
        )


def breakable(text: str) -> str:
    """Class names are long words: let them break where a reader would break them."""
    for sign in "_-/.":
        text = text.replace(sign, sign + "\u200b")
    return text


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
