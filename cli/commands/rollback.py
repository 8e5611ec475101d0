"""`molthub rollback`."""

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
from molthub.cli.terminal import terminal


def rollback(
    ctx: typer.Context,
    instances: InstancesArgument = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="REV",
            help="A commit, or a version's number in `molthub history`; by default before the last change of what runs",
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
    """Put an instance back to what it was, as a commit

    Its spec becomes that of the earlier version. What is about now stays: its name, labels, a pause, the last restart,
    the deletion protection. One that was deleted comes back whole. Several at once need --to with a commit.
    """
    from molthub.cli.reverting import former_at, former_of
    from molthub.pipeline.actions.rollback import Rollback

    chosen = selector_of(
        instances, labels=selector, environments=environment, workspaces=workspace, everything=everything
    )
    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    roots = context.roots_of(ctx)
    if len(chosen.names) == 1:
        find = former_of(roots, chosen.names[0], to, repo=repo, term=terminal(no_color=no_color))
    elif to is None:
        raise typer.BadParameter("several instances go back to one commit: name it", param_hint="--to")
    else:
        find = former_at(roots, to, repo=repo)
    return act(ctx, Rollback(chosen, find), how)
