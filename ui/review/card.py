"""Everything that is known about the sample in focus, beside its picture."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedLayout, QWidget

from auditor.model import ChangeSet
from auditor.session import Session, evidence
from auditor.session.browsing import View
from auditor.session.errors import sentence
from auditor.session.evidence import Evidence
from ui.commands import Command, Commands
from ui.review import map_veil, where
from ui.review.card_body import CardBody
from ui.review.four_way import FourWayMode
from ui.review.looking import Looking
from ui.review.loupe import Loupe
from ui.review.pieces import MutedLabel
from ui.workspace import Workspace

_AHEAD = 8
_WORDS = 400
"""Width of the words beside the picture."""
_Key = tuple[int, str | None]


_SOON_MS = 60
"""The next sample's evidence is read when the decision that brought this one is written."""
_DECISIONS = frozenset({"review", "action"})


class EvidenceCard(QWidget):
    """What was shown stays until the next sample's evidence is there, which is mostly at once."""

    class_chosen = Signal(str)
    """A class that was clicked: the sample should have it as its label."""
    answered = Signal(object)
    """A FourWay: which of two labels fits."""
    class_toggled = Signal(str)
    """A class to put beside the sample's other labels, or to take away from them."""
    shown = Signal(object)
    """The Evidence that is on the screen now."""
    wanted = Signal()
    """A command is about the card: whoever holds it is to show it."""

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._ready: OrderedDict[_Key, Evidence] = OrderedDict()
        self._age = 0
        self._is_laid_out = False
        self.evidence: Evidence | None = None
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self._prefetch)
        self.loupe = Loupe(workspace, self)
        self.body = CardBody(workspace, FourWayMode.of(commands), self)
        self._looking = Looking.of(commands)
        self._empty = MutedLabel(self.tr("Nothing in focus"), self)
        self._lay_out()
        commands.add(
            Command("decide.note", self.tr("Write a note"), self.tr("Decide"), ("N",)), self._write
        )
        title = self.tr("Label map over the picture")
        commands.add(
            Command("look.map", title, self.tr("Look"), ("Shift+O",), checkable=True),
            self._show_map,
        )
        self._map_wanted = commands.action("look.map")
        self._map_wanted.setChecked(True)
        self._connect()
        self._on_focus(workspace.focus)

    @property
    def words(self) -> str:
        """The sentence shown where there is no evidence to show; else ""."""
        return "" if self._stage.currentWidget() is self._parts else self._empty.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The picture is above the words in a tall card, beside them in a wide one."""
        super().resizeEvent(event)
        wide = self.width() > 1.2 * self.height()
        way = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self._parts.orientation() != way:
            self._parts.setOrientation(way)
        elif self._is_laid_out:
            return
        self._is_laid_out = True
        for place, stretch in enumerate((1, 0) if wide else (2, 3)):
            self._parts.setStretchFactor(place, stretch)
        length = self.width() if wide else self.height()
        words = _WORDS if wide else round(0.6 * length)
        self._parts.setSizes([length - words, words])

    def _lay_out(self) -> None:
        self._parts = QSplitter(Qt.Orientation.Vertical, self)
        self._parts.addWidget(self.loupe)
        self._parts.addWidget(self.body)
        self._parts.setChildrenCollapsible(False)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._stage = QStackedLayout(self)
        self._stage.addWidget(self._empty)
        self._stage.addWidget(self._parts)
        self.setFocusProxy(self.loupe)

    def _connect(self) -> None:
        self._workspace.focus_changed.connect(self._on_focus)
        self._workspace.view_changed.connect(self._on_view)
        self._workspace.rows_changed.connect(self._on_change)
        self.body.classes.chosen.connect(self.class_chosen)
        self.body.classes.toggled.connect(self.class_toggled)
        self.body.of_two.answered.connect(self.answered)
        self.body.compare_wanted.connect(self._looking.compare)
        self.body.where.changed.connect(self._show_map)

    def _write(self) -> None:
        if self.evidence is not None:
            self.wanted.emit()
            self.body.ensureWidgetVisible(self.body.note)
            self.body.note.edit()

    def _show_map(self) -> None:
        """Over the picture: where it speaks against its label, else which class is where."""
        heat = self.body.where.heat
        if heat is not None and self._map_wanted.isChecked():
            self.loupe.set_veil(partial(where.paint, heat))
            return
        cells = () if self.evidence is None else self.evidence.label_map
        shows = bool(cells) and self._map_wanted.isChecked()
        self.loupe.set_veil(partial(map_veil.paint, cells) if shows else None)

    # what to show

    def _on_focus(self, focus: int | None) -> None:
        self.loupe.show_sample(focus)
        if focus is None:
            self._say(self.tr("Nothing in focus"))
        else:
            self._show_or_read(focus)

    def _on_view(self, _view: View) -> None:
        if self._workspace.focus is not None:
            self._show_or_read(self._workspace.focus)

    def _on_change(self, changes: ChangeSet) -> None:
        focus, ids = self._workspace.focus, changes.sample_ids
        self._age += 1
        if ids is None or not changes.tables <= _DECISIONS:
            self._ready.clear()
        else:  # a decision says nothing about other samples: what is at hand of them stays
            for place in [one for one in self._ready if one[0] in ids]:
                del self._ready[place]
        if focus is not None and (ids is None or focus in ids):
            self._read(focus)
        else:
            self._soon.start()

    def _show_or_read(self, sample_id: int) -> None:
        ready = self._ready.get((sample_id, self._workspace.view.check_id))
        if ready is not None:
            self._show(ready)
        else:
            self._read(sample_id)

    def _read(self, sample_id: int) -> None:
        check_id, age = self._workspace.view.check_id, self._age

        def keep(found: Evidence) -> None:
            self._keep(found, check_id, age)
            self._show(found)

        def fail(error: Exception) -> None:
            if sample_id == self._workspace.focus:
                self._say(sentence(error))

        self._workspace.desk.ask(
            lambda session: _evidence(session, sample_id, check_id),
            keep,
            fail,
            lane="card",
            owner=self,
            urgent=True,
        )

    def _show(self, found: Evidence) -> None:
        if found.sample_id != self._workspace.focus:
            return
        self.evidence = found
        self.body.tell(found)
        self._show_map()
        self._stage.setCurrentWidget(self._parts)
        self.shown.emit(found)
        self._soon.start()

    def _prefetch(self) -> None:
        """Have the next sample's evidence at hand when the key is pressed."""
        place, ids = self._workspace.place(self._workspace.focus), self._workspace.ids
        if place is None or place + 1 >= len(ids):
            return
        sample_id, check_id, age = int(ids[place + 1]), self._workspace.view.check_id, self._age
        if (sample_id, check_id) not in self._ready:
            self._workspace.desk.ask(
                lambda session: _evidence(session, sample_id, check_id),
                lambda found: self._keep(found, check_id, age),
                lambda _error: None,  # it is said when the sample comes into focus
                lane="card next",
                owner=self,
                urgent=True,
            )

    def _keep(self, found: Evidence, check_id: str | None, age: int) -> None:
        """Unless something changed since it was asked for."""
        if age == self._age:
            self._ready[found.sample_id, check_id] = found
            while len(self._ready) > _AHEAD:
                self._ready.popitem(last=False)

    def _say(self, words: str) -> None:
        self.evidence = None
        self._empty.setText(words)
        self._stage.setCurrentWidget(self._empty)


def _evidence(session: Session, sample_id: int, check_id: str | None) -> Evidence:
    return session.read(lambda db: evidence.evidence(db, sample_id, check_id))
