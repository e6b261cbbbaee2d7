"""Two samples side by side, looked at together: copies, likenesses, a chosen pair."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from auditor.model import ChangeSet
from auditor.session.errors import sentence
from auditor.session.evidence import evidence
from ui import theme
from ui.commands import Commands
from ui.review import layers, pairing
from ui.review.canvas import Canvas, Look
from ui.review.layers import Layer
from ui.review.looking import Looking
from ui.review.loupe import Loupe
from ui.review.pair_facts import PairFacts
from ui.review.pairing import Pairing
from ui.workspace import Workspace

_BLINK_MS = 330
_MOST = 4096
"""Longest side of each: two of them share the memory that one loupe may take."""


class PairView(QWidget):
    """Pairs the sample in focus, or two that are selected, while it is on the screen."""

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._looking = Looking.of(commands)
        self.pairing: Pairing | None = None
        self.left = Loupe(workspace, self, most=_MOST)
        self.right = Loupe(workspace, self, most=_MOST)
        self.over = Canvas(self)
        """Both at one place: in turns, or their difference."""
        self._turns = QTimer(self, interval=_BLINK_MS)
        self._shows_right = False
        self.shows_difference = False
        self._title = QLabel(self)
        self._facts = PairFacts(workspace, self)
        self._blink = self._button(self.tr("Blink"), "look.blink", commands)
        self.difference_button = self._button(self.tr("Difference"), "look.difference", commands)
        self._zoom = self._button(self.tr("1:1"), "look.zoom", commands)
        self._lay_out()
        self._connect()
        self._show(None)

    @property
    def words(self) -> str:
        """The sentence above the pictures."""
        return self._title.text()

    @property
    def is_blinking(self) -> bool:
        return self._turns.isActive()

    def toggle_blink(self) -> None:
        """One after the other at the same place, or side by side again."""
        blinks = not self.is_blinking
        self._side_by_side()
        if blinks and self._can_overlay():
            self._blink.setChecked(True)
            self._turns.start()
            self._turn()

    def toggle_difference(self) -> None:
        """Where the pictures differ, or side by side again."""
        differs = not self.shows_difference
        self._side_by_side()
        if differs and self._can_overlay():
            self.shows_difference = True
            self.difference_button.setChecked(True)
            left, right = self.left.layers[0], self.right.layers[0]
            self._workspace.desk.ask(
                lambda _session: layers.difference(left, right),
                self._show_difference,
                lane="difference",
                owner=self,
                slow=True,
            )

    # made of

    def _lay_out(self) -> None:
        self._title.setWordWrap(True)
        head = QHBoxLayout()
        head.setContentsMargins(12, 6, 8, 6)
        head.addWidget(self._title, 1)
        for button in (self._blink, self.difference_button, self._zoom):
            head.addWidget(button)
            button.setStyleSheet(theme.SWITCH)
        for button in (self._blink, self.difference_button):
            button.setCheckable(True)
        beside = QWidget(self)
        row = QHBoxLayout(beside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.left, 1)
        row.addWidget(self.right, 1)
        self._beside = beside
        self._stage = QStackedLayout()
        self._stage.addWidget(beside)
        self._stage.addWidget(self.over)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(self._stage, 1)
        column.addWidget(self._facts)
        self.setFocusProxy(self.left)
        self.left.setAccessibleName(self.tr("Left picture"))
        self.right.setAccessibleName(self.tr("Right picture"))
        self.over.setAccessibleName(self.tr("Both pictures at one place"))

    def _button(self, text: str, command: str, commands: Commands) -> QToolButton:
        action = commands.action(command)
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(f"{action.text()}  {action.shortcut().toString()}".rstrip())
        button.setAccessibleName(action.text())
        button.clicked.connect(action.trigger)
        return button

    def _connect(self) -> None:
        for canvas in (self.left, self.right, self.over):
            canvas.look_changed.connect(self._look_together)
        self._turns.timeout.connect(self._turn)
        self._looking.compare_wanted.connect(self._read)
        self._looking.blink_wanted.connect(self.toggle_blink)
        self._looking.difference_wanted.connect(self.toggle_difference)
        self._workspace.focus_changed.connect(self._on_focus)
        self._workspace.selection_changed.connect(self._on_selection)
        self._workspace.rows_changed.connect(self._on_change)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._looking.is_comparing = True
        self._read()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._looking.is_comparing = False
        self._side_by_side()

    # which two

    def _chosen(self) -> tuple[int, int] | None:
        if self._looking.pair is not None:
            return self._looking.pair
        selection = self._workspace.selection
        return (int(selection[0]), int(selection[1])) if len(selection) == 2 else None

    def _read(self) -> None:
        if not self.isVisible():
            return
        chosen, focus = self._chosen(), self._workspace.focus
        check_id = self._workspace.view.check_id
        self._workspace.desk.ask(
            lambda session: session.read(
                lambda db: pairing.find(lambda i: evidence(db, i, check_id), focus, chosen)
            ),
            self._show,
            lambda error: self._say(sentence(error)),
            lane="pair",
            owner=self,
        )

    def _on_focus(self, focus: int | None) -> None:
        """Going from one of the two to the other is no new comparison."""
        if self.pairing is None or focus not in (self.left.sample_id, self.right.sample_id):
            self._looking.pair = None
            self._read()
        else:
            self._facts.mark(focus)

    def _on_selection(self) -> None:
        self._looking.pair = None
        self._read()

    def _on_change(self, changes: ChangeSet) -> None:
        ids = changes.sample_ids
        if ids is None or {self.left.sample_id, self.right.sample_id} & set(ids):
            self._read()

    def _show(self, found: Pairing | None) -> None:
        self.pairing = found
        left = found.left.sample_id if found else self._workspace.focus
        right = found.right.sample_id if found else None
        if (left, right) != (self.left.sample_id, self.right.sample_id):
            self._side_by_side()
            self.left.show_sample(left)
            self.right.show_sample(right)
        self._facts.tell(found)
        self._facts.mark(self._workspace.focus)
        if found is None:
            self._say(
                self.tr("Nothing in focus")
                if left is None
                else self.tr(
                    "No copy and no likeness is known. Select two samples to compare them."
                )
            )
        elif not self.shows_difference:
            self._say(pairing.title(found))

    def _say(self, words: str) -> None:
        self._title.setText(words)

    # looking at both

    def _look_together(self, look: Look) -> None:
        for canvas in (self.left, self.right, self.over):
            if canvas is not self.sender():
                canvas.set_look(look)

    def _can_overlay(self) -> bool:
        return bool(self.left.layers and self.right.layers)

    def _side_by_side(self) -> None:
        self._turns.stop()
        self._shows_right = self.shows_difference = False
        self._blink.setChecked(False)
        self.difference_button.setChecked(False)
        self._stage.setCurrentWidget(self._beside)
        if self.pairing is not None:
            self._say(pairing.title(self.pairing))

    def _turn(self) -> None:
        loupe = self.right if self._shows_right else self.left
        self.over.say(self.tr("Right") if self._shows_right else self.tr("Left"))
        self._shows_right = not self._shows_right
        self._overlay(loupe.layers)

    def _overlay(self, shown: tuple[Layer, ...]) -> None:
        self.over.set_layers(shown)
        self._stage.setCurrentWidget(self.over)
        self.over.set_look(self.left.look)

    def _show_difference(self, found: tuple[Layer, int]) -> None:
        if not self.shows_difference:
            return
        layer, largest = found
        self.over.say("")
        self._overlay((layer,))
        if largest == 0:
            self._say(self.tr("No difference: the pictures are the same, pixel for pixel."))
        else:
            self._say(
                self.tr("White is where they differ most: by {levels} of 255 levels.").format(
                    levels=largest
                )
            )
