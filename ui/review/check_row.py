"""One check in the queue: its name, how much it flags, and how far the review of it is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from auditor.session.browsing import Tally
from ui import theme
from ui.review.findings import CheckFindings

_PAD = 8
_BAR = 6


class CheckRow(QAbstractButton):
    """Checked where its findings are the list shown. Decided is solid, deferred is dotted."""

    def __init__(self, findings: CheckFindings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        # A click leaves the focus with the pictures: Enter is to decide, not to press this again.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_findings(findings)

    def show_findings(self, findings: CheckFindings) -> None:
        self.findings = findings
        self.tally = findings.tally
        self._speak()

    def show_tally(self, tally: Tally) -> None:
        self.tally = tally
        self._speak()

    def sizeHint(self) -> QSize:
        line = QFontMetrics(self.font()).height()
        return QSize(220, 2 * line + _BAR + 3 * _PAD)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
        super().changeEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        now = theme.colours()
        self._draw_frame(painter, now)
        inside = QRectF(self.rect()).adjusted(_PAD + 3, _PAD, -_PAD, -_PAD)
        line = QFontMetrics(self.font()).height()
        top = QRectF(inside.x(), inside.y(), inside.width(), line)
        bottom = QRectF(inside.x(), inside.bottom() - line, inside.width(), line)
        count = f"{theme.GLYPHS['flagged']} {self.tally.samples:,}"
        used = self._draw(painter, top, count, now.flagged, Qt.AlignmentFlag.AlignRight, bold=True)
        title = ("⚠ " if self.findings.stale else "") + self.findings.title
        top.setWidth(top.width() - used - _PAD)
        self._draw(painter, top, title, now.text, Qt.AlignmentFlag.AlignLeft, bold=True)
        self._draw_bar(painter, QRectF(inside.x(), top.bottom() + 5, inside.width(), _BAR), now)
        self._draw(painter, bottom, self._standing(), now.muted, Qt.AlignmentFlag.AlignLeft)
        painter.end()

    def _draw_frame(self, painter: QPainter, now: theme.Colours) -> None:
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        is_raised = self.isChecked() or self.underMouse()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(now.raised if is_raised else now.window))
        painter.drawRoundedRect(box, 6, 6)
        if self.isChecked():
            painter.setBrush(QColor(now.accent))
            painter.drawRoundedRect(QRectF(box.x(), box.y() + 6, 4, box.height() - 12), 2, 2)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(now.accent))
            painter.drawRoundedRect(box, 6, 6)

    def _draw(
        self,
        painter: QPainter,
        box: QRectF,
        text: str,
        colour: str,
        align: Qt.AlignmentFlag,
        *,
        bold: bool = False,
    ) -> float:
        font = self.font()
        font.setBold(bold)
        painter.setFont(font)
        painter.setPen(QColor(colour))
        metrics = QFontMetrics(font)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
        painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter, shown)
        return metrics.horizontalAdvance(shown)

    def _draw_bar(self, painter: QPainter, box: QRectF, now: theme.Colours) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(now.line))
        painter.drawRoundedRect(box, _BAR / 2, _BAR / 2)
        every = max(self.tally.samples, 1)
        x = box.x()
        parts = (
            (self.tally.decided, QBrush(QColor(now.kept))),
            (self.tally.deferred, QBrush(QColor(now.deferred), Qt.BrushStyle.Dense4Pattern)),
        )
        for count, brush in parts:
            width = box.width() * count / every
            painter.fillRect(QRectF(x, box.y(), width, box.height()), brush)
            x += width

    def _standing(self) -> str:
        if not self.tally.unseen and not self.tally.deferred:
            return self.tr("all decided")
        parts = [self.tr("{count} to look at").format(count=f"{self.tally.unseen:,}")]
        if self.tally.deferred:
            parts.append(self.tr("{count} put aside").format(count=f"{self.tally.deferred:,}"))
        return " · ".join(parts)

    def _speak(self) -> None:
        self.setAccessibleName(
            self.tr("{title}: {flagged} flagged, {decided} decided, {standing}").format(
                title=self.findings.title,
                flagged=self.tally.samples,
                decided=self.tally.decided,
                standing=self._standing(),
            )
        )
        self.setToolTip(
            self.tr("{decided} of {flagged} decided").format(
                decided=f"{self.tally.decided:,}", flagged=f"{self.tally.samples:,}"
            )
        )
        self.update()
