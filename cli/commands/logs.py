"""`molthub logs`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli import context
from molthub.cli.options import (
    FollowOption,
    InstanceArgument,
    IntervalOption,
    NoColorOption,
    Output,
    OutputOption,
    RefOption,
    RepoOption,
    SinceOption,
    UntilOption,
)
from molthub.cli.terminal import Terminal, terminal

if TYPE_CHECKING:
    from molthub.errors import MolthubError
    from molthub.pipeline.whereabouts import Whereabouts
    from molthub.provider.logs import LogLine, LogQuery, LogReader

LINES = 100
LOOK_BACK = timedelta(days=30)
"""How far back the last lines are looked for where nobody says --since."""

AROUND = timedelta(minutes=15)
"""What a link shows before the newest line."""


class Container(StrEnum):
    """The containers of a task."""

    GATEWAY = "gateway"
    INIT = "init"
    GATE = "gate"


LinesOption = Annotated[
    int | None, typer.Option("-n", "--lines", metavar="N", min=0, help=f"The last N; {LINES} without --since")
]
FilterOption = Annotated[
    str | None,
    typer.Option("--filter", metavar="PATTERN", help="In CloudWatch's filter syntax; see the examples for quoting"),
]
ContainerOption = Annotated[Container | None, typer.Option("--container", help="Only this container; by default all")]
TaskOption = Annotated[
    str | None, typer.Option("--task", metavar="ID", help="Only this task, by the beginning of its id")
]
TimestampsOption = Annotated[bool, typer.Option("--timestamps/--no-timestamps", help="Begin each line with its time")]
MaskOption = Annotated[
    bool, typer.Option("--mask/--no-mask", help="Show what kind a token is instead of what looks like one")
]
LinkOption = Annotated[
    bool, typer.Option("--link", help="Print the address of these lines in the CloudWatch console instead")
]


def logs(
    ctx: typer.Context,
    instance: InstanceArgument,
    output: OutputOption = Output.HUMAN,
    lines: LinesOption = None,
    follow: FollowOption = False,
    since: SinceOption = None,
    until: UntilOption = None,
    pattern: FilterOption = None,
    container: ContainerOption = None,
    task: TaskOption = None,
    timestamps: TimestampsOption = True,
    mask: MaskOption = True,
    link: LinkOption = False,
    interval: IntervalOption = 2.0,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> None:
    """Show what a Moltbot wrote

    The lines of all containers of all its tasks, oldest first, from CloudWatch Logs and with your own AWS
    credentials: they need logs:FilterLogEvents. What a terminal would obey is shown as an escape; -o json prints
    one object a line. Without --since the last lines of at most 30 days are looked for.
    """
    from molthub.pipeline.whereabouts import whereabouts

    term, roots = terminal(no_color=no_color), context.roots_of(ctx)
    if follow and (until or link):
        raise typer.BadParameter("goes with neither --until nor --link", param_hint="--follow")
    where = whereabouts(context.read_fleet(roots, repo=repo, ref=ref).checked, instance)
    query = _query(roots.now(), since=since, until=until, pattern=pattern, container=container, task=task)
    reader = roots.logs()(where.location)
    if link:
        term.data(_link(roots, where, reader, query, term=term, bounded=bool(since or until)))
        return
    printer = _Printer(term, output, timestamps=timestamps, mask=mask)
    count = LINES if lines is None and since is None else lines
    if follow:
        _follow(roots, where, reader, query, count=count, printer=printer, interval=interval)
    found = query.pattern or query.container or query.task
    _show(where, reader, query, count=count, printer=printer)
    if not printer.printed and lines != 0:
        term.say(f"There is no {'such ' if found else ''}line of {where.name} since {query.since:%Y-%m-%d %H:%M:%SZ}.")


def _query(
    now: datetime,
    *,
    since: str | None,
    until: str | None,
    pattern: str | None,
    container: Container | None,
    task: str | None,
) -> LogQuery:
    from datetime import UTC

    from molthub.cli.times import past
    from molthub.provider.logs import LogQuery

    begin = past(since, now, "--since") if since else now - LOOK_BACK
    end = past(until, now, "--until") if until else None
    if end is not None and since and end < begin:
        raise typer.BadParameter("lies before --since", param_hint="--until")
    if end is not None and not since:
        begin = end - LOOK_BACK
    return LogQuery(
        since=begin.astimezone(UTC),
        until=end.astimezone(UTC) if end else None,
        pattern=pattern or "",
        container=container.value if container else "",
        task=task or "",
    )


@dataclass(slots=True)
class _Printer:
    """Prints lines as they come. printed: how many so far."""

    term: Terminal
    output: Output
    timestamps: bool
    mask: bool
    printed: int = 0

    def __call__(self, line: LogLine) -> None:
        from molthub.cli.views import logs as view

        shown = self._masked(line)
        if self.output is Output.JSON:
            self.term.data(view.machine(shown))
        else:
            self.term.data(view.human(shown, colour=self.term.colour_out, timestamps=self.timestamps))
        self.printed += 1

    def _masked(self, line: LogLine) -> LogLine:
        from molthub.manifest.token_formats import masked

        return replace(line, text=masked(line.text)) if self.mask else line

    def trouble(self, error: MolthubError) -> None:
        from molthub.cli.views import diagnostics
        from molthub.errors import Severity

        warning = replace(error.diagnostic, severity=Severity.WARNING)
        self.term.say(diagnostics.human([warning], colour=self.term.colour_err))


def _show(where: Whereabouts, reader: LogReader, query: LogQuery, *, count: int | None, printer: _Printer) -> None:
    """The last `count` of the lines meant, or all of them."""
    if count == 0:
        return
    found = reader.read(where.identity, query) if count is None else reader.newest(where.identity, query, count=count)
    for line in found:
        printer(line)
    printer.term.out.flush()


def _follow(
    roots: context.Roots,
    where: Whereabouts,
    reader: LogReader,
    query: LogQuery,
    *,
    count: int | None,
    printer: _Printer,
    interval: float,
) -> None:
    """The last lines first, whenever there is a log; then what comes, for ever."""
    from molthub.cli.following import Known, follow
    from molthub.errors import TransientError, WaitingError

    known = Known(newest=roots.now())

    def show(line: LogLine) -> None:
        printer(line)
        printer.term.out.flush()

    try:
        if count is None:
            known.newest = query.since
        elif count:
            for line in known.fresh(reader.newest(where.identity, query, count=count)):
                show(line)
    except (TransientError, WaitingError) as error:
        printer.trouble(error)
    follow(
        reader,
        where.identity,
        query,
        known=known,
        clock=roots.clock(),
        interval=interval,
        show=show,
        trouble=printer.trouble,
    )


def _link(
    roots: context.Roots, where: Whereabouts, reader: LogReader, query: LogQuery, *, term: Terminal, bounded: bool
) -> str:
    """To the stream and time of the newest line meant; to the whole group where there is none, or no right to it."""
    from molthub.cli.views.text import safe
    from molthub.errors import MolthubError
    from molthub.provider.console import LogSpan
    from molthub.resources.identity import names_of

    span = LogSpan(
        names_of(where.identity).log_group,
        start=query.since if bounded else None,
        end=query.until,
        pattern=query.pattern,
    )
    try:
        found = reader.newest(where.identity, query, count=1)
    except MolthubError as error:
        term.say(f"The link leads to the whole log group: {safe(error.diagnostic.message)}.")
        found = ()
    for line in found:
        span = replace(span, stream=line.stream, start=span.start or line.at - AROUND)
    return roots.consoles()(where.location).logs(span)
