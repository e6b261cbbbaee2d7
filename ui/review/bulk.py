"""What a decision about many samples would change, before it is made."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from auditor.model import Verdict
from auditor.session import previews
from auditor.session.browsing import Ids
from auditor.session.errors import sentence
from auditor.session.previews import DecisionPreview
from ui import theme
from ui.review.choices import Choice
from ui.thumbnails import ThumbnailCache
from ui.workspace import Workspace

_SIDE = 64
_GAP = 6


class BulkPreview(QDialog):
    """Counts, moves and examples; Enter decides, Esc does not."""

    def __init__(
        self, workspace: Workspace, ids: Ids, choice: Choice, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Decide about many samples"))
        self._choice = choice
        self._title = QLabel(self._question(len(ids)), self)
        self._title.setWordWrap(True)
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self._title.setFont(font)
        self._facts = QLabel(self.tr("Counting …"), self)
        self._facts.setWordWrap(True)
        self._facts.setTextFormat(Qt.TextFormat.PlainText)
        self._moves = self._make_moves()
        self._examples = Examples(workspace.thumbnails, self)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._yes = self._buttons.addButton("", QDialogButtonBox.ButtonRole.AcceptRole)
        self._yes.setText(self.tr("Decide"))
        self._yes.setEnabled(False)
        self._yes.setDefault(True)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for part in (self._title, self._facts, self._moves, self._examples, self._buttons):
            column.addWidget(part)
        self._read(workspace, ids)

    @property
    def facts(self) -> str:
        """What is said in words."""
        return self._facts.text()

    @property
    def is_ready(self) -> bool:
        """Whether Enter would decide now."""
        return self._yes.isEnabled()

    def _make_moves(self) -> QTreeWidget:
        moves = QTreeWidget(self)
        moves.setHeaderLabels([self.tr("Label now"), self.tr("Label then"), self.tr("Samples")])
        moves.setRootIsDecorated(False)
        moves.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        moves.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        moves.setAccessibleName(self.tr("How labels would change"))
        moves.header().setStretchLastSection(False)
        for column in (0, 1):
            moves.header().setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        moves.header().setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        moves.setMaximumHeight(200)
        moves.hide()
        return moves

    def _question(self, count: int) -> str:
        texts = {
            Verdict.ACCEPT: self.tr("Accept what is suggested for {count} samples?"),
            Verdict.KEEP: self.tr("Keep the labels of {count} samples?"),
            Verdict.RELABEL: self.tr("Label {count} samples as “{label}”?"),
            Verdict.EXCLUDE: self.tr("Exclude {count} samples?"),
            Verdict.DEFER: self.tr("Put {count} samples aside for later?"),
            None: self.tr("Take back the decisions about {count} samples?"),
        }
        return texts[self._choice.verdict].format(count=f"{count:,}", label=self._choice.label)

    def _read(self, workspace: Workspace, ids: Ids) -> None:
        choice, check_id = self._choice, workspace.view.check_id
        labels = None if choice.label is None else (choice.label,)
        workspace.desk.ask(
            lambda session: session.read(
                lambda db: previews.decision(
                    db, ids, choice.verdict, check_id=check_id, labels=labels
                )
            ),
            self._show,
            lambda error: self._facts.setText(sentence(error)),
            owner=self,
            slow=True,
        )

    def _show(self, preview: DecisionPreview) -> None:
        self._facts.setText("\n".join(self._sentences(preview)))
        none = self.tr("(none)")
        for now, then, count in preview.moves:
            item = QTreeWidgetItem([now or none, then or none, f"{count:,}"])
            item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self._moves.addTopLevelItem(item)
        self._moves.setVisible(bool(preview.moves))
        self._moves.setFixedHeight(self._height_for(len(preview.moves)))
        self._examples.show_ids(preview.examples)
        if preview.changes:
            self._yes.setText(self.tr("Decide about {count}").format(count=f"{preview.changes:,}"))
            self._yes.setEnabled(True)
            self._yes.setFocus()
        self.adjustSize()

    def _height_for(self, rows: int) -> int:
        row = self._moves.sizeHintForRow(0) if rows else 0
        return self._moves.header().sizeHint().height() + row * min(rows, 6) + 6

    def _sentences(self, preview: DecisionPreview) -> list[str]:
        def told(text: str, count: int) -> list[str]:
            return [text.format(count=f"{count:,}")] if count else []

        same = preview.samples - preview.changes - preview.impossible
        return [
            *told(self.tr("{count} samples change; one undo takes it back."), preview.changes),
            *told(
                self.tr("{count} of them were decided before: that is replaced."),
                preview.overwrites,
            ),
            *told(
                self.tr("{count} are left out: nothing is suggested for them."),
                preview.impossible,
            ),
            *told(self.tr("{count} are decided so already."), same),
        ]


class Examples(QWidget):
    """A few of the samples, as one or two lines of thumbnails."""

    _PER_LINE = 8
    _LINES = 2

    def __init__(self, thumbnails: ThumbnailCache, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._ids: tuple[int, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(self.sizeHint().width())
        self.setAccessibleName(self.tr("Examples"))
        thumbnails.ready.connect(self._on_ready)

    def show_ids(self, ids: tuple[int, ...]) -> None:
        self._ids = ids[: self._PER_LINE * self._LINES]
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        lines = -(-len(self._ids) // self._PER_LINE)
        step = _SIDE + _GAP
        return QSize(step * self._PER_LINE - _GAP, max(step * lines - _GAP, 0))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        back = QColor(theme.colours().raised)
        for number, sample_id in enumerate(self._ids):
            line, place = divmod(number, self._PER_LINE)
            box = QRect(place * (_SIDE + _GAP), line * (_SIDE + _GAP), _SIDE, _SIDE)
            painter.fillRect(box, back)
            pixmap = self._thumbnails.get(sample_id)
            if pixmap is not None and not pixmap.isNull():
                painter.drawPixmap(
                    fitted(QRectF(box), pixmap.width(), pixmap.height()),
                    pixmap,
                    QRectF(pixmap.rect()),
                )
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self.update()
        super().changeEvent(event)

    def _on_ready(self, sample_id: int) -> None:
        if sample_id in self._ids:
            self.update()


def fitted(box: QRectF, width: int, height: int) -> QRectF:
    """The largest rectangle of that shape in the middle of the box."""
    scale = min(box.width() / width, box.height() / height)
    target = QRectF(0, 0, width * scale, height * scale)
    target.moveCenter(box.center())
    return target
