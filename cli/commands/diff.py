"""`molthub diff`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from molthub.cli import context
from molthub.cli.exit_codes import ExitCode, exit_code_of
from molthub.cli.options import NoColorOption, RepoOption
from molthub.cli.terminal import Terminal, terminal
from molthub.errors import MolthubError


class DiffOutput(StrEnum):
    """How a difference is printed."""

    WORDS = "words"
    UNIFIED = "unified"
    JSON = "json"


def diff(
    ctx: typer.Context,  # noqa: ARG001 - as every command has it
    before: Annotated[str, typer.Argument(metavar="REV", help="A branch, tag or commit, also as main~3")],
    after: Annotated[str, typer.Argument(metavar="REV", help="The other one; by default what is checked out")] = "HEAD",
    instance: Annotated[
        list[str] | None, typer.Option("-i", "--instance", metavar="INSTANCE", help="Only this one (repeatable)")
    ] = None,
    output: Annotated[DiffOutput, typer.Option("-o", "--output", help="How to print the result")] = DiffOutput.WORDS,
    repo: RepoOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Show what differs between two commits of the fleet, in meaning

    A default that is written out, comments, formatting and the place of a file make no difference. Exits 0 when both
    mean the same, 1 when they differ, and with more than 1 when something went wrong.
    """
    term = terminal(no_color=no_color)
    try:
        return _diff(before, after, tuple(instance or ()), output, term, repo=repo)
    except MolthubError as error:
        from molthub.cli.views import diagnostics

        term.say(diagnostics.human([error.diagnostic], colour=term.colour_err))
        return max(int(ExitCode.USAGE), int(exit_code_of(error)))


def _diff(
    before: str, after: str, instances: tuple[str, ...], output: DiffOutput, term: Terminal, *, repo: str | None
) -> int:
    from molthub.cli.views import history as view
    from molthub.pipeline.past.between import between, only

    source = context.open_source(repo, None)
    source.fetch()
    found = between(source, source.resolve(before), source.resolve(after))
    if instances:
        found = only(found, instances, source)
    if output is DiffOutput.JSON:
        term.json(view.diff_data(found))
    elif output is DiffOutput.UNIFIED:
        text = view.diff_unified(found, colour=term.colour_out)
        term.data(text) if text else None
    else:
        term.data(view.diff_human(found, colour=term.colour_out))
    return ExitCode.FAILED if found.entries else ExitCode.OK
