"""The sample under the mouse: a thumbnail and its labels, beside the pointer."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from auditor.session import browsing
from auditor.session.browsing import Row
from ui.charts.base import checked
from ui.workspace import Workspace

_SIDE = 112
_WAIT_MS = 60
_ASIDE = 18


class MapCard(QFrame):
    """Lies over the map and is never in the way of the mouse."""

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._workspace = workspace
        self._sample_id: int | None = None
        self._at = QPoint()
        self._picture = QLabel(self)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words = QLabel(self)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self._picture)
        column.addWidget(self._words)
        self._wait = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._wait.timeout.connect(self._ask)
        workspace.thumbnails.ready.connect(self._on_thumbnail)
        self.hide()

    def show_sample(self, sample_id: int | None, at: QPoint) -> None:
        """Show it once the mouse rests; None hides the card."""
        self._at = at
        if sample_id == self._sample_id:
            return
        self._sample_id = sample_id
        if sample_id is None:
            self._wait.stop()
            self.hide()
        else:
            self._wait.start()

    def _ask(self) -> None:
        wanted, view = self._sample_id, checked(self._workspace.view)
        if wanted is not None:
            self._workspace.desk.ask(
                lambda session: session.read(lambda db: browsing.rows(db, view, [wanted])),
                self._show,
                lane="map-card",
                owner=self,
            )

    def _show(self, rows: list[Row]) -> None:
        if not rows or rows[0].sample_id != self._sample_id:
            return
        row = rows[0]
        self._words.setText("\n".join(self._sentences(row)))
        self._draw(self._workspace.thumbnails.get(row.sample_id))
        self.adjustSize()
        self._place()
        self.show()
        self.raise_()

    def _sentences(self, row: Row) -> list[str]:
        said = [", ".join(row.labels) or self.tr("no label")]
        if row.flagged and row.suggested:
            said.append(self.tr("suggested: {label}").format(label=", ".join(row.suggested)))
        if row.p_error is not None:
            said.append(self.tr("p_error {value:.2f}").format(value=row.p_error))
        return said

    def _on_thumbnail(self, sample_id: int) -> None:
        if sample_id == self._sample_id and self.isVisible():
            self._draw(self._workspace.thumbnails.get(sample_id))
            self.adjustSize()
            self._place()

    def _draw(self, pixmap: QPixmap | None) -> None:
        self._picture.setVisible(pixmap is None or not pixmap.isNull())
        if pixmap is None or pixmap.isNull():
            self._picture.setText("…")
            return
        ratio = self.devicePixelRatioF()
        side = round(_SIDE * ratio)
        scaled = pixmap.scaled(
            side,
            side,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        scaled.setDevicePixelRatio(ratio)
        self._picture.setPixmap(scaled)

    def _place(self) -> None:
        """Beside the pointer, within the map."""
        parent = self.parentWidget()
        room, size = parent.size() if parent else self.size(), self.size()
        x, y = self._at.x() + _ASIDE, self._at.y() + _ASIDE
        if x + size.width() > room.width():
            x = self._at.x() - _ASIDE - size.width()
        if y + size.height() > room.height():
            y = self._at.y() - _ASIDE - size.height()
        self.move(max(x, 0), max(y, 0))
