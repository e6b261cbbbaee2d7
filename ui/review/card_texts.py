"""What the card says in running text, as rich text in the colours of the scheme."""

from __future__ import annotations

import html
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QDateTime, QEvent, QLocale, Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from auditor.session.evidence import CheckFinding, Decided, Evidence
from ui import theme
from ui.review import pairing


class RichText(QLabel):
    """Text made anew from the same evidence when the scheme changes."""

    def __init__(self, make: Callable[[Evidence], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make = make
        self._evidence: Evidence | None = None
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    def tell(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self.setText(self._make(evidence))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and self._evidence is not None:
            self.setText(self._make(self._evidence))
        super().changeEvent(event)


def reasons(evidence: Evidence) -> str:
    """Every check's finding, flagged ones with their sentences."""
    if not evidence.findings:
        return _muted(_tr("No check has looked at this sample yet."))
    return "".join(_finding(one) for one in evidence.findings)


def facts(evidence: Evidence) -> str:
    """What is known of the file."""
    said = (
        (_tr("Pixels"), pairing.pixels(evidence)),
        (_tr("Format"), evidence.format),
        (_tr("File size"), pairing.file_size(evidence)),
        (_tr("Split"), evidence.split),
        (_tr("Group"), evidence.group),
        (_tr("Row"), None if evidence.row is None else f"{evidence.row:,}"),
    )
    return _table([(name, value) for name, value in said if value])


def extra(evidence: Evidence) -> str:
    """The source's own further columns."""
    return _table(list(evidence.extra))


def history(evidence: Evidence) -> str:
    """What was decided about it, newest first."""
    return "".join(_step(one) for one in reversed(evidence.history))


def _finding(one: CheckFinding) -> str:
    now = theme.colours()
    title = _safe(one.title)
    stale = _muted(_tr("◷ out of date")) if one.stale else ""
    if not one.flagged:
        said = " ".join(_safe(sentence) for sentence in one.sentences)
        return f'<p style="margin:3px 0">{_muted(f"○ {title}: {said}")} {stale}</p>'
    glyph = f'<span style="color:{now.flagged}">{theme.GLYPHS["flagged"]}</span>'
    said = "<br>".join(_safe(sentence) for sentence in one.sentences)
    return f'<p style="margin:3px 0">{glyph} <b>{title}</b> {stale}<br>{said}</p>'


def _step(one: Decided) -> str:
    made_on = QDateTime.fromSecsSinceEpoch(int(one.made_on.timestamp()))
    when = QLocale().toString(made_on, QLocale.FormatType.ShortFormat)
    glyph = theme.GLYPHS.get(one.verdict or "", "○")
    colour = theme.of_verdict(one.verdict).name()
    result = f": {_safe(pairing.labels(one.labels))}" if one.labels is not None else ""
    note = f"<br>“{_safe(one.note)}”" if one.note else ""
    who = _muted(f"{_safe(one.reviewer)} · {_safe(when)}")
    return (
        f'<p style="margin:3px 0"><span style="color:{colour}">{glyph}</span> '
        f"{_safe(one.title)}{result}<br>{who}{note}</p>"
    )


def _table(rows: list[tuple[str, str | None]]) -> str:
    cells = "".join(
        f'<tr><td style="padding-right:14px">{_muted(_safe(name))}</td>'
        f"<td>{_safe(value or '')}</td></tr>"
        for name, value in rows
    )
    return f'<table cellspacing="0" cellpadding="1">{cells}</table>'


def _muted(text: str) -> str:
    return f'<span style="color:{theme.colours().muted}">{text}</span>'


def _safe(text: str) -> str:
    return html.escape(text, quote=False)


def _tr(text: str) -> str:
    return QCoreApplication.translate("card", text)
