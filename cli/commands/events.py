"""`molthub events`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from molthub.cli import context
from molthub.cli.options import Output, OutputOption
from molthub.cli.terminal import terminal

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


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

    begin = _since(since, context.roots_of(ctx).now()) if since else None
    with store() as opened:
        identity = find_identity(opened, instance) if instance else None
        found = opened.events(identity, since=begin, limit=limit)
        names = {record.identity: record.name for record in opened.statuses()}
    term = terminal()
    if output is Output.JSON:
        term.json(view.data(found))
    else:
        term.data(view.human(found, names))


def _since(text: str, now: datetime) -> datetime:
    """An age before now, or an ISO time; one without a zone is UTC."""
    age = re.fullmatch(r"(?P<count>[0-9]{1,6})(?P<unit>[smhd])", text)
    if age:
        return now - timedelta(**{UNITS[age["unit"]]: int(age["count"])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither an age like 12h nor a time", param_hint="--since") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
