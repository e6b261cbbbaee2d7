"""One stream of progress for the window's strip, the command line and the log."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""(stage, done, total) in samples; the last call of a stage has done = total."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """For callers that show nothing."""
