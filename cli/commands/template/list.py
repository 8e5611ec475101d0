"""`molthub template list`."""

from __future__ import annotations

import typer

from molthub.cli.options import NoColorOption, Output, OutputOption, RefOption, RepoOption
from molthub.cli.templating import open_templates
from molthub.cli.terminal import terminal


def list_templates(
    ctx: typer.Context,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> None:
    """List the templates there are

    Molthub's own, and the fleet's; one of the fleet's takes the place of Molthub's of the same name, which is
    still there as builtin/NAME. Outside of a fleet repository only Molthub's.
    """
    from molthub.cli.views import diagnostics
    from molthub.cli.views import templates as view

    term = terminal(no_color=no_color)
    known = open_templates(ctx, repo=repo, ref=ref).catalogue
    if output is Output.JSON:
        term.json(view.list_data(known))
        return
    term.data(view.listing(known, colour=term.colour_out))
    wrong = [item for file in known.broken for item in file.diagnostics]
    if wrong:
        term.say(diagnostics.human(wrong, colour=term.colour_err))
