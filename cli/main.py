"""The entry point: runs a command, and turns whatever goes wrong into clear lines on stderr and an exit code.

A person never meets a traceback; MOLTHUB_DEBUG=1 shows it for whoever mends Molthub.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from molthub.cli.exit_codes import ExitCode, exit_code_of
from molthub.cli.terminal import prepare_streams, terminal
from molthub.errors import Diagnostic, InvalidInputError, MolthubError

if TYPE_CHECKING:
    from molthub.cli.context import Roots

BUG_REF = "MH-CLI-001"


def main() -> None:
    """What the `molthub` script and `python -m molthub` call."""
    sys.exit(int(run(sys.argv[1:])))


def run(argv: Sequence[str], *, roots: Roots | None = None) -> ExitCode | int:
    """Run one command line and return its exit code. roots: collaborators for tests; chosen by context.py otherwise."""
    prepare_streams()
    if list(argv) in (["--version"], ["-V"]):  # answered before typer is even imported
        from molthub import __version__

        sys.stdout.write(f"molthub {__version__}\n")
        return ExitCode.OK
    try:
        code = _dispatch(argv, roots)
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes stdout once more at exit; give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return ExitCode.BROKEN_PIPE
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return ExitCode.INTERRUPTED
    except MolthubError as error:
        _report(error)
        return exit_code_of(error)
    except Exception as error:  # noqa: BLE001 - the one place that may: a bug becomes a sentence
        _report_bug(error)
        return ExitCode.BUG
    return code


def _dispatch(argv: Sequence[str], roots: Roots | None) -> int:
    import typer

    from molthub.cli.app import app

    usage_error: Any = typer.BadParameter.__base__  # exported by neither typer nor, any more, click
    try:
        result = app(list(argv), prog_name="molthub", standalone_mode=False, obj=roots)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except usage_error as error:
        error.show()
        return ExitCode.FAILED if "--detailed-exitcode" in argv else error.exit_code
    return int(result or 0)


def _report(error: MolthubError) -> None:
    from molthub.cli.views import diagnostics

    found = error.diagnostics if isinstance(error, InvalidInputError) else (error.diagnostic,)
    term = terminal(no_color="--no-color" in sys.argv)
    term.say(diagnostics.human(found, colour=term.colour_err))
    _debug()


def _report_bug(error: Exception) -> None:
    from molthub.cli.views import diagnostics

    diagnostic = Diagnostic(
        ref=BUG_REF,
        message=f"this is a bug in Molthub ({type(error).__name__})",
        fix="Run it again with MOLTHUB_DEBUG=1 for the details, and report them",
    )
    term = terminal(no_color="--no-color" in sys.argv)
    term.say(diagnostics.human([diagnostic], colour=term.colour_err))
    _debug()


def _debug() -> None:
    if os.environ.get("MOLTHUB_DEBUG"):
        traceback.print_exc()
