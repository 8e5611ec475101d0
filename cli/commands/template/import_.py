"""`molthub template import`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli.acting import BranchOption, DryRunOption, How, MessageOption, NoPushOption, YesOption, act
from molthub.cli.options import NoColorOption, Output, OutputOption, RepoOption


def import_template(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A template; - is what is piped in")],
    replace: Annotated[bool, typer.Option("--replace", help="Also in the place of another of the fleet's")] = False,
    message: MessageOption = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    no_push: NoPushOption = False,
    branch: BranchOption = None,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Add a template to the fleet, as a commit

    Checked first, and what it makes is judged by the guardrails, with its defaults and examples. It becomes
    templates/NAME.yaml as it is written, comments and all.
    """
    from molthub.cli.templating import read_input
    from molthub.pipeline.actions.template_import import TemplateImport
    from molthub.pipeline.templates.catalogue import read_template

    how = How(repo, message, yes, dry_run, no_push, branch, output, no_color)
    name, content = read_input(file)
    template = read_template(name, content, own=True)
    return act(ctx, TemplateImport(template, replace), how)
