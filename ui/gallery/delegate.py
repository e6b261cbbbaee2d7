"""How one sample looks in the gallery: its picture, its labels, and what is said about it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QAbstractItemDelegate, QStyleOptionViewItem, QWidget

from auditor.model import Verdict
from auditor.session.browsing import Row, State
from ui import theme, verdicts
from ui.gallery.captions import BADGE, Badges, Captions
from ui.gallery.model import GalleryModel, Index
from ui.gallery.ranges import Ranges
from ui.theme import Colours
from ui.thumbnails import ThumbnailCache

PAD = 6
"""Between a cell's edge and what it shows, in pixels."""
_CAPTIONS_FROM = 72
"""Below this zoom a caption would hold no word."""
_FADED = 0.3
_FLAG, _NOTE, _SELECTED = theme.GLYPHS["flagged"], "“", "✓"


@dataclass(frozen=True, slots=True)
class Metrics:
    """A cell's measures, in pixels."""

    zoom: int
    lines: int
    line_height: int

    @property
    def cell(self) -> QSize:
        """The least a cell takes."""
        captions = self.lines * self.line_height + (4 if self.lines else 0)
        return QSize(self.zoom + 2 * PAD, self.zoom + captions + 2 * PAD)


class SampleDelegate(QAbstractItemDelegate):
    """Paints cells from what is in memory; it asks for what is missing and does not wait."""

    def __init__(
        self, model: GalleryModel, thumbnails: ThumbnailCache, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._thumbnails = thumbnails
        self.selection = Ranges.none()
        self.focus: int | None = None
        """The position in focus."""
        self.shows_overlays = True
        self.has_findings = False
        self.ratio = 1.0
        """Device pixels to a pixel."""
        self._reasons = _reasons(self)
        self._verdicts = {str(one): verdicts.said(one) for one in Verdict}
        self.dress(parent.font() if parent else QFont(), 144)

    def dress(self, font: QFont, zoom: int) -> None:
        """Take the theme's colours, the font and the size that hold now."""
        small = QFont(font)
        small.setPointSizeF(max(font.pointSizeF() * 0.92, 7))
        self._text, self._struck = Captions(small), Captions(small, struck=True)
        self._badges = Badges(small)
        self._colours: Colours = theme.colours()
        now = self._colours
        self._pens = {name: QColor(getattr(now, name)) for name in Colours.__dataclass_fields__}
        self._tint = QColor(now.accent)
        self._tint.setAlpha(70)
        self._focus_pen = QPen(QColor(now.accent), 3)
        self._selected_pen = QPen(QColor(now.accent), 1)
        lines = 0 if zoom < _CAPTIONS_FROM else 1 + self.has_findings
        self.metrics = Metrics(zoom, lines, self._text.height)

    # Qt overrides

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return self.metrics.cell

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        position = self._model.position(index)
        if position >= len(self._model.ids):
            return
        cell: QRect = option.rect
        sample_id, row = int(self._model.ids[position]), self._model.row(position)
        is_selected = bool(self.selection.edges.size) and position in self.selection
        zoom = self.metrics.zoom
        picture = QRect(cell.x() + (cell.width() - zoom) // 2, cell.y() + PAD, zoom, zoom)
        if is_selected:
            painter.fillRect(cell.adjusted(1, 1, -1, -1), self._tint)
        self._draw_picture(painter, picture, row, self._thumbnails.get(sample_id))
        if row is not None:
            if self.metrics.lines:
                self._draw_captions(painter, picture, row)
            if self.shows_overlays:
                self._draw_overlays(painter, picture, row)
        if is_selected:
            self._draw_selected(painter, cell, picture)
        if position == self.focus:
            painter.setPen(self._focus_pen)
            painter.drawRect(cell.adjusted(2, 2, -3, -3))

    # parts

    def _draw_picture(
        self, painter: QPainter, box: QRect, row: Row | None, pixmap: QPixmap | None
    ) -> None:
        painter.fillRect(box, self._pens["raised"])
        if pixmap is None:
            return
        if pixmap.isNull():
            self._draw_reason(painter, box, row)
            return
        if row is not None and row.verdict == "exclude" and self.shows_overlays:
            painter.setOpacity(_FADED)
        width, height, side = pixmap.width(), pixmap.height(), box.width()
        longest = max(width, height)
        if longest == side and self.ratio == 1:  # pixel for pixel, as almost always
            x, y = box.x() + (side - width) // 2, box.y() + (side - height) // 2
            painter.drawPixmap(x, y, pixmap)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(self._fitted(box, width, height), pixmap, QRectF(pixmap.rect()))
        painter.setOpacity(1)

    def _fitted(self, box: QRect, width: int, height: int) -> QRectF:
        """Where a picture of that shape goes, on whole device pixels."""
        scale = box.width() / max(width, height)
        wide, high = (round(n * scale * self.ratio) / self.ratio for n in (width, height))
        x = box.x() + round((box.width() - wide) / 2 * self.ratio) / self.ratio
        y = box.y() + round((box.height() - high) / 2 * self.ratio) / self.ratio
        return QRectF(x, y, wide, high)

    def _draw_reason(self, painter: QPainter, box: QRect, row: Row | None) -> None:
        """In place of a picture that there is not."""
        reason = row.reason if row else None
        text = self._reasons.get(reason or "", reason) or self.tr("No picture yet")
        painter.setFont(self._text.font)
        painter.setPen(self._pens["muted"])
        if self.metrics.lines == 0:
            text = "⚠" if reason else "…"
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(box.adjusted(4, BADGE, -4, -BADGE), int(flags), text)

    def _draw_captions(self, painter: QPainter, picture: QRect, row: Row) -> None:
        x, y, width = picture.x(), picture.bottom() + 4, picture.width()
        if row.labels == row.given:
            painter.setPen(self._pens["text"])
            self._text.draw(painter, x, y, width, _label(row.labels))
        else:
            painter.setPen(self._pens["muted"])
            used = self._struck.draw(painter, x, y, width * 0.45, _label(row.given))
            painter.setPen(self._pens["relabelled"])
            self._text.draw(painter, x + used, y, width - used, f" → {_label(row.labels)}")
        if self.metrics.lines > 1:
            y += self.metrics.line_height
            if row.flagged and row.state is not State.DECIDED:
                self._draw_finding(painter, x, y, width, row)
            elif row.verdict is not None:
                painter.setPen(theme.of_verdict(row.verdict))
                word = self._verdicts.get(row.verdict, row.verdict)
                self._text.draw(painter, x, y, width, word)

    def _draw_finding(self, painter: QPainter, x: int, y: int, width: int, row: Row) -> None:
        painter.setPen(self._pens["flagged"])
        share = "" if row.p_error is None else self.tr("{0} %").format(round(row.p_error * 100))
        room = self._text.width(share)
        kept = room + 6 if share and width > 90 else 0
        if row.suggested:
            text = self.tr("{0}?").format(_label(row.suggested))
            used = self._text.draw(painter, x, y, width - kept, text)
        else:
            used = self._text.draw(painter, x, y, width - kept, self.tr("flagged"))
        if kept and width - used >= kept:
            painter.setPen(self._pens["muted"])
            self._text.draw(painter, x + width - room, y, room, share)

    def _draw_overlays(self, painter: QPainter, box: QRect, row: Row) -> None:
        ratio, now = self.ratio, self._colours
        if row.verdict is not None and row.state is not State.UNSEEN:
            colour = theme.of_verdict(row.verdict)
            glyph = theme.GLYPHS.get(row.verdict, "?")
            badge = self._badges.get(glyph, colour.name(), now.base, ratio)
            painter.drawPixmap(box.right() - BADGE - 1, box.top() + 3, badge)
            painter.fillRect(box.x(), box.bottom() - 2, box.width(), 3, colour)
        if row.flagged:
            badge = self._badges.get(_FLAG, now.flagged, now.base, ratio)
            painter.drawPixmap(box.left() + 3, box.top() + 3, badge)
        if row.note:
            badge = self._badges.get(_NOTE, now.text, now.base, ratio)
            painter.drawPixmap(box.right() - BADGE - 1, box.bottom() - BADGE - 4, badge)

    def _draw_selected(self, painter: QPainter, cell: QRect, picture: QRect) -> None:
        now = self._colours
        painter.setPen(self._selected_pen)
        painter.drawRect(cell.adjusted(1, 1, -2, -2))
        badge = self._badges.get(_SELECTED, now.accent, now.on_accent, self.ratio)
        painter.drawPixmap(picture.left() + 3, picture.bottom() - BADGE - 4, badge)


def _label(labels: tuple[str, ...]) -> str:
    return ", ".join(labels) if labels else "–"  # noqa: RUF001  stands for none


def _reasons(context: QObject) -> dict[str, str]:
    """Why there is no picture, in the words of a cell."""
    return {
        "missing": context.tr("File is missing"),
        "empty": context.tr("File is empty"),
        "truncated": context.tr("File breaks off"),
        "not_an_image": context.tr("Not an image"),
        "decompression_bomb": context.tr("Too large to open"),
        "unsupported_mode": context.tr("Kind of image not supported"),
        "symlink_loop": context.tr("Link leads nowhere"),
        "permission_denied": context.tr("File may not be read"),
        "kills_worker": context.tr("Image crashes its reader"),
        "unreadable": context.tr("Image cannot be read"),
    }
