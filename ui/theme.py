"""Colours that mean something, light and dark, and the application's palette.

States are told apart by shape as well, never by colour alone; the hues are those of Okabe and Ito
(2008), which people with the common colour-vision deficiencies can tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

SCHEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


@dataclass(frozen=True, slots=True)
class Colours:
    """One scheme's colours, as #rrggbb."""

    window: str
    base: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    flagged: str
    accepted: str
    kept: str
    excluded: str
    deferred: str
    relabelled: str


LIGHT = Colours(
    window="#f4f5f7",
    base="#ffffff",
    raised="#e9ebef",
    line="#cfd3da",
    text="#16191d",
    muted="#59616c",
    accent="#0b63b5",
    on_accent="#ffffff",
    flagged="#c24e00",
    accepted="#0072b2",
    kept="#007a5a",
    excluded="#4b4f57",
    deferred="#8f6a00",
    relabelled="#8a3f77",
)
DARK = Colours(
    window="#1b1d21",
    base="#131518",
    raised="#282b31",
    line="#3b4049",
    text="#eceef1",
    muted="#a3abb6",
    accent="#4fa3e8",
    on_accent="#0b1117",
    flagged="#ff8a4c",
    accepted="#56b4e9",
    kept="#2fcb9b",
    excluded="#9aa1ab",
    deferred="#e9c046",
    relabelled="#df9fcf",
)
GLYPHS = {
    "flagged": "⚑",
    "accept": "✓",
    "keep": "=",
    "relabel": "✎",
    "exclude": "✕",
    "defer": "?",
}
"""A shape for each state, shown with its colour."""


SWITCH = (
    "QToolButton { padding: 3px 6px; border: 1px solid palette(mid); border-radius: 3px; }"
    " QToolButton:checked { background: palette(highlight); color: palette(highlighted-text); }"
    " QToolButton:focus { border-color: palette(text); }"
    " QPushButton:checked { background: palette(highlight); color: palette(highlighted-text);"
    " border: 1px solid palette(highlight); border-radius: 3px; padding: 3px 6px; }"
    " QPushButton:checked:focus { border-color: palette(text); }"
)
"""A style sheet for buttons that stay down: on a dark ground the style's own look the same then."""


def is_dark() -> bool:
    return QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def colours() -> Colours:
    """Those of the scheme in use."""
    return DARK if is_dark() else LIGHT


def box_style(of: str = "QCheckBox") -> str:
    """A style sheet for boxes to tick: the style's own outline is lost on a dark ground.

    `of` is the kind of widget that has them.
    """
    now = colours()
    return (
        f"{of}::indicator:unchecked {{ border: 1px solid {now.muted};"
        f" background: {now.base}; border-radius: 2px; width: 11px; height: 11px; }}"
    )


def of_verdict(verdict: str | None) -> QColor:
    """The colour of a decision; that of muted text for none."""
    now = colours()
    return QColor(
        {
            "accept": now.accepted,
            "keep": now.kept,
            "relabel": now.relabelled,
            "exclude": now.excluded,
            "defer": now.deferred,
        }.get(verdict or "", now.muted)
    )


def apply(app: QApplication, theme: str) -> None:
    """Dress the application, now and whenever the system's scheme changes."""
    # Without it a widget in one that has a style sheet never hears of another palette.
    app.setAttribute(Qt.ApplicationAttribute.AA_UseStyleSheetPropagationInWidgetStyles)
    app.setStyle(QStyleFactory.create("Fusion"))
    set_scheme(app, theme)
    hints = app.styleHints()
    hints.colorSchemeChanged.connect(lambda scheme: _dress(app, scheme))


def set_scheme(app: QApplication, theme: str) -> None:
    """Follow the system, or be light or dark whatever it says."""
    hints = app.styleHints()
    hints.setColorScheme(SCHEMES[theme])
    # Some platforms know no scheme and keep saying so.
    _dress(app, hints.colorScheme() if theme == "system" else SCHEMES[theme])


def _dress(app: QApplication, scheme: Qt.ColorScheme) -> None:
    now = DARK if scheme == Qt.ColorScheme.Dark else LIGHT
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: now.window,
        QPalette.ColorRole.WindowText: now.text,
        QPalette.ColorRole.Base: now.base,
        QPalette.ColorRole.AlternateBase: now.raised,
        QPalette.ColorRole.Text: now.text,
        QPalette.ColorRole.PlaceholderText: now.muted,
        QPalette.ColorRole.Button: now.raised,
        QPalette.ColorRole.ButtonText: now.text,
        QPalette.ColorRole.Highlight: now.accent,
        QPalette.ColorRole.HighlightedText: now.on_accent,
        QPalette.ColorRole.Link: now.accent,
        QPalette.ColorRole.ToolTipBase: now.raised,
        QPalette.ColorRole.ToolTipText: now.text,
        QPalette.ColorRole.Mid: now.line,
        QPalette.ColorRole.Accent: now.accent,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    disabled = QPalette.ColorGroup.Disabled
    for role in (
        QPalette.ColorRole.Text,
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(disabled, role, QColor(now.muted))
    app.setPalette(palette)
