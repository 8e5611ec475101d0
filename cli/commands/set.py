"""`molthub set`."""

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


def set_fields(
    ctx: typer.Context,
    arguments: Annotated[
        list[str],
        typer.Argument(metavar="[INSTANCE]... PATH=VALUE...", help="PATH=VALUE, PATH+=ITEM, PATH-=ITEM or PATH-"),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Every VALUE is JSON")] = False,
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
    """Set fields of manifests, as a commit

    PATH is a field as it stands in the manifest: spec.runtime.cpu, or runtime.cpu for short; an item of a list by its
    number or its name: secrets[SLACK_BOT_TOKEN].key; a key with dots in brackets: labels[app.example.com/tier].
    VALUE is read as the field's type; lists with commas, mappings as {a: 1}. PATH+=ITEM adds to a list, PATH-=ITEM
    takes away from it, and PATH- removes the field, so that its default counts. Comments, quotes and order stay.
    """
    from molthub.manifest.assigning import is_assignment, read_assignment
    from molthub.pipeline.actions.fields import SetFields

    names = [text for text in arguments if not is_assignment(text)]
    assignments = tuple(read_assignment(text, as_json=as_json) for text in arguments if is_assignment(text))
    if not assignments:
        raise typer.BadParameter("say what to set: PATH=VALUE")
    chosen = selector_of(names, labels=selector, environments=environment, workspaces=workspace, everything=everything)
    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    return act(ctx, SetFields(chosen, assignments), how)
