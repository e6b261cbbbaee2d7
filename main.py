"""Dataset Auditor: no argument, a project or a packet opens the window, a command runs headless."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

_WRONG_USE = 2


def main() -> None:
    """Open the window or run one command, and exit with its code."""
    multiprocessing.freeze_support()
    # Workers import this module again: windows and commands are for the first process only.
    given = sys.argv[1:]
    if not given or (len(given) == 1 and _is_for_the_window(given[0])):
        sys.exit(_window(given))
    from auditor import cli

    cli.main()


def _is_for_the_window(argument: str) -> bool:
    """Whether it is a project, or a review packet by its name."""
    path = Path(argument)
    return path.suffix in {".audit", ".packet"} or (path / "project.duckdb").is_file()


def _window(given: list[str]) -> int:
    from auditor import screen

    if why_not := screen.why_no_window():
        print(why_not, file=sys.stderr)  # noqa: T201
        return _WRONG_USE
    from ui import app

    return app.main(given)


if __name__ == "__main__":
    main()
