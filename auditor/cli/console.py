"""What the command line says and shows: results to stdout, talk and progress to stderr."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Any

from rich import progress as bars
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table

from auditor.progress import Progress, silent

_WIDE = 1000
"""Columns of a table where no terminal sets its width: a pipe or a file."""
_LINE_EVERY = 5.0
"""Seconds between progress lines where there is no terminal to draw a bar on."""


class Talk:
    """Where a command speaks; `json_wanted` and `quiet` are the user's flags."""

    def __init__(self, *, json_wanted: bool, quiet: bool, show_progress: bool) -> None:
        self.json_wanted, self.quiet = json_wanted, quiet
        self._show_progress = show_progress and not quiet
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)
        self._out = Console(highlight=False, soft_wrap=True)
        # rich takes a pipe for 80 columns wide, and prints no table wider than its console.
        if not self._out.is_terminal:
            self._out.width = _WIDE

    def say(self, text: str) -> None:
        """A sentence on stderr, unless quiet."""
        if not self.quiet:
            self._err.print(escape(text))

    def warn(self, text: str) -> None:
        self._err.print(f"[yellow]{escape(text)}[/yellow]")

    def result(self, value: Mapping[str, Any], text: str | None = None) -> None:
        """The command's result on stdout: JSON where asked for, else the text."""
        if self.json_wanted:
            print(json.dumps(value, ensure_ascii=False, indent=2, default=str))
        elif text:
            self._out.print(escape(text))

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = ""
    ) -> None:
        """A table on stdout; numbers are right-aligned."""
        shown = Table(title=escape(title) or None, title_justify="left", box=None, pad_edge=False)
        for number, name in enumerate(columns):
            numeric = all(isinstance(row[number], int | float) for row in rows)
            justify: JustifyMethod = "right" if numeric and rows else "left"
            shown.add_column(name, justify=justify, overflow="fold")  # a clipped name is none
        for row in rows:
            shown.add_row(*(escape(_cell(value)) for value in row))
        self._out.print(shown)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A bar per stage on a terminal; a JSON line now and then elsewhere."""
        if not self._show_progress:
            yield silent
        elif self._err.is_terminal:
            with _bars(self._err) as shown:
                yield _Bars(shown)
        else:
            yield _Lines()


def _cell(value: object) -> str:
    if value is None:
        return "–"  # noqa: RUF001
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _bars(console: Console) -> bars.Progress:
    return bars.Progress(
        bars.TextColumn("{task.description:<28}"),
        bars.BarColumn(bar_width=None),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
        console=console,
    )


class _Bars:
    def __init__(self, shown: bars.Progress) -> None:
        self._shown = shown
        self._tasks: dict[str, bars.TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if not total:
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._shown.add_task(escape(stage), total=total)
        self._shown.update(self._tasks[stage], completed=done, total=total)


class _Lines:
    def __init__(self) -> None:
        self._last: tuple[str, int, float] = ("", -1, 0.0)
        self._ended: set[str] = set()

    def __call__(self, stage: str, done: int, total: int) -> None:
        stage_before, done_before, spoke = self._last
        now = time.monotonic()
        due = stage != stage_before or (done != done_before and now - spoke >= _LINE_EVERY)
        if not total or stage in self._ended or not (due or done == total):
            return
        if done == total:
            self._ended.add(stage)
        self._last = (stage, done, now)
        print(
            json.dumps({"stage": stage, "done": done, "total": total}), file=sys.stderr, flush=True
        )


@contextmanager
def interruptible(cancel: Event, talk: Talk) -> Iterator[None]:
    """Ctrl+C asks the work to stop and keep what is done; a second one ends it at once."""

    def ask(_signal: int, _frame: FrameType | None) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        cancel.set()
        talk.say("Stopping (once more to end at once) …")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
