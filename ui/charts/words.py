"""Numbers in words and short, as the charts write them."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication


def _tr(text: str) -> str:
    return QCoreApplication.translate("charts", text)


def samples(count: int) -> str:
    return _tr("1 sample") if count == 1 else _tr("{count:,} samples").format(count=count)


def findings(count: int) -> str:
    return _tr("1 finding") if count == 1 else _tr("{count:,} findings").format(count=count)


def classes(count: int) -> str:
    return _tr("1 class") if count == 1 else _tr("{count:,} classes").format(count=count)


def percent(share: float) -> str:
    """A share in [0, 1]; small ones keep a digit, and none is rounded to nothing or to all."""
    value = 100 * share
    if 0 < value < 0.1:
        return _tr("under 0.1 %")
    if 99.9 < value < 100:
        return _tr("over 99.9 %")
    digits = 1 if 0 < value < 10 or 99 < value < 100 else 0
    return f"{value:.{digits}f} %"


def short(count: float) -> str:
    """1200000 as 1.2 M: for axes and narrow cells."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(count) >= size:
            scaled = count / (1e3 if unit == "k" else size)
            return f"{scaled:.3g} {unit}"
    return f"{count:,.0f}"


def number(value: float, step: float) -> str:
    """A value with the digits that a step of 1, 2 or 5 times 10^k needs."""
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{digits}f}"
