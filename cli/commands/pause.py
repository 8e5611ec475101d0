"""`molthub pause`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli import context
from molthub.cli.acting import (
    AllOption,
    BranchOption,
    DryRunOption,
    How,
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
from molthub.cli.times import future


def pause(
    ctx: typer.Context,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, for whoever finds it stopped", show_default=False)
    ],
    instances: InstancesArgument = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="SPAN|TIME", help="When it resumes by itself: 12h, 3d, 2027-01-07T08:00Z"),
    ] = None,
    selector: LabelsOption = None,
    environment: EnvironmentOption = None,
    workspace: WorkspaceOption = None,
    everything: AllOption = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    no_push: NoPushOption = False,
    branch: BranchOption = None,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Stop instances and keep everything else, as a commit

    The task is stopped; the service, its roles, secrets, logs and state stay. A pause with --until ends by itself at
    its time; the other with `molthub resume`. `molthub status` shows who paused it, why, and until when. Pausing
    again for the same reason until the same time commits nothing.
    """
    from molthub.pipeline.actions.lifecycle import Pause

    now = context.roots_of(ctx).now()
    end = future(until, now, "--until") if until else None
    chosen = selector_of(
        instances, labels=selector, environments=environment, workspaces=workspace, everything=everything
    )
    how = How(repo, "", yes, dry_run, no_push, branch, output, no_color)
    return act(ctx, Pause(chosen, context.committer(repo), reason, end, now), how)
