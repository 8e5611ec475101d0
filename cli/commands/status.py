"""`molthub status`."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from molthub.cli import context
from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import (
    EnvironmentOption,
    InstancesArgument,
    NoColorOption,
    RefOption,
    RepoOption,
    TableOption,
    TableOutput,
    WorkspaceOption,
)
from molthub.cli.terminal import Terminal, terminal
from molthub.cli.views.status import StatusList

if TYPE_CHECKING:
    from molthub.pipeline.types import CheckedFleet, Scope


def status(
    ctx: typer.Context,
    instances: InstancesArgument = None,
    output: TableOption = TableOutput.TABLE,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Look again and again, until Ctrl-C")] = False,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=0.1, help="Between two looks of --watch")
    ] = 5.0,
    workspace: WorkspaceOption = None,
    environment: EnvironmentOption = None,
    label: Annotated[
        list[str] | None, typer.Option("-l", "--label", metavar="KEY=VALUE", help="Only with this label (repeatable)")
    ] = None,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Show how the instances are doing

    From Git (HEAD, or --ref) and AWS. When MOLTHUB_DATABASE_URL is set, the controller's last reconcile and last
    error are added. Where an environment has a bucket, a line says who writes to it and what its controller last
    published there. Status: CREATING, RUNNING, DEGRADED, STOPPED, DELETING. Sync: Synced, OutOfSync, Unknown,
    Invalid, Blocked, Suspended. Exits 1 when an instance shown could not be read (Unknown), and 0 however badly
    the others do.
    """
    term = terminal(no_color=no_color)
    roots = context.roots_of(ctx)
    roots = replace(roots, providers=functools.cache(roots.providers))  # --watch keeps its connections and caches
    labels = dict(_label(text) for text in label or ())

    def look() -> StatusList:
        return _look(
            roots,
            lambda fleet: context.scope_of(fleet, workspaces=workspace, environments=environment, instances=instances),
            labels,
            term,
            repo=repo,
            ref=ref,
        )

    if watch:
        _watch(look, output, interval, term)
    found = look()
    _print(found, output, term)
    return ExitCode.OK if found.whole else ExitCode.FAILED


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise typer.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="-l")
    return key, value


def _look(
    roots: context.Roots,
    scope_of: Callable[[CheckedFleet], Scope],
    labels: dict[str, str],
    term: Terminal,
    *,
    repo: str | None,
    ref: str | None,
) -> StatusList:
    from molthub.cli.published import words_of_writers
    from molthub.cli.records import controller_statuses
    from molthub.cli.views import diagnostics
    from molthub.pipeline.planner import plan_fleet
    from molthub.pipeline.status import status_of

    fleet = context.read_fleet(roots, repo=repo, ref=ref, committed=True)
    collaborators, scope = context.collaborators(roots, fleet), scope_of(fleet.checked)
    planned = plan_fleet(fleet.checked, collaborators, scope=scope)
    known = controller_statuses(
        planned.plan.fleet, warn=lambda item: term.say(diagnostics.human([item], colour=term.colour_err))
    )
    records = []
    for view in planned.views:
        own = view.loaded.model.metadata.labels if view.loaded else {}
        if not labels.items() <= own.items():
            continue
        before = known.get(view.identity)
        record = status_of(view, head_commit=fleet.commit, now=roots.now(), previous=before.status if before else None)
        if before is not None:
            error = before.last_error if before.head_commit == fleet.commit else None  # another commit's is no news
            record = replace(record, last_reconcile_at=before.last_reconcile_at, last_error=error)
        records.append((record, dict(own)))
    return StatusList(
        fleet=planned.plan.fleet,
        commit=fleet.commit,
        at=roots.now(),
        records=tuple(records),
        words=words_of_writers(fleet.checked, collaborators, scope=scope),
    )


def _print(found: StatusList, output: TableOutput, term: Terminal) -> None:
    from molthub.cli.views import documents
    from molthub.cli.views import status as view

    if output in (TableOutput.JSON, TableOutput.YAML):
        term.data(documents.text(view.data(found), form=output.value))
    else:
        term.data(view.human(found, wide=output is TableOutput.WIDE, colour=term.colour_out))


def _watch(look: Callable[[], StatusList], output: TableOutput, interval: float, term: Terminal) -> NoReturn:
    """On a terminal the table is redrawn in place; elsewhere each look is appended, JSON as one line."""
    from molthub.cli.views import status as view

    if output is not TableOutput.JSON and term.out.isatty():
        _live(look, output, interval, term)
    while True:
        found = look()
        if output is TableOutput.JSON:
            term.data(json.dumps(view.data(found), ensure_ascii=True))
        else:
            _print(found, output, term)
        term.out.flush()
        time.sleep(interval)


def _live(look: Callable[[], StatusList], output: TableOutput, interval: float, term: Terminal) -> NoReturn:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from molthub.cli.views import status as view

    console = Console(file=term.out, highlight=False, no_color=not term.colour_out)
    with Live(console=console, auto_refresh=False, screen=False) as live:
        while True:
            text = view.human(look(), wide=output is TableOutput.WIDE, colour=term.colour_out)
            live.update(Text.from_ansi(text, no_wrap=True), refresh=True)
            time.sleep(interval)
