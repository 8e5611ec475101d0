"""`molthub blame`."""

from __future__ import annotations

import typer

from molthub.cli.commands.history import EveryLineOption, InstanceArgument
from molthub.cli.options import NoColorOption, Output, OutputOption, RefOption, RepoOption
from molthub.cli.terminal import terminal


def blame(
    ctx: typer.Context,  # noqa: ARG001 - as every command has it
    instance: InstanceArgument,
    all_commits: EveryLineOption = False,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> None:
    """Show who made each field of an instance what it is, and when

    By what the fields mean: through renames, moves, new formatting and another order of lists. A field that a merge
    brought is that of the commit that was merged. Of a deleted instance the last state is shown.
    """
    from molthub.cli.looking_back import look_back
    from molthub.cli.views import history as view
    from molthub.history.versions import blame as origins_of

    term = terminal(no_color=no_color)
    with look_back(repo=repo, ref=ref, term=term) as back:
        known = back.past.find(instance)
        origins = origins_of(back.past.versions(known.resource, every_line=all_commits))
        signed = back.signers().look(list(dict.fromkeys(one.record.sha for one in origins)))
        told = view.Blame(fleet=back.fleet, head=back.past.head, known=known, origins=origins, signed=signed)
    if output is Output.JSON:
        term.json(view.blame_data(told))
    else:
        term.data(view.blame_human(told, colour=term.colour_out))
