"""Questions to the engine while no project is open, answered off the Qt thread."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal, Slot

log = logging.getLogger(__name__)

T = TypeVar("T")


class Reader(QObject):
    """Asks one thing at a time for one widget: a newer question, or `drop`, forgets the older.

    It belongs to the application and goes when it is closed and its last thread has ended, so that
    no thread ever holds a widget that is gone.
    """

    _deliver = Signal(object)

    def __init__(self) -> None:
        super().__init__(QCoreApplication.instance())
        self._turn = 0
        self._under_way = 0
        self._closed = False
        self._deliver.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def ask(
        self,
        question: Callable[[], T],
        done: Callable[[T], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Answer on a thread of its own; then call one of the two here, or none if dropped."""
        if self._closed:
            return
        self._turn += 1
        self._under_way += 1
        turn = self._turn

        def answer() -> None:
            call = _answer(question, done, failed)
            with contextlib.suppress(RuntimeError):  # the program has ended meanwhile
                self._deliver.emit((turn, call))

        # A daemon: reading a huge folder that nobody waits for must not hold up the program's end.
        threading.Thread(target=answer, name="reader", daemon=True).start()

    def drop(self) -> None:
        """Forget the question that is under way."""
        self._turn += 1

    def close(self) -> None:
        self.drop()
        self._closed = True
        if not self._under_way:
            self.deleteLater()

    @Slot(object)
    def _take(self, answer: tuple[int, Callable[[], object]]) -> None:
        turn, call = answer
        self._under_way -= 1
        if turn == self._turn:
            call()
        if self._closed and not self._under_way:
            self.deleteLater()


def _answer(
    question: Callable[[], T],
    done: Callable[[T], object],
    failed: Callable[[Exception], object],
) -> Callable[[], object]:
    try:
        found = question()
    except Exception as error:  # the border: the Qt thread gets it
        log.info("a source could not be read", exc_info=error)
        return partial(failed, error)
    return partial(done, found)
