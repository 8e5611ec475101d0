"""`molthub retry`."""

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


def retry(
    ctx: typer.Context,
    instances: InstancesArgument = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="The time to write down: who was retried then or later is left alone, so a script may repeat it",
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
    """Try a failed rollout again, as a commit

    A definition that failed by itself (a crash, a failed health check) is not tried again until its manifest or its
    secrets change; this is that change: spec.lifecycle.restartedAt. `molthub explain INSTANCE` says what failed.
    """
    from molthub.pipeline.actions.lifecycle import Restart

    now = context.roots_of(ctx).now()
    moment = past(at, now, "--at") if at else now
    chosen = selector_of(
        instances, labels=selector, environments=environment, workspaces=workspace, everything=everything
    )
    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    return act(ctx, Restart(chosen, moment, now, name="retry"), how)
