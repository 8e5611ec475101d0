"""`molthub label`."""

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


def label(
    ctx: typer.Context,
    arguments: Annotated[
        list[str],
        typer.Argument(metavar="[INSTANCE]... KEY=VALUE|KEY-...", help="KEY=VALUE sets a label, KEY- removes one"),
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
    """Set or remove labels, as a commit

    Labels become tags on AWS and never cause a redeploy. One commit for all the instances meant; those that have
    the labels already are left out, and when all of them do, nothing is committed.
    """
    from molthub.pipeline.actions.label import Label

    names = [text for text in arguments if not _is_label(text)]
    put = dict(text.split("=", 1) for text in arguments if "=" in text)
    drop = tuple(text.removesuffix("-") for text in arguments if _is_label(text) and "=" not in text)
    if not put and not drop:
        raise typer.BadParameter("say KEY=VALUE to set a label, or KEY- to remove one")
    if "" in put or (both := put.keys() & set(drop)):
        raise typer.BadParameter("a label has no key" if "" in put else f"{min(both)} is set and removed")
    chosen = selector_of(names, labels=selector, environments=environment, workspaces=workspace, everything=everything)
    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    return act(ctx, Label(chosen, put, drop), how)


def _is_label(text: str) -> bool:
    """No instance's name holds an `=` or ends in a hyphen."""
    return "=" in text or text.endswith("-")
