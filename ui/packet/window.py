"""A reviewer's packet: one picture, which labels fit, the next. No project is needed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from auditor.session.errors import sentence
from auditor.session.packets import Answer, Item, Reviewing
from ui.notice import Notice
from ui.packet.keeper import Keeper
from ui.packet.labels import LabelRows
from ui.review.canvas import Canvas
from ui.review.class_picker import ClassPicker
from ui.review.layers import of_image
from ui.review.pieces import MutedLabel

_SIZE = (1080, 720)
_SIDE = 380
"""Width of the words beside the picture."""


class PacketWindow(QMainWindow):
    """Each answer is in the file at once; leaving a picture keeps what was chosen for it."""

    closed = Signal(bool)
    """Whether the program should end too."""

    def __init__(self, held: Reviewing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.resize(*_SIZE)
        self._held = held
        self._items = held.manifest.items
        self._place = 0
        self._steps: list[tuple[int, Answer | None]] = []
        """What undo goes back to: places and the answers there before."""
        self._notes: dict[str, str] = {}
        """By item: what was written before there was an answer."""
        self._quits = True
        self._was_warned = False
        """That closing lets go of what could not be saved."""
        self.notice = Notice(self)
        self.progress = QProgressBar(self)
        self.canvas = Canvas(self)
        self.question, self.facts = QLabel(self), MutedLabel(parent=self)
        self.labels = LabelRows(self)
        self.none = QPushButton(self.tr("0   None of the classes fits"), self)
        self.other = QPushButton(self.tr("Another class …  (T)"), self)
        self.note = QLineEdit(self)
        self.back, self.following = QPushButton(self), QPushButton(self)
        self.saved = QLabel(self.tr("Saved"), self)
        self._keeper = Keeper(held, self)
        self._keeper.kept.connect(self._on_kept, Qt.ConnectionType.QueuedConnection)
        self._keeper.failed.connect(self._on_failed, Qt.ConnectionType.QueuedConnection)
        self._dress()
        self._lay_out()
        self._connect()
        first = self._next_open(-1)
        self._go(first or 0)
        if first is None:
            self._tell_done()

    @property
    def item(self) -> Item:
        """The one that is looked at."""
        return self._items[self._place]

    def closeEvent(self, event: QCloseEvent) -> None:
        self._keep_choice()
        error = self._keeper.settle()
        if error is not None and not self._was_warned:
            self._was_warned = True
            self._on_failed(error)
            event.ignore()
            return
        self._keeper.close()
        self.closed.emit(self._quits)
        super().closeEvent(event)

    def close_only(self) -> None:
        """Back to the start window."""
        self._quits = False
        self.close()

    def _dress(self) -> None:
        manifest = self._held.manifest
        title = self.tr("{reviewer}: pictures from {project} – Dataset Auditor")  # noqa: RUF001
        self.setWindowTitle(title.format(reviewer=manifest.reviewer, project=manifest.project))
        self.progress.setAccessibleName(self.tr("Answered so far"))
        self.canvas.setAccessibleName(self.tr("Picture"))
        font = self.question.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        font.setBold(True)
        self.question.setFont(font)
        for label in (self.question, self.facts):
            label.setWordWrap(True)
        self.question.setText(self.tr("Which labels fit? Choose all that do."))
        self.note.setPlaceholderText(self.tr("Note"))
        self.note.setAccessibleName(self.tr("Note"))
        self.back.setText(self.tr("Back  (K)"))
        self.following.setText(self.tr("Next  (Enter)"))
        for button in (self.none, self.other, self.back, self.following):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _lay_out(self) -> None:
        moves = QHBoxLayout()
        moves.addWidget(self.back)
        moves.addWidget(self.following, 1)
        side = QWidget(self)
        words = QVBoxLayout(side)
        words.setContentsMargins(12, 0, 0, 0)
        words.setSpacing(8)
        for widget in (
            self.question,
            self.facts,
            self.labels,
            self.none,
            self.other,
            self.note,
        ):
            words.addWidget(widget)
        words.addStretch(1)
        words.addLayout(moves)
        middle = QSplitter(self)
        middle.setChildrenCollapsible(False)
        for part, share in ((self.canvas, 1), (side, 0)):
            middle.addWidget(part)
            middle.setStretchFactor(middle.count() - 1, share)
        middle.setSizes([_SIZE[0] - _SIDE, _SIDE])
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.addWidget(self.progress)
        column.addWidget(self.notice)
        column.addWidget(middle, 1)
        self.setCentralWidget(page)
        keys = self.tr(
            "1 to 9: fits · Alt+1 to 9: may fit · Enter: next · J K: move without an answer ·"
            " Ctrl+Z: undo"
        )
        self.statusBar().addWidget(MutedLabel(keys, self))
        self.statusBar().addPermanentWidget(self.saved)

    def _connect(self) -> None:
        self.none.clicked.connect(self.say_none)
        self.other.clicked.connect(self.find_class)
        self.back.clicked.connect(lambda: self._step(-1))
        self.following.clicked.connect(self.answer)
        self.note.returnPressed.connect(self.canvas.setFocus)
        self.labels.offer_keys(self)
        for keys, work in (
            (("0",), self.say_none),
            (("T",), self.find_class),
            (("Return", "Enter"), self.answer),
            (("J", "Right", "Down"), lambda: self._step(1)),
            (("K", "Left", "Up"), lambda: self._step(-1)),
            (("N",), self.note.setFocus),
            (("Ctrl+Z",), self.undo),
            (("Ctrl+S",), self._keeper.keep),
            (("Ctrl+W",), self.close_only),
            (("Ctrl+Q",), self.close),
        ):
            for key in keys:
                QShortcut(QKeySequence(key), self, work)

    # looking

    def _go(self, place: int) -> None:
        self._place = place
        item, said = self.item, self._held.answers.get(self.item.item)
        self._show_picture(item)
        remarks = {name: self.tr("given") for name in item.given or ()}
        remarks |= {
            name: self.tr("suggested") for name in item.suggested or () if name not in remarks
        }
        yes, maybe = (said.yes, said.maybe) if said else ((), ())
        self.labels.show_labels(item.candidates, yes, maybe, remarks)
        self.note.setText(said.note if said else self._notes.get(item.item, ""))
        self._tell_facts(said)
        self.canvas.setFocus()

    def _show_picture(self, item: Item) -> None:
        try:
            data = self._held.picture(item)
        except Exception:  # noqa: BLE001  the border: the file may be gone, or changed meanwhile
            data = None
        image = QImage() if data is None else QImage.fromData(data)
        self.canvas.reset()
        self.canvas.set_layers(() if image.isNull() else [of_image(image)])
        self.canvas.say(self.tr("This picture cannot be shown.") if image.isNull() else "")

    def _tell_facts(self, said: Answer | None) -> None:
        parts = [
            self.tr("Picture {n:,} of {all:,}").format(n=self._place + 1, all=len(self._items))
        ]
        if self.item.path is not None:
            parts.append(self.item.path)
        if said is not None and not said.yes and not said.maybe:
            parts.append(self.tr("You said: none fits"))
        elif said is not None:
            parts.append(self.tr("Answered"))
        self.facts.setText(" · ".join(parts))
        done = len(self._held.answers)
        self.progress.setRange(0, max(1, len(self._items)))
        self.progress.setValue(done)
        text = self.tr("{done:,} of {all:,} answered").format(done=done, all=len(self._items))
        self.progress.setFormat(text)

    def _step(self, way: int) -> None:
        """To another picture; what was chosen here is kept as its answer."""
        self._keep_choice()
        place = self._place + way
        if 0 <= place < len(self._items):
            self._go(place)

    def _next_open(self, place: int) -> int | None:
        """The next one without an answer, from the start again after the last."""
        answered = self._held.answers
        waiting = [n for n, one in enumerate(self._items) if one.item not in answered]
        return next((n for n in waiting if n > place), waiting[0] if waiting else None)

    # answering

    def answer(self) -> None:
        """What is chosen is the answer; on to the next."""
        if not self.labels.yes and not self.labels.maybe and not self._is_none():
            self.notice.tell(self.tr("Choose what fits first, or 0 where no class does."))
            return
        self._keep_choice()
        self._advance()

    def say_none(self) -> None:
        """No class fits; on to the next."""
        self._put((), ())
        self._advance()

    def find_class(self) -> None:
        """A class that was not asked about."""
        picker = ClassPicker(self._held.manifest.classes, self, may_add=False)
        picker.chosen.connect(self.labels.say_yes)
        picker.finished.connect(self.activateWindow)
        picker.open()

    def undo(self) -> None:
        """Take the last answer back and look at its picture again."""
        if not self._steps:
            self.notice.tell(self.tr("There is nothing to undo."))
            return
        place, before = self._steps.pop()
        self._held.put_back(self._items[place].item, before)
        self._write()
        self._go(place)

    def _advance(self) -> None:
        following = self._next_open(self._place)
        if following is None:
            self._go(min(self._place + 1, len(self._items) - 1))
            self._tell_done()
        else:
            self.notice.hide()
            self._go(following)

    def _is_none(self) -> bool:
        said = self._held.answers.get(self.item.item)
        return said is not None and not said.yes and not said.maybe

    def _keep_choice(self) -> None:
        """Keep what is chosen, if it says something new; nothing chosen any more is no answer."""
        item = self.item.item
        said, note = self._held.answers.get(item), self.note.text().strip()
        yes, maybe = self.labels.yes, self.labels.maybe
        if yes or maybe or self._is_none():
            if said is None or (yes, maybe, note) != (said.yes, said.maybe, said.note):
                self._put(yes, maybe)
            return
        self._notes[item] = note
        if said is not None:
            self._steps.append((self._place, said))
            self._held.put_back(item, None)
            self._write()

    def _put(self, yes: tuple[str, ...], maybe: tuple[str, ...]) -> None:
        self._steps.append((self._place, self._held.answers.get(self.item.item)))
        self._held.put(self.item.item, yes, maybe, self.note.text().strip())
        self._write()

    def _write(self) -> None:
        self.saved.setText(self.tr("Saving …"))
        self._keeper.keep()

    def _on_kept(self, count: int) -> None:
        if count == len(self._held.answers):
            self.saved.setText(self.tr("Saved"))

    def _on_failed(self, error: Exception) -> None:
        self.saved.setText(self.tr("Not saved"))
        why = self.tr(
            "Your answers could not be saved: {why}. They are still here: Ctrl+S tries again; only"
            " closing the window a second time lets them go."
        )
        self.notice.tell(why.format(why=sentence(error).rstrip(".")), trouble=True)

    def _tell_done(self) -> None:
        self.notice.tell(
            self.tr("Every picture is answered. Send {file} back to where it came from.").format(
                file=self._held.path.name
            ),
            button=self.tr("Show the file"),
            way=lambda: _show(self._held.path),
        )


def _show(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
