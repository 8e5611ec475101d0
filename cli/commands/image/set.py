"""`molthub image set`."""

from __future__ import annotations

from typing import Annotated

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
    LabelsOption,
    NoColorOption,
    Output,
    OutputOption,
    RepoOption,
    WorkspaceOption,
)


def set_image(
    ctx: typer.Context,
    arguments: Annotated[
        list[str],
        typer.Argument(metavar="[INSTANCE]... IMAGE", help="The instances, and the image last"),
    ],
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
    """Set the image that instances run, as a commit

    With a pinned tag or a digest; the guardrails refuse any other. The rollout is rolling and goes back by itself
    when the new version fails.
    """
    from molthub.pipeline.actions.fields import SetImage

    *names, image = arguments
    chosen = selector_of(names, labels=selector, environments=environment, workspaces=workspace, everything=everything)
    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    return act(ctx, SetImage(chosen, image), how)
