"""`molthub status`."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from molthub.cli import context
from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import (
    EnvironmentOption,
    InstancesArgument,
    LabelsOption,
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
    from molthub.cli.listing import Wanted
    from molthub.health.types import StatusRecord
    from molthub.pipeline.types import InstanceView
    from molthub.resources.identity import Identity


class Sort(StrEnum):
    """Ways to sort; molthub.cli.listing.SORTS says how."""

    NAME = "name"
    STATUS = "status"
    HEALTH = "health"
    SYNC = "sync"
    AGE = "age"
    DEPLOYED = "deployed"


WatchOption = Annotated[bool, typer.Option("--watch", "-w", help="Look again and again, until Ctrl-C")]
IntervalOption = Annotated[
    float, typer.Option("--interval", metavar="SECONDS", min=0.1, help="Between two looks of --watch")
]
StatusOption = Annotated[
    list[str] | None, typer.Option("--status", metavar="STATUS", help="Only this status: DEGRADED (repeatable)")
]
HealthOption = Annotated[
    list[str] | None, typer.Option("--health", metavar="HEALTH", help="Only this health: Missing (repeatable)")
]
SyncOption = Annotated[
    list[str] | None, typer.Option("--sync", metavar="SYNC", help="Only this sync: Blocked (repeatable)")
]
SortOption = Annotated[
    Sort, typer.Option("--sort", help="Within each environment: states worst first, oldest, or last deployed first")
]


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked for."""

    instances: tuple[str, ...]
    workspaces: tuple[str, ...]
    environments: tuple[str, ...]
    wanted: Wanted
    sort: str
    repo: str | None
    ref: str | None

    @property
    def one(self) -> str | None:
        """The instance whose page is wanted: the only one that is named."""
        return self.instances[0] if len(self.instances) == 1 else None


