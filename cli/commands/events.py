"""`molthub events`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli import context
from molthub.cli.options import Output, OutputOption
from molthub.cli.terminal import terminal
from molthub.cli.times import past


def events(
    ctx: typer.Context,
    instance: Annotated[
        str | None, typer.Argument(metavar="INSTANCE", help="WORKSPACE/ENVIRONMENT/NAME, a name, or an id")
    ] = None,
    output: OutputOption = Output.HUMAN,
    since: Annotated[
        str | None, typer.Option("--since", metavar="AGE|TIME", help="For example 30m, 12h, 7d, 2027-01-31T08:00Z")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most so many, the newest")] = 100,
) -> None:
    """Show what the controller did

    Reads the controller's database, which MOLTHUB_DATABASE_URL names; oldest first.
    """
    from molthub.cli.records import find_identity, store
    from molthub.cli.views import events as view

    begin = past(since, context.roots_of(ctx).now(), "--since") if since else None
    with store() as opened:
        identity = find_identity(opened, instance) if instance else None
        found = opened.events(identity, since=begin, limit=limit)
        names = opened.names()
    term = terminal()
    if output is Output.JSON:
        term.json(view.data(found))
    else:
        term.data(view.human(found, names))
