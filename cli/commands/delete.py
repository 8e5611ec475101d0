"""`molthub delete`."""

from __future__ import annotations

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
from molthub.errors import StallingError

LOOK_BACK = 200
"""How many commits are searched for an earlier delete."""


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

    What AWS has of them is deleted when the commit is applied, by the controller or by `molthub apply` of their
    environment; secrets can be restored for their recovery window, and a persistent state is backed up first. Where
    the deletion guard would wait for a confirmation, the commit carries it. An instance with deletionProtection is
    refused.
    """
    from molthub.pipeline.actions.whole import Delete

    chosen = selector_of(
        instances, labels=selector, environments=environment, workspaces=workspace, everything=everything
    )
    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    try:
        return act(ctx, Delete(chosen), how)
    except StallingError as error:
        gone = _gone_before(how, chosen.names) if error.ref == "MH-PIPE-001" else frozenset()
        if not gone:
            raise
        return act(ctx, Delete(chosen, gone), how)


def _gone_before(how: How, names: tuple[str, ...]) -> frozenset[str]:
    """Which of the names were deleted lately by this very command: whoever repeats it shall not fail."""
    from molthub.pipeline.actions.whole import deleted_before

    target = context.open_target(how.repo, branch=how.branch, push=not how.no_push)
    with target.lock():
        base = target.base()
    return deleted_before(target.recent(base.commit, LOOK_BACK), names)
