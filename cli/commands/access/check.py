"""`molthub access check`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import NoColorOption, Output, OutputOption, RefOption, RepoOption
from molthub.cli.terminal import terminal


def check(
    base: Annotated[
        str | None,
        typer.Option(
            "--base", metavar="REF", help="Every refusal in the commits since REF; by default what stops something now"
        ),
    ] = None,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Show which commits do what nobody allowed

    Judges the whole history of HEAD (or --ref) by its access policies, as the controller does; asks no cloud. Set
    MOLTHUB_ROOT_KEYS to what the controller has. Exits 1 when something is refused that was neither approved nor
    undone.
    """
    from molthub.cli import context
    from molthub.cli.views import access as view
    from molthub.pipeline.access_report import refused

    term = terminal(no_color=no_color)
    source = context.open_source(repo, ref)
    head = source.fetch()
    access = context.access_gate(source).at(head)
    found = refused(access, source, base=source.resolve(base) if base else None, head=head)
    if output is Output.JSON:
        term.json(view.check_data(found, access))
    else:
        term.data(view.check(found, access, colour=term.colour_out))
    return ExitCode.FAILED if any(item.stands for item in found) else ExitCode.OK
