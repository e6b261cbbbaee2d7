"""One stream of progress for the window's strip, the command line and the log."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""(stage, done, total) in samples; the last call of a stage has done = total."""
Report = Callable[[int, int], None]
"""(done, total) of one piece of work."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """For callers that show nothing."""


def part(report: Report, start: float, end: float) -> Report:
    """A report whose 0..total is the part from `start` to `end` of the whole."""

    def inner(done: int, total: int) -> None:
        report(int(1000 * (start + (end - start) * done / max(total, 1))), 1000)

    return inner
