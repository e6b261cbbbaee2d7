"""The report's charts as inline SVG; colours come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from auditor.report.result import CheckResult, Finding, Histogram, PairRow
from auditor.report.words import visible

HEAT_CLASSES = 12
SHORT_NAME = 12


def histogram(bands: Histogram) -> Markup:
    """Samples per band as bars, the flagged ones in front; heights on a log scale."""
    width, height, left, bottom = 480, 220, 40, 28
    tall = height - bottom - 10
    most = max(1, *bands.counts)
    step = (width - left - 8) / len(bands.counts)

    def bar(index: int, count: int, name: str) -> Markup:
        size = tall * math.log1p(count) / math.log1p(most)
        return Markup(
            '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
        ).format(name, left + index * step + 1, height - bottom - size, step - 2, size)

    parts = [_grid_line(value, most, (width, height, left, bottom)) for value in _ticks(most)]
    for index, (count, hit) in enumerate(zip(bands.counts, bands.flagged, strict=True)):
        low, high = bands.edges[index], bands.edges[index + 1]
        title = Markup("<title>{:.2f} to {:.2f}: {:,} samples, {:,} flagged</title>").format(
            low, high, count, hit
        )
        parts.append(
            Markup("<g>{}{}{}</g>").format(title, bar(index, count, "all"), bar(index, hit, "hit"))
        )
    for tenth in (0, 2, 4, 6, 8, 10):
        x = left + (width - left - 8) * tenth / 10
        parts.append(_text(f"{tenth / 10:g}", x, height - 10, "middle"))
    words = "Probability of an error" if bands.score == "p_error" else "Quality (0 is worst)"
    return _svg(width, height, f"Histogram. {words}, samples on a log scale.", parts)


def heat_map(check: CheckResult) -> Markup | None:
    """Flagged samples by given (rows) and suggested (columns) class; None where there are none."""
    names = _busiest(check.pairs)
    if len(names) < 2:
        return None
    counts = {(pair.given, pair.suggested): pair.flagged for pair in check.pairs}
    most = max(counts.get((a, b), 0) for a in names for b in names) or 1
    size, left, top = 32, 96, 78
    parts = []
    for index, name in enumerate(names):
        middle = index * size + size / 2
        parts.append(_name(name, left - 6, top + middle + 4, "end"))
        x, y = left + middle + 3, top - 6
        parts.append(_name(name, x, y, "start", f"rotate(-55 {x:.0f} {y:.0f})"))
        for column, other in enumerate(names):
            count = counts.get((name, other), 0)
            corner = (left + column * size, top + index * size, size)
            parts.append(_cell(corner, name, other, count, count / most))
    side = len(names) * size
    words = "Flagged samples by given class (rows) and suggested class (columns)."
    return _svg(left + side + 44, top + side + 4, words, parts)


def meter(finding: Finding) -> Markup | None:
    """The probability of an error as a dot on a line, its interval as a band."""
    if finding.p_error is None:
        return None
    low = finding.p_error if finding.p_error_low is None else finding.p_error_low
    high = finding.p_error if finding.p_error_high is None else finding.p_error_high
    return Markup(
        '<svg class="meter" viewBox="0 0 200 12" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" x="0" y="4" width="200" height="4" rx="2"/>'
        '<rect class="span" x="{:.1f}" y="3" width="{:.1f}" height="6" rx="3"/>'
        '<rect class="dot" x="{:.1f}" y="0" width="6" height="12" rx="3"/></svg>'
    ).format(200 * low, max(1.0, 200 * (high - low)), 194 * finding.p_error)


def _busiest(pairs: Sequence[PairRow]) -> list[str]:
    """The classes in most flagged pairs, by name."""
    weight: dict[str, int] = {}
    for pair in pairs:
        for name in (pair.given, pair.suggested):
            weight[name] = weight.get(name, 0) + pair.flagged
    busy = [name for name in weight if weight[name]]
    return sorted(sorted(busy, key=lambda name: (-weight[name], name))[:HEAT_CLASSES])


def _cell(
    corner: tuple[int, int, int], given: str, suggested: str, count: int, share: float
) -> Markup:
    x, y, size = corner
    parts = [
        Markup('<rect class="cell" x="{}" y="{}" width="{}" height="{}"/>').format(x, y, size, size)
    ]
    if count:
        opacity = 0.12 + 0.88 * share
        parts.append(
            Markup(
                '<rect class="heat" fill-opacity="{:.2f}" x="{}" y="{}" width="{}" height="{}">'
                "<title>{} given, {} suggested: {:,}</title></rect>"
            ).format(opacity, x, y, size, size, visible(given), visible(suggested), count)
        )
        parts.append(
            Markup('<text class="value" x="{}" y="{}">{}</text>').format(
                x + size / 2, y + size / 2 + 4, count
            )
        )
    return Markup("").join(parts)


def _name(name: str, x: float, y: float, anchor: str, turn: str = "") -> Markup:
    name = visible(name)
    short = name if len(name) <= SHORT_NAME else f"{name[: SHORT_NAME - 1]}\u2026"
    turned = Markup(' transform="{}"').format(turn) if turn else ""
    return Markup(
        '<text x="{:.1f}" y="{:.1f}" text-anchor="{}"{}>{}<title>{}</title></text>'
    ).format(x, y, anchor, turned, short, name)


def _ticks(most: int) -> list[int]:
    return [10**power for power in range(int(math.log10(most)) + 1)]


def _grid_line(value: int, most: int, frame: tuple[int, int, int, int]) -> Markup:
    width, height, left, bottom = frame
    y = height - bottom - (height - bottom - 10) * math.log1p(value) / math.log1p(most)
    line = Markup('<line class="axis" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(
        left, width - 8, y, y
    )
    return line + _text(f"{value:,}", left - 6, y + 4, "end")


def _text(words: str, x: float, y: float, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, words
    )


def _svg(width: float, height: float, words: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">{}</svg>').format(
        width, height, words, Markup("").join(parts)
    )
