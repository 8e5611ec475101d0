"""`molthub rename`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli.acting import BranchOption, DryRunOption, How, MessageOption, NoPushOption, YesOption, act
from molthub.cli.options import (
    InstanceArgument,
    NoColorOption,
    Output,
    OutputOption,
    RepoOption,
)


def rename(
    ctx: typer.Context,
    instance: InstanceArgument,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new name alone")],
    message: MessageOption = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    no_push: NoPushOption = False,
    branch: BranchOption = None,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Rename an instance, as a commit

    Its identity stays: the manifest keeps, or gets, the id it was made with, so nothing restarts and the history goes
    on. The file moves along when it is called as the instance was.
    """
    from molthub.pipeline.actions.whole import Rename

    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    return act(ctx, Rename(instance, new), how)
