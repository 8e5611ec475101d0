"""`molthub abort`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli import context
from molthub.cli.acting import (
    BranchOption,
    DryRunOption,
    How,
    MessageOption,
    NoPushOption,
    YesOption,
    act,
)
from molthub.cli.options import (
    InstanceArgument,
    NoColorOption,
    Output,
    OutputOption,
    RepoOption,
)
from molthub.cli.terminal import terminal


def abort(
    ctx: typer.Context,
    instance: InstanceArgument,
    force: Annotated[bool, typer.Option("--force", help="Do not ask AWS whether a rollout is under way")] = False,
    message: MessageOption = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    no_push: NoPushOption = False,
    branch: BranchOption = None,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Stop a rollout that is under way and go back, as a commit

    The instance's spec becomes that of the version before; the controller lets the rollout go for the newer commit.
    Asks AWS first, so that nothing is undone that is already done: for that there is `molthub rollback`.
    """
    from molthub.cli.reverting import check_under_way, former_of
    from molthub.manifest.selection import Selector
    from molthub.pipeline.actions.rollback import Rollback

    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    roots = context.roots_of(ctx)
    find = former_of(roots, instance, None, repo=repo, term=terminal(no_color=no_color))
    if not force:
        check_under_way(roots, instance, repo=repo)
    return act(ctx, Rollback(Selector(names=(instance,)), find, name="abort"), how)
