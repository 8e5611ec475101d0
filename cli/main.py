"""The entry point: runs a command, and turns whatever goes wrong into clear lines on stderr and an exit code.

A person never meets a traceback; MOLTHUB_DEBUG=1 shows it for whoever mends Molthub.

What people type most while they learn, `--help` and `--version`, is answered before anything is imported, typer
included: its import alone takes longer than the rest of such a call (benchmarks/help_startup.py).
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing itself takes 9 ms to import; mypy knows the name
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from molthub.cli.context import Roots
    from molthub.errors import Diagnostic

BUG_REF = "MH-CLI-001"
HELP_COLUMNS = 80


def main() -> None:
    """What the `molthub` script and `python -m molthub` call."""
    sys.exit(int(run(sys.argv[1:])))


def run(argv: Sequence[str], *, roots: Roots | None = None) -> int:
    """Run one command line and return its exit code. roots: collaborators for tests; context.py's own otherwise."""
    ready = _ready_answer(list(argv))
    try:
        if ready is None:
            code = _guarded(argv, roots)
        else:
            sys.stdout.write(ready)
            code = 0
        sys.stdout.flush()
    except BrokenPipeError:
        from molthub.cli.exit_codes import ExitCode

        # The interpreter flushes stdout once more at exit; give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return ExitCode.BROKEN_PIPE
    return code


def _ready_answer(argv: list[str]) -> str | None:
    """The answer to `--version`, and to `--help` on a terminal as wide as the text that was made for it."""
    if argv in (["--version"], ["-V"]):
        from molthub import __version__

        return f"molthub {__version__}\n"
    if argv in (["--help"], ["-h"]) and _columns() >= HELP_COLUMNS:
        from molthub.cli.help_text import HELP

        return HELP
    return None


def _columns() -> int:
    """The terminal's width, as shutil.get_terminal_size tells it; that module takes 5 ms to import."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(1).columns or HELP_COLUMNS
    except OSError:
        return HELP_COLUMNS


def _guarded(argv: Sequence[str], roots: Roots | None) -> int:
    """The command, with every way to fail told in words."""
    from molthub.cli.exit_codes import ExitCode, exit_code_of
    from molthub.cli.terminal import prepare_streams
    from molthub.errors import Diagnostic, InvalidInputError, MolthubError

    prepare_streams()
    try:
        return _dispatch(argv, roots)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except MolthubError as error:
        _report(error.diagnostics if isinstance(error, InvalidInputError) else (error.diagnostic,), argv)
        return exit_code_of(error)
    except Exception as error:  # noqa: BLE001 - the one place that may: a bug becomes a sentence
        message = f"this is a bug in Molthub ({type(error).__name__})"
        fix = "Run it again with MOLTHUB_DEBUG=1 for the details, and report them"
        _report((Diagnostic(ref=BUG_REF, message=message, fix=fix),), argv)
        return ExitCode.BUG


def _dispatch(argv: Sequence[str], roots: Roots | None) -> int:
    import typer

    from molthub.cli.exit_codes import ExitCode
    from molthub.cli.tree import command_tree

    usage_error: Any = typer.BadParameter.__base__  # its name is exported by neither typer nor, any more, click
    try:
        result = command_tree().main(list(argv), prog_name="molthub", standalone_mode=False, obj=roots)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except usage_error as error:
        error.show()
        return ExitCode.FAILED if "--detailed-exitcode" in argv else ExitCode.USAGE
    return int(result or 0)


def _report(found: tuple[Diagnostic, ...], argv: Sequence[str]) -> None:
    """The diagnostics on stderr; the traceback of what is being handled too, when somebody asked for it."""
    from molthub.cli.terminal import terminal
    from molthub.cli.views import diagnostics

    term = terminal(no_color="--no-color" in argv)
    term.say(diagnostics.human(found, colour=term.colour_err))
    if os.environ.get("MOLTHUB_DEBUG"):
        import traceback

        traceback.print_exc()
