"""The command line: every command, and the one border at which errors become sentences."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import platformdirs
import typer

from auditor.cli import about, ask, evaluate, mistakes, packet, planting, project, review, votes

EPILOG = (
    "Exit codes: 0 ran, gate passed · 1 ran, gate failed · 2 wrong usage or input · "
    "3 incomplete (a check was skipped) · 4 internal error, or the project is in use · "
    "130 interrupted; the same command goes on from there."
)

app = typer.Typer(
    name="auditor",
    help="Find dirty samples in a labelled image data set, see why, decide, export clean labels.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (planting, project, review, ask, votes, packet, mistakes, evaluate, about):
    module.register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: list[str]) -> int:
    """Run a command; returns the exit code."""
    try:
        code = app(arguments, standalone_mode=False, prog_name="auditor")
    except KeyboardInterrupt:
        return _fail("interrupted; what was finished is kept", 130)
    except Exception as error:  # noqa: BLE001  the command line's border
        return _explain(error)
    return code if isinstance(code, int) else 0


def _explain(error: Exception) -> int:
    from auditor.cli.errors import code_of
    from auditor.session.errors import sentence

    name = type(error).__name__
    if hasattr(error, "show") and hasattr(error, "exit_code"):  # typer's own usage errors
        error.show()
        return int(error.exit_code)
    if name == "Abort":
        return _fail("interrupted; what was finished is kept", 130)
    code = code_of(error)
    if code is None:
        return _fail(f"internal error: {name}: {error}; {_keep(error)}", 4)
    return _fail(sentence(error), code)


def _keep(error: Exception) -> str:
    """Write the traceback where a report of the error can take it from; says where, or gives it."""
    text = "".join(traceback.format_exception(error))
    try:
        path = platformdirs.user_log_path("dataset-auditor", ensure_exists=True) / "traceback.txt"
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return f"the traceback:\n{text}"
    return f"the traceback is in {path}"


def _fail(sentence: str, code: int) -> int:
    print(f"auditor: {sentence}", file=sys.stderr)
    return code
