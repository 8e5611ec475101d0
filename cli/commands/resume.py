"""`molthub resume`."""

from __future__ import annotations

import typer

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


def resume(
    ctx: typer.Context,
    instances: InstancesArgument = None,
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
    """End a pause, as a commit

    Definition, count and a forced deployment go to AWS in one call, so that the circuit breaker guards the start.
    """
    from molthub.pipeline.actions.lifecycle import Resume

    chosen = selector_of(
        instances, labels=selector, environments=environment, workspaces=workspace, everything=everything
    )
    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    return act(ctx, Resume(chosen), how)
