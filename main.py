"""Dataset Auditor from a checkout: `python main.py COMMAND` is what `auditor COMMAND` is installed."""

from __future__ import annotations

import multiprocessing


def main() -> None:
    """Run one command and exit with its code."""
    multiprocessing.freeze_support()
    # Workers import this module again: the command line is for the first process only.
    from auditor import cli

    cli.main()


if __name__ == "__main__":
    main()
