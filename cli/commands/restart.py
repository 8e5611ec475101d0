"""`molthub restart`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli import context
from molthub.cli.acting import (
    AllOption,
    BranchOption,
    DryRunOption,
    How,
    MessageOption,
    NoPushOption,
    YesOption,
    act,
    selector_of,
)
from molthub.cli.options import (
    EnvironmentOption,
    InstancesArgument,
    LabelsOption,
    NoColorOption,
    Output,
    OutputOption,
    RepoOption,
    WorkspaceOption,
)
from molthub.cli.times import past


def restart(
    ctx: typer.Context,
    instances: InstancesArgument = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="The time to write down: who was restarted then or later is left alone, so a script may repeat it",
        ),
    ] = None,
    selector: LabelsOption = None,
    environment: EnvironmentOption = None,
    workspace: WorkspaceOption = None,
    everything: AllOption = False,
    message: MessageOption = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    no_push: NoPushOption = False,
    branch: BranchOption = None,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Start instances anew, as a commit

    Sets spec.lifecycle.restartedAt: the controller rolls the same definition out again, and secrets are read anew. One
    that is paused is refused when it is named, and left out when it is selected.
    """
    from molthub.pipeline.actions.lifecycle import Restart

    now = context.roots_of(ctx).now()
    moment = past(at, now, "--at") if at else now
    chosen = selector_of(
        instances, labels=selector, environments=environment, workspaces=workspace, everything=everything
    )
    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    return act(ctx, Restart(chosen, moment, now), how)
