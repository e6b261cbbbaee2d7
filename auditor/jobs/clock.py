"""A clock of work: it stands still while the work is held."""

from __future__ import annotations

import time


class WorkClock:
    """Seconds since some moment, without those for which it was stopped."""

    def __init__(self) -> None:
        self._stopped_at: float | None = None
        self._lost = 0.0

    def __call__(self) -> float:
        stopped_at = self._stopped_at
        return (time.monotonic() if stopped_at is None else stopped_at) - self._lost

    def stop(self) -> None:
        """Stand still; nothing changes where it does already."""
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()

    def start(self) -> None:
        if self._stopped_at is not None:
            self._lost += time.monotonic() - self._stopped_at
            self._stopped_at = None
