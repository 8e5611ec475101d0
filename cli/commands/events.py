"""`molthub events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from molthub.cli import context
from molthub.cli.options import (
    EnvironmentOption,
    FollowOption,
    IntervalOption,
    Output,
    OutputOption,
    SinceOption,
    UntilOption,
    WorkspaceOption,
)
from molthub.cli.terminal import terminal
from molthub.cli.times import past

if TYPE_CHECKING:
    from datetime import datetime

    from molthub.events.types import EventType
    from molthub.state.store import Store
    from molthub.state.types import EventFilter


TypeOption = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="Only this type, such as task-stopped (repeatable)"),
]
LimitOption = Annotated[int, typer.Option("-n", "--limit", metavar="N", min=1, help="At most so many, the newest")]
InstanceArgument = Annotated[
    str | None, typer.Argument(metavar="INSTANCE", help="WORKSPACE/ENVIRONMENT/NAME, a name, or an id")
]


def events(
    ctx: typer.Context,
    instance: InstanceArgument = None,
    output: OutputOption = Output.HUMAN,
    type_: TypeOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    workspace: WorkspaceOption = None,
    environment: EnvironmentOption = None,
    limit: LimitOption = 100,
    follow: FollowOption = False,
    interval: IntervalOption = 2.0,
) -> None:
    """Show what happened, in one timeline

    What the reconciler did, how rollouts went, why tasks stopped, what was blocked or refused, drift found and put
    right, pauses. Reads the controller's database, which MOLTHUB_DATABASE_URL names; oldest first, times in UTC. Types:
    planned, change-started, change-applied, change-failed, change-waiting, rollout-started, rollout-completed,
    rollout-failed, rolled-back, task-stopped, degraded, drift-detected, drift-healed, blocked, invalid, held, refused,
    paused, resumed, recovered, pruned, synced, notice-lost. With --follow, JSON is one event a line.
    """
    from molthub.cli.records import find_identity, store
    from molthub.cli.views import events as view
    from molthub.state.types import EventFilter

    roots = context.roots_of(ctx)
    if follow and until:
        raise typer.BadParameter("goes not with --follow", param_hint="--until")
    types, (begin, end) = _types(type_), _times(since, until, roots.now())
    with store() as opened:
        wanted = EventFilter(
            identity=find_identity(opened, instance) if instance else None,
            environments=frozenset(context.environment_key(text) for text in environment or ()),
            workspaces=frozenset(workspace or ()),
            types=types,
            since=begin,
            until=end,
        )
        if follow:
            _follow(opened, wanted, output, roots, limit=limit, interval=interval)
        found = [item.event for item in opened.timeline(wanted, limit=limit)]
        names = opened.names()
    term = terminal()
    if output is Output.JSON:
        term.json(view.data(found))
    else:
        term.data(view.human(found, names))


def _follow(
    opened: Store, wanted: EventFilter, output: Output, roots: context.Roots, *, limit: int, interval: float
) -> NoReturn:
    """Print what is there, then what is written down after it, in that order."""
    from molthub.cli.views import events as view

    term, clock = terminal(), roots.clock()
    last = opened.last_number()
    lines = view.Lines(opened.names(), json=output is Output.JSON)
    found = opened.timeline(wanted, limit=limit)
    while True:
        for item in found:
            last = max(last, item.number)
            term.data(lines.line(item.event))
        term.out.flush()
        clock.sleep(interval, lambda: False)
        found = opened.written_after(last, wanted)


def _types(names: list[str] | None) -> frozenset[EventType]:
    from molthub.events.types import EventType

    try:
        return frozenset(EventType(name) for name in names or ())
    except ValueError:
        known = ", ".join(EventType)
        wrong = next(name for name in names or () if name not in list(EventType))
        raise typer.BadParameter(f"{wrong!r} is none of {known}", param_hint="--type") from None


def _times(since: str | None, until: str | None, now: datetime) -> tuple[datetime | None, datetime | None]:
    begin = past(since, now, "--since") if since else None
    return begin, past(until, now, "--until") if until else None
