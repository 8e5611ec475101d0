"""`molthub wait`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli import context
from molthub.cli.acting import AllOption, selector_of
from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import (
    EnvironmentOption,
    InstancesArgument,
    LabelsOption,
    NoColorOption,
    Output,
    OutputOption,
    RefOption,
    RepoOption,
    WorkspaceOption,
)
from molthub.cli.terminal import Terminal, terminal

if TYPE_CHECKING:
    from molthub.cli.waiting import Instance
    from molthub.manifest.selection import Selector
    from molthub.pipeline.waiting import Goal
    from molthub.resources.identity import Identity

TIMED_OUT = "MH-CLI-013"


class For(StrEnum):
    """What to wait for: molthub.pipeline.waiting.Goal says what each means."""

    HEALTHY = "healthy"
    SYNCED = "synced"
    STOPPED = "stopped"
    DELETED = "deleted"


ForOption = Annotated[For, typer.Option("--for", help="What to wait for")]
CommitOption = Annotated[
    str | None,
    typer.Option("--commit", metavar="REV", help="Not before the followed branch holds this commit; HEAD is yours"),
]
TimeoutOption = Annotated[str, typer.Option("--timeout", metavar="SPAN", help="Give up after that: 90s, 10m, 1h")]
IntervalOption = Annotated[
    float | None,
    typer.Option(
        "--interval",
        metavar="SECONDS",
        min=0.1,
        help="Between two looks; MOLTHUB_ROLLOUT_POLL or 5",
        show_default=False,
    ),
]


def wait(
    ctx: typer.Context,
    instances: InstancesArgument = None,
    goal: ForOption = For.HEALTHY,
    commit: CommitOption = None,
    timeout: TimeoutOption = "10m",
    interval: IntervalOption = None,
    label: LabelsOption = None,
    workspace: WorkspaceOption = None,
    environment: EnvironmentOption = None,
    everything: AllOption = False,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Wait until instances are where they should be

    healthy: it runs, well, and as its manifest says. synced: AWS is as its manifest says. stopped: nothing runs, on
    purpose. deleted: nothing of it is left. Looks at the branch's newest commit each time, so it may be started right
    after a push. Changes nothing: the controller, or `molthub apply`, does the work. Exits 0 when all are there, 1 when
    one does not get there by itself (blocked, invalid, a rollout that failed: it says why), 3 after --timeout.
    """
    from molthub.cli.times import span
    from molthub.cli.waiting import Wait, find
    from molthub.pipeline.waiting import Goal

    term, roots = terminal(no_color=no_color), context.roots_of(ctx)
    selector = selector_of(
        instances, labels=label, environments=environment, workspaces=workspace, everything=everything
    )
    longest = span(timeout, "--timeout")
    wanted = Goal(goal.value)
    fleet = context.read_fleet(roots, repo=repo, ref=ref, committed=True)
    targets = find(roots, fleet, selector.names, wanted) if selector.names else _selected(fleet, selector, wanted)
    waiting = Wait(
        roots,
        fleet,
        wanted,
        targets,
        reread=lambda: context.read_fleet(roots, repo=repo, ref=ref, committed=True),
        tell=lambda text: _tell(term, text),
        commit=_full_hash(fleet, commit) if commit else None,
        interval=interval or context.rollout_poll(),
    )
    found = waiting.until(roots.clock().now() + longest)
    return _end(found, wanted, timeout, output, term)


def _selected(fleet: context.ReadFleet, selector: Selector, goal: Goal) -> dict[Identity, str]:
    from molthub.errors import InvalidInputError
    from molthub.manifest.selection import select
    from molthub.pipeline.waiting import Goal

    documents = fleet.checked.documents
    if goal is Goal.DELETED:
        raise typer.BadParameter("a filter finds manifests, and what is deleted has none: name the instances")
    if documents.fleet is None:
        raise InvalidInputError(fleet.checked.errors or documents.diagnostics)
    name = documents.fleet.model.metadata.name
    return {loaded.identity(name): loaded.display_name for loaded in select(documents, selector)}


def _full_hash(fleet: context.ReadFleet, commit: str) -> str:
    """As this repository knows it; a full hash that it does not hold yet may still come."""
    from molthub.errors import StallingError
    from molthub.source.locations import is_full_hash

    try:
        return fleet.source.resolve(commit)
    except StallingError:
        if is_full_hash(commit):
            return commit
        raise


def _tell(term: Terminal, text: str) -> None:
    from molthub.cli.views.text import safe

    term.say(safe(text))


def _end(found: tuple[Instance, ...], goal: Goal, timeout: str, output: Output, term: Terminal) -> ExitCode:
    from molthub.cli.views import diagnostics
    from molthub.cli.views import wait as view
    from molthub.errors import Diagnostic

    if output is Output.JSON:
        term.json(view.data(found, goal))
    else:
        term.data(view.human(found, goal, colour=term.colour_out))
    hopeless = [item.look.hopeless for item in found if item.look.hopeless is not None]
    late = [item for item in found if not item.look.reached and item.look.hopeless is None]
    if late:
        names = ", ".join(item.name for item in late)
        message = f"not {goal} within {timeout}: {names}"
        fix = "Wait again, or see `molthub status INSTANCE` for what it is doing"
        hopeless.append(Diagnostic(TIMED_OUT, message, fix=fix))
    if hopeless:
        term.say(diagnostics.human(hopeless, colour=term.colour_err))
    if any(item.look.hopeless for item in found):
        return ExitCode.FAILED
    return ExitCode.TRY_AGAIN if late else ExitCode.OK
