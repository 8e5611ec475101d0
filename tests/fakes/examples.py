"""The command tree, and the examples in its help, as they are written there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from molthub.cli.tree import command_tree

_INDENT = "  "


def commands() -> Iterator[tuple[str, Any]]:
    """`molthub template list` and its command, for every command that runs something, in the order of the help."""
    yield from _below("molthub", command_tree())


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for child in command.list_commands(None):
        yield from _below(f"{name} {child}", below[child])


def examples(command: Any) -> list[str]:
    """What its help shows below `Examples:`, continued lines with their backslash and all."""
    _, heading, text = (command.epilog or "").partition("Examples:\n")
    found: list[str] = []
    for line in text.splitlines() if heading else ():
        shown = line.removeprefix(_INDENT)
        if found and found[-1].endswith("\\"):
            found[-1] += f"\n{shown}"
        else:
            found.append(shown)
    return found


def every_example() -> list[str]:
    """Those of all commands, in the order of the help."""
    return [one for _, command in commands() for one in examples(command)]
