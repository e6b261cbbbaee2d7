"""Decisions by one key each, about the selection or the sample in focus."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QWidget

from auditor.model import ChangeSet, SampleId, Verdict
from auditor.session import Session, evidence
from auditor.session.browsing import Ids
from auditor.session.errors import sentence
from auditor.session.four_way import FourWay
from ui.commands import Command, Commands
from ui.review import choices
from ui.review.bulk import BulkPreview
from ui.review.choices import Choice, RefusedError, Stepped, Why
from ui.review.class_picker import ClassPicker
from ui.review.four_way import ANSWERS, FourWayMode
from ui.review.waiting import Waiting
from ui.workspace import NONE, Workspace

_DIGITS = 9


class Decider(QObject):
    """Writes what the reviewer decides, in order, while the focus is at the next sample already.

    A key is about the sample in focus when it was pressed. Where the write fails, the focus comes
    back to the sample: the first one, of several that fail in a row.
    """

    said = Signal(str)
    """A sentence for the status bar."""
    failed = Signal(str)
    """A sentence about a decision that is not written."""
    decided = Signal(int)
    """So many samples are decided otherwise than before, and that is in the file."""

    def __init__(
        self, workspace: Workspace, commands: Commands, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._window = parent
        self._waiting = Waiting(workspace, self)
        self._in_flight = 0
        self._is_failing = False
        self._four_way = FourWayMode.of(commands)
        for command, run in self._offered():
            commands.add(command, run)

    def decide(self, choice: Choice) -> None:
        """Decide about what is acted on now: one sample at once, several after a preview."""
        ids = self._acted_on()
        if not len(ids):
            return
        if choice.of_two is not None and len(ids) > 1:
            self.said.emit(self.tr("Which of two labels fits is asked of one sample at a time."))
        elif choice.is_one_of_several and len(ids) > 1:
            self.said.emit(self.tr("Several labels are given to one sample at a time."))
        elif choice.nth is None or len(ids) == 1:
            self._decide_about(ids, choice)
        else:
            self._ask_class(choice.nth, lambda name: self._decide_about(ids, _relabel(name)))

    def relabel(self, class_name: str) -> None:
        """Give another label; choosing the one there is keeps it."""
        self.decide(_relabel(class_name))

    def toggle(self, class_name: str) -> None:
        """Put a label beside the others of one sample, or take it away from them."""
        self.decide(_beside(class_name))

    def digit(self, nth: int) -> None:
        """The n-th class, or the n-th answer to the four-way question where that is the mode."""
        if not self._four_way.is_on:
            self.decide(Choice(Verdict.RELABEL, nth=nth))
        elif nth <= len(ANSWERS):
            self.answer(ANSWERS[nth - 1])
        else:
            self.said.emit(self.tr("Press 1 to 4, or Y to choose among all classes."))

    def answer(self, said: FourWay) -> None:
        """Which of two labels fits the sample in focus."""
        keeps = said is FourWay.GIVEN
        self.decide(Choice(Verdict.KEEP if keeps else Verdict.RELABEL, of_two=said))

    def pick(self) -> None:
        """Of two copies keep the one in focus and exclude the other, as one step."""
        if not len(self._acted_on()) or self._workspace.focus is None:
            return
        focus, check_id = self._workspace.focus, self._workspace.view.check_id
        title = self.tr("Keep one of two copies")
        self._act(
            np.array([focus], np.int64),
            lambda session: choices.pick(session, focus, check_id, title),
        )
        self._advance(focus)

    def find_class(self, *, beside: bool = False) -> None:
        """Choose the class by typing its name; `beside` puts it beside the labels there are."""
        ids = self._acted_on()
        if not len(ids):
            return
        picker = ClassPicker(self._workspace.classes, self._window)
        if beside:
            picker.chosen.connect(self.toggle)
        else:
            picker.chosen.connect(lambda name: self._decide_about(ids, _relabel(name)))
        focus, check_id = self._workspace.focus, self._workspace.view.check_id
        if focus is not None:
            self._workspace.desk.ask(
                lambda session: session.read(lambda db: evidence.evidence(db, focus, check_id)),
                lambda known: picker.rank([name for name, _ in known.ranked]),
                owner=picker,
            )
        self._open(picker)

    def undo(self) -> None:
        self._step(choices.undo, self.tr("Undone: {title}"), self.tr("There is nothing to undo."))

    def redo(self) -> None:
        self._step(
            choices.redo, self.tr("Done again: {title}"), self.tr("There is nothing to do again.")
        )

    # deciding

    def _acted_on(self) -> Ids:
        """What a key is about; none, with a sentence, where nothing can be decided."""
        if self._workspace.view.as_of is not None:
            self.said.emit(
                self.tr("This is the set as of an earlier step: go back to now to decide.")
            )
            return NONE
        ids = self._workspace.acted_on()
        if not len(ids):
            self.said.emit(self.tr("There is no sample here to decide about."))
        return ids

    def _decide_about(self, ids: Ids, choice: Choice) -> None:
        if len(ids) <= self._workspace.settings.review.confirm_above:
            self._write(ids, choice)
        else:
            self._preview(ids, choice)

    def _preview(self, ids: Ids, choice: Choice) -> None:
        preview = BulkPreview(self._workspace, ids, choice, self._window)
        preview.accepted.connect(lambda: self._write(ids, choice))
        self._open(preview)

    def _open(self, dialog: QDialog) -> None:
        """Ask in front of the window, which takes the keys again afterwards."""
        if self._window is not None:
            dialog.finished.connect(self._window.activateWindow)
        dialog.open()

    def _write(self, ids: Ids, choice: Choice) -> None:
        check_id = self._workspace.view.check_id
        self._act(ids, lambda session: choices.decide(session, ids, choice, check_id))
        if len(ids) == 1:  # seen at once; the commit comes tens of milliseconds later
            labels = () if choice.is_none else None if choice.label is None else (choice.label,)
            self._workspace.row_expected.emit(int(ids[0]), choice.verdict, labels)
        if len(self._workspace.selection):
            self._workspace.select(NONE)
        if choice.verdict is None:
            self._waiting.mark(ids, waits=True)
            return
        if choice.verdict is not Verdict.DEFER:
            self._waiting.mark(ids, waits=False)
        if choice.is_one_of_several:  # there may be more to say about it
            return
        self._advance(int(ids[0]) if len(ids) == 1 else self._workspace.focus, ids)

    def _act(self, ids: Ids, work: Callable[[Session], int]) -> None:
        self._in_flight += 1
        self._workspace.desk.act(
            work, partial(self._written, len(ids)), partial(self._unwritten, ids), owner=self
        )

    def _advance(self, decided: int | None, beside: Ids = NONE) -> None:
        """Go on to the next sample that waits, never back to an earlier one."""
        place = self._workspace.place(decided)
        if place is None or not self._workspace.settings.review.auto_advance:
            return
        following = self._waiting.after(place, beside)
        if following is not None:
            self._workspace.set_focus(int(self._workspace.ids[following]))
            return
        waiting = self._waiting.before(place)
        self.said.emit(
            self.tr("That was the last of this list; {count} before it still wait.").format(
                count=f"{waiting:,}"
            )
            if waiting
            else self.tr("That was the last of this list: all of it is decided.")
        )

    def _written(self, asked: int, changed: int) -> None:
        self._landed(has_failed=False)
        if asked > 1:
            self.said.emit(
                self.tr("{count} samples decided. One undo takes it back.").format(
                    count=f"{changed:,}"
                )
            )
        self.decided.emit(changed)

    def _unwritten(self, ids: Ids, error: Exception) -> None:
        self._waiting.mark(ids, waits=True)
        unchanged = ChangeSet(frozenset({"review"}), tuple(SampleId(i) for i in ids.tolist()))
        self._workspace.rows_changed.emit(unchanged)  # what was expected did not come
        if not self._is_failing and self._workspace.place(int(ids[0])) is not None:
            self._workspace.set_focus(int(ids[0]))
        self._landed(has_failed=True)
        if isinstance(error, RefusedError):
            self.said.emit(self._words(error.why))
        else:
            self.failed.emit(self.tr("Not decided: {why}.").format(why=sentence(error).rstrip(".")))

    def _landed(self, *, has_failed: bool) -> None:
        self._in_flight -= 1
        self._is_failing = (self._is_failing or has_failed) and self._in_flight > 0

    # the steps

    def _step(self, work: Callable[[Session], Stepped | None], done: str, nothing: str) -> None:
        if self._workspace.view.as_of is not None:
            self._acted_on()
            return

        def tell(step: Stepped | None) -> None:
            if step is None:
                self.said.emit(nothing)
                return
            places = np.flatnonzero(np.isin(self._workspace.ids, step.sample_ids))
            if len(places):
                self._workspace.set_focus(int(self._workspace.ids[places[0]]))
            there = "" if len(places) else self.tr(" (not in this list)")
            self.said.emit(done.format(title=step.title) + there)

        self._workspace.desk.act(
            work, tell, lambda error: self.failed.emit(sentence(error)), owner=self
        )

    def _ask_class(self, nth: int, then: Callable[[str], None]) -> None:
        """The class that the digit means for the sample in focus."""
        focus, check_id = self._workspace.focus, self._workspace.view.check_id
        if focus is None:
            return

        def refuse(error: Exception) -> None:
            why = self._words(error.why) if isinstance(error, RefusedError) else sentence(error)
            self.said.emit(why)

        self._workspace.desk.ask(
            lambda session: choices.nth_class(session, focus, nth, check_id),
            then,
            refuse,
            lane="nth-class",
            owner=self,
            urgent=True,
        )

    # words

    def _words(self, why: Why) -> str:
        return {
            Why.NO_SUGGESTION: self.tr(
                "No label is suggested for this sample: keep it, or choose a class."
            ),
            Why.NO_SUCH_CLASS: self.tr("There are not so many classes."),
            Why.NO_COPY: self.tr("No check found a copy of this sample."),
            Why.NO_PAIR: self.tr(
                "There are not two labels to choose from: press Y for all classes."
            ),
        }[why]

    def _offered(self) -> list[tuple[Command, Callable[[], None]]]:
        def one(name: str, title: str, key: str, run: Callable[[], None], *more: str) -> Offer:
            return Command(f"decide.{name}", title, self.tr("Decide"), (key, *more)), run

        def verdict(choice: Verdict | None) -> Callable[[], None]:
            return lambda: self.decide(Choice(choice))

        digits = [
            one(
                f"class_{nth}",
                self.tr("Class {nth} in order of likelihood").format(nth=nth),
                str(nth),
                partial(self.digit, nth),
            )
            for nth in range(1, _DIGITS + 1)
        ]
        digits += [
            one(
                f"toggle_{nth}",
                self.tr("Class {nth} beside the others, or not").format(nth=nth),
                f"Alt+{nth}",
                partial(self.decide, Choice(Verdict.RELABEL, nth=nth, is_one_of_several=True)),
            )
            for nth in range(1, _DIGITS + 1)
        ]
        none = partial(self.decide, Choice(Verdict.RELABEL, is_none=True))
        tr = self.tr
        return [
            one("accept", tr("Accept the suggestion"), "Return", verdict(Verdict.ACCEPT), "Enter"),
            one("keep", tr("Keep the label"), "K", verdict(Verdict.KEEP)),
            *digits,
            one("none", tr("No class fits"), "0", none),
            one("class", tr("Find a class …"), "T", self.find_class),
            one(
                "class_beside",
                tr("Find a class to put beside the others …"),
                "Alt+T",
                partial(self.find_class, beside=True),
            ),
            one("exclude", tr("Exclude the sample"), "X", verdict(Verdict.EXCLUDE)),
            one("pick", tr("Keep this copy, exclude the other"), "P", self.pick),
            one("defer", tr("Unsure: decide later"), "F", verdict(Verdict.DEFER)),
            one("clear", tr("Take the decision back"), "U", verdict(None)),
            one("undo", tr("Undo"), "Ctrl+Z", self.undo),
            one("redo", tr("Redo"), "Ctrl+Shift+Z", self.redo, "Ctrl+Y"),
        ]


Offer = tuple[Command, Callable[[], None]]


def _relabel(class_name: str) -> Choice:
    return Choice(Verdict.RELABEL, label=class_name)


def _beside(class_name: str) -> Choice:
    return Choice(Verdict.RELABEL, label=class_name, is_one_of_several=True)
