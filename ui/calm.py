"""Lets what can wait run only while nothing is under way that the user waits for."""

from __future__ import annotations

import threading
import time

_GRACE = 0.05
"""Seconds without anything urgent before the rest begins: one answer often leads to the next ask."""
REST = 0.4
"""Seconds after a decision: quick reviewers make the next one before, and should not wait for counts."""
_PATIENCE = 4.0
"""What can wait does not wait longer than so many seconds."""


class Calm:
    """Counts what is urgent; two cores serve one query at a time, and that should be this one."""

    def __init__(self, head_start: float = 0.0) -> None:
        """For `head_start` seconds the rest waits whatever happens: a list comes first."""
        self._changed = threading.Condition()
        self._urgent = 0
        self._since = time.monotonic() + head_start

    def begin(self) -> None:
        """Something urgent was asked for."""
        with self._changed:
            self._urgent += 1

    def end(self, rest: float = 0.0) -> None:
        """It is answered, or was dropped; `rest` seconds more should be calm."""
        with self._changed:
            self._urgent -= 1
            self._since = max(self._since, time.monotonic() + rest)
            self._changed.notify_all()

    def wait(self, asked: float) -> None:
        """Block until nothing urgent is under way, or patience ends. Never on the Qt thread.

        Patience begins when it was `asked` (time.monotonic): a queue of several ends together.
        """
        deadline = asked + _PATIENCE
        with self._changed:
            while (left := self._left(deadline)) > 0:
                self._changed.wait(left)

    def _left(self, deadline: float) -> float:
        now = time.monotonic()
        until = deadline if self._urgent else min(self._since + _GRACE, deadline)
        return until - now
