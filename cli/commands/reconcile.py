"""`molthub reconcile`."""

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


def reconcile(
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
    """Ask the controller to look at instances now

    Drift is otherwise noticed within the controller's drift interval. The question is an empty commit, which the
    controller sees at its next poll: it needs the right to push and no AWS credentials, and the history tells of it.
    """
    from molthub.pipeline.actions.lifecycle import Reconcile

    chosen = selector_of(
        instances, labels=selector, environments=environment, workspaces=workspace, everything=everything
    )
    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    return act(ctx, Reconcile(chosen), how)
