"""`molthub audit`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli import context
from molthub.cli.options import NoColorOption, RefOption, RepoOption, SinceOption, UntilOption
from molthub.cli.terminal import Terminal, terminal
from molthub.cli.times import past

if TYPE_CHECKING:
    from molthub.cli.looking_back import LookedBack
    from molthub.pipeline.past.audit import AuditLine, Wanted
    from molthub.state.store import Store


class AuditOutput(StrEnum):
    """How the audit is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


InstanceOption = Annotated[
    str | None, typer.Option("--instance", metavar="INSTANCE", help="Only this one, by any name it has or had")
]
ActorOption = Annotated[
    str | None, typer.Option("--actor", metavar="TEXT", help="Part of a name or address; of a verified signer too")
]
ActionOption = Annotated[
    list[str] | None, typer.Option("--action", metavar="ACTION", help="Such as pause or delete (repeatable)")
]
LimitOption = Annotated[
    int, typer.Option("-n", "--limit", metavar="N", min=0, help="At most so many, the newest; 0 for all")
]


def audit(
    ctx: typer.Context,
    instance: InstanceOption = None,
    actor: ActorOption = None,
    action: ActionOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 100,
    output: Annotated[AuditOutput, typer.Option("-o", "--output", help="How to print the result")] = AuditOutput.TABLE,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> None:
    """Show who did what to the fleet, newest first

    Changes come from Git: instances, environments, templates, the access policy and the fleet itself, and what the
    direct commands left in trailers. What the controller did comes from its database, which MOLTHUB_DATABASE_URL
    names. The author is what a commit claims; SIGNED is what its signature proves, by the keys that access.yaml names
    at the head.
    """
    from molthub.cli.looking_back import look_back
    from molthub.cli.views import audit as view
    from molthub.pipeline.past.audit import Wanted

    term, now = terminal(no_color=no_color), context.roots_of(ctx).now()
    with look_back(repo=repo, ref=ref, term=term) as back:
        wanted = Wanted(
            resource=back.past.find(instance).resource if instance else None,
            actor=actor,
            actions=frozenset(action or ()),
            since=_time(since, now, "--since"),
            until=_time(until, now, "--until"),
            limit=limit + 1 if limit else None,
        )
        found = _lines(back, wanted, term)
    shown = found[: limit or None]
    if output is AuditOutput.JSON:
        term.json(view.data(shown, fleet=back.fleet, head=back.past.head, whole=len(shown) == len(found)))
    elif output is AuditOutput.CSV:
        term.data(view.csv_text(shown))
    else:
        term.data(view.human(shown, colour=term.colour_out))
    if len(shown) < len(found):
        term.say(f"Only the newest {limit} are shown; --limit 0 shows all.")


def _time(text: str | None, now: datetime, option: str) -> datetime | None:
    return past(text, now, option) if text else None


def _lines(back: LookedBack, wanted: Wanted, term: Terminal) -> tuple[AuditLine, ...]:
    from molthub.pipeline.past.audit import from_git, merged

    events: list[AuditLine] = []
    if back.store is None:
        term.say("Only Git is read: the controller's own actions are in its database (MOLTHUB_DATABASE_URL).")
    else:
        events = _events(back.store, back.fleet, wanted)
    return merged(from_git(back.past, wanted, back.signers().look), events, wanted.limit)


def _events(store: Store, fleet: str, wanted: Wanted) -> list[AuditLine]:
    """The controller's actions that are wanted: the newest ones, as many as the limit needs and hardly more."""
    from molthub.pipeline.past.audit import of_event
    from molthub.resources.identity import Identity
    from molthub.state.types import EventFilter

    one = wanted.resource
    identity = Identity(fleet, one.workspace, one.environment, one.id) if one is not None else None
    filtered = EventFilter(identity=identity, since=wanted.since, until=wanted.until)
    asked = wanted.limit
    while True:
        read = [item.event for item in store.timeline(filtered, limit=asked)]
        lines = [line for event in read if event.identity.fleet == fleet and wanted.means(line := of_event(event))]
        if asked is None or wanted.limit is None or len(read) < asked or len(lines) >= wanted.limit:
            return lines
        asked *= 4
