"""The command tree as click has it, built once for a process: that takes longer than many a command."""

from __future__ import annotations

from functools import cache
from typing import Any

from typer.main import get_command

from molthub.cli.app import app


@cache
def command_tree() -> Any:
    """The root. Running it leaves nothing behind in it, so one serves any number of command lines."""
    return get_command(app)
