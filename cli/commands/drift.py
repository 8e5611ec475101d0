"""`molthub drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from molthub.cli import context
from molthub.cli.exit_codes import ExitCode, exit_code_of
from molthub.cli.options import (
    EnvironmentOption,
    InstancesArgument,
    NoColorOption,
    Output,
    OutputOption,
    RefOption,
    RepoOption,
    WorkspaceOption,
)
from molthub.cli.terminal import Terminal, terminal
from molthub.errors import MolthubError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from molthub.pipeline.drift import InstanceDrift


def drift(
    ctx: typer.Context,
    instances: InstancesArgument = None,
    output: OutputOption = Output.HUMAN,
    workspace: WorkspaceOption = None,
    environment: EnvironmentOption = None,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Show where AWS is not as it was applied

    Compares what runs with the commit that AWS says was last applied there, attribute by attribute, so what a newer
    commit wants is called pending and not drift; `molthub plan` shows that. Reads AWS and Git (HEAD, or --ref), not the
    controller's database, and writes nothing. Exits 0 without drift, 1 when something differs, and with more than 1
    when something could not be read.
    """
    term = terminal(no_color=no_color)
    try:
        roots = context.roots_of(ctx)
        fleet = context.read_fleet(roots, repo=repo, ref=ref, committed=True)
        scope = context.scope_of(fleet.checked, workspaces=workspace, environments=environment, instances=instances)
        from molthub.pipeline.drift import find_drift

        found = find_drift(fleet.checked, context.collaborators(roots, fleet), scope=scope)
        _print(found, fleet, output, term)
    except MolthubError as error:
        from molthub.cli.views import diagnostics

        term.say(diagnostics.human([error.diagnostic], colour=term.colour_err))
        return max(int(ExitCode.USAGE), int(exit_code_of(error)))
    return _code(found)


def _print(found: Sequence[InstanceDrift], fleet: context.ReadFleet, output: Output, term: Terminal) -> None:
    from molthub.cli.views import fleet_drift as view

    if output is Output.JSON:
        term.json(view.data(found, commit=fleet.commit))
    else:
        term.data(view.human(found, colour=term.colour_out))


def _code(found: Sequence[InstanceDrift]) -> int:
    from molthub.pipeline.drift import DriftState

    states = {item.state for item in found}
    if DriftState.UNKNOWN in states:
        return ExitCode.TRY_AGAIN
    return ExitCode.FAILED if states & {DriftState.DRIFTED, DriftState.UNEXPECTED} else ExitCode.OK
