"""`molthub completion`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from molthub.cli.terminal import terminal


class Shell(StrEnum):
    """The shells typer knows."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


def completion(shell: Annotated[Shell, typer.Argument(help="The shell to complete in")]) -> None:
    """Print the shell's completion script

    `molthub --install-completion` puts it in place for the shell you are in.
    """
    from typer import completion as shells  # it exports no names to type checkers

    script = getattr(shells, "get_completion_script")(  # noqa: B009
        prog_name="molthub", complete_var="_MOLTHUB_COMPLETE", shell=shell.value
    )
    terminal().data(script)
