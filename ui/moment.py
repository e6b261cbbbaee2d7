"""Moments and spans of time as people speak of them."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QCoreApplication, QDate, QLocale

_MINUTE = 60


def when(moment: datetime, now: datetime) -> str:
    """The time today, else the day. Both have a time zone."""
    local, today = moment.astimezone(), now.astimezone()
    days = (today.date() - local.date()).days
    if days <= 0:
        return _tr("today, {time}").format(time=f"{local:%H:%M}")
    if days == 1:
        return _tr("yesterday")
    if days < 7:
        return _tr("{days} days ago").format(days=days)
    day = QDate(local.year, local.month, local.day)
    return QLocale().toString(day, QLocale.FormatType.ShortFormat)


def span(seconds: float) -> str:
    """A length of time, rounded to what matters of it."""
    if seconds < 0.95 * _MINUTE:
        return _tr("{seconds} s").format(seconds=max(1, round(seconds)))
    if seconds < 10 * _MINUTE:
        whole = max(round(seconds / 10) * 10, _MINUTE)
        minutes, rest = divmod(whole, _MINUTE)
        text = _tr("{minutes} min").format(minutes=minutes)
        return (
            text if not rest else _tr("{minutes} min {rest} s").format(minutes=minutes, rest=rest)
        )
    minutes = round(seconds / _MINUTE)
    if minutes < 60:
        return _tr("{minutes} min").format(minutes=minutes)
    hours, rest = divmod(minutes, 60)
    return _tr("{hours} h {rest} min").format(hours=hours, rest=rest)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Moment", text)
