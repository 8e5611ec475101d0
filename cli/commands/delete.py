"""`molthub delete`."""

from __future__ import annotations

import typer

from molthub.cli.acting import (
    AllOption,
    BranchOption,
    DryRunOption,
    How,
    LabelsOption,
    MessageOption,
    NoPushOption,
    YesOption,
    act,
    selector_of,
)
from molthub.cli.options import (
    EnvironmentOption,
    InstancesArgument,
    NoColorOption,
    Output,
    OutputOption,
    RepoOption,
    WorkspaceOption,
)


def delete(
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
    """Delete instances: their manifests, as a commit

    What AWS has of them is deleted when the commit is applied; secrets can be restored for their recovery window,
    and a persistent state is backed up first. Where the deletion guard would wait for a confirmation, the commit
    carries it. An instance with deletionProtection is refused.
    """
    from molthub.pipeline.actions.whole import Delete

    chosen = selector_of(
        instances, labels=selector, environments=environment, workspaces=workspace, everything=everything
    )
    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    return act(ctx, Delete(chosen), how)
