"""Every exit code of the command line, and which error ends in which (docs/reference/cli.md tells people)."""

from __future__ import annotations

from enum import IntEnum

from molthub.errors import MolthubError, TransientError, WaitingError


class ExitCode(IntEnum):
    """What the shell is told.

    USAGE and CHANGES share 2, as in Terraform; with `--detailed-exitcode` a usage error exits 1, so that 2
    then means changes and nothing else.
    """

    OK = 0
    FAILED = 1  # something is wrong and a person must act
    USAGE = 2  # the command line itself was wrong
    CHANGES = 2  # `plan --detailed-exitcode`: there is something to apply
    TRY_AGAIN = 3  # the surroundings failed or need time: the same command may succeed later
    BUG = 70  # Molthub's own fault (EX_SOFTWARE of sysexits.h)
    INTERRUPTED = 130  # Ctrl-C
    BROKEN_PIPE = 141  # whoever read the output went away


def exit_code_of(error: MolthubError) -> ExitCode:
    """By the error's class, never by its text."""
    return ExitCode.TRY_AGAIN if isinstance(error, TransientError | WaitingError) else ExitCode.FAILED