def status(
    ctx: typer.Context,
    instances: InstancesArgument = None,
    output: TableOption = TableOutput.TABLE,
    watch: WatchOption = False,
    interval: IntervalOption = 5.0,
    workspace: WorkspaceOption = None,
    environment: EnvironmentOption = None,
    label: LabelsOption = None,
    status_: StatusOption = None,
    health: HealthOption = None,
    sync: SyncOption = None,
    sort: SortOption = Sort.NAME,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Show how the instances are doing

    From Git (HEAD, or --ref) and AWS, by workspace and environment; of one INSTANCE its page: what runs since
    when, the last deployment, what differs, links. When MOLTHUB_DATABASE_URL is set, the controller's last reconcile
    and last error are added. Where an environment has a bucket, a line says who writes to it and what its controller
    last published there. Status: CREATING, RUNNING, DEGRADED, STOPPED, DELETING. Sync: Synced, OutOfSync, Unknown,
    Invalid, Blocked, Suspended. Health: Healthy, Progressing, Degraded, Stopped, Missing, Unknown. Exits 1 when an
    instance shown could not be read (Unknown), and 0 however badly the others do.
    """
    term = terminal(no_color=no_color)
    roots = context.roots_of(ctx)
    roots = replace(roots, providers=functools.cache(roots.providers))  # --watch keeps its connections and caches
    question = Question(
        instances=tuple(instances or ()),
        workspaces=tuple(workspace or ()),
        environments=tuple(environment or ()),
        wanted=_wanted(label, status_, health, sync),
        sort=sort.value,
        repo=repo,
        ref=ref,
    )
    if watch:
        clock = roots.clock()
        pause = functools.partial(clock.sleep, interval, lambda: False)
        _watch(lambda: _look(roots, question, term), output, pause, term)
    found = _look(roots, question, term)
    _print(found, output, term)
    return ExitCode.OK if found.whole else ExitCode.FAILED


def _wanted(
    labels: list[str] | None, statuses: list[str] | None, healths: list[str] | None, syncs: list[str] | None
) -> Wanted:
    from molthub.cli.listing import Wanted, words_of
    from molthub.health.types import Health, Status
    from molthub.resources.states import Verdict

    try:
        return Wanted(
            labels=dict(_label(text) for text in labels or ()),
            statuses=words_of(Status, statuses),
            healths=words_of(Health, healths),
            syncs=words_of(Verdict, syncs),
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise typer.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="-l")
    return key, value


def _look(roots: context.Roots, question: Question, term: Terminal) -> StatusList:
    from molthub.cli.detailing import detail_of
    from molthub.cli.explaining import look_at
    from molthub.cli.published import words_of_writers
    from molthub.pipeline.planner import plan_fleet

    fleet = context.read_fleet(roots, repo=question.repo, ref=question.ref, committed=True)
    collaborators = context.collaborators(roots, fleet)
    scope = context.scope_of(
        fleet.checked,
        workspaces=question.workspaces,
        environments=question.environments,
        instances=question.instances,
    )
    detail = None
    if question.one is not None and not scope.environments:
        planned, view = look_at(fleet, collaborators, question.one)
        views: tuple[InstanceView, ...] = (view,)
        scope = replace(scope, instances=frozenset(), identities=frozenset({view.identity}))
        detail = detail_of(roots, fleet.checked, collaborators, view)
    else:
        planned = plan_fleet(fleet.checked, collaborators, scope=scope)
        views = planned.views
    known = _known(planned.plan.fleet, term)
    found = [_record(view, known.get(view.identity), fleet.commit, roots) for view in views]
    return StatusList(
        fleet=planned.plan.fleet,
        commit=fleet.commit,
        at=roots.now(),
        records=tuple(item for item in found if question.wanted.shows(*item)),
        words=words_of_writers(fleet.checked, collaborators, scope=scope),
        sort=question.sort,
        detail=detail,
        access=planned.access,
    )


def _known(fleet: str, term: Terminal) -> Mapping[Identity, StatusRecord]:
    from molthub.cli.records import controller_statuses
    from molthub.cli.views import diagnostics

    return controller_statuses(fleet, warn=lambda item: term.say(diagnostics.human([item], colour=term.colour_err)))


def _record(
    view: InstanceView, before: StatusRecord | None, commit: str | None, roots: context.Roots
) -> tuple[StatusRecord, Mapping[str, str]]:
    """What AWS and Git say, with what the controller wrote down of it."""
    from molthub.pipeline.status import status_of

    own = dict(view.loaded.model.metadata.labels) if view.loaded else {}
    record = status_of(view, head_commit=commit, now=roots.now(), previous=before.status if before else None)
    if before is not None:
        error = before.last_error if before.head_commit == commit else None  # another commit's is no news
        record = replace(record, last_reconcile_at=before.last_reconcile_at, last_error=error)
    return record, own


def _print(found: StatusList, output: TableOutput, term: Terminal) -> None:
    from molthub.cli.views import documents
    from molthub.cli.views import status as view

    if output in (TableOutput.JSON, TableOutput.YAML):
        term.data(documents.text(view.data(found), form=output.value))
    else:
        term.data(view.human(found, wide=output is TableOutput.WIDE, colour=term.colour_out))


def _watch(look: Callable[[], StatusList], output: TableOutput, pause: Callable[[], None], term: Terminal) -> NoReturn:
    """On a terminal the table is redrawn in place; elsewhere each look is appended, JSON as one line.

    A look that fails for the moment (throttled, the host does not answer) is told, and the next one comes.
    """
    from molthub.cli.views import status as view

    if output is not TableOutput.JSON and term.out.isatty():
        _live(look, output, pause, term)
    while True:
        found = _or_trouble(look)
        if isinstance(found, str):
            term.say(found)
        elif output is TableOutput.JSON:
            term.data(json.dumps(view.data(found), ensure_ascii=True))
        else:
            _print(found, output, term)
        term.out.flush()
        pause()


def _or_trouble(look: Callable[[], StatusList]) -> StatusList | str:
    """What was seen, or why nothing could be seen just now."""
    from molthub.cli.views.text import safe
    from molthub.errors import TransientError, WaitingError

    try:
        return look()
    except (TransientError, WaitingError) as error:
        return f"not looked at just now: {error.ref} {safe(error.diagnostic.message)}"


def _live(look: Callable[[], StatusList], output: TableOutput, pause: Callable[[], None], term: Terminal) -> NoReturn:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from molthub.cli.views import status as view

    console = Console(file=term.out, highlight=False, no_color=not term.colour_out)
    seen = ""
    with Live(console=console, auto_refresh=False, screen=False) as live:
        while True:
            found = _or_trouble(look)
            if isinstance(found, str):
                shown = f"{seen}\n\n{found}"
            else:
                shown = seen = view.human(found, wide=output is TableOutput.WIDE, colour=term.colour_out)
            live.update(Text.from_ansi(shown, no_wrap=True), refresh=True)
            pause()
