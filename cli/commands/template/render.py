"""`molthub template render`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli.exit_codes import ExitCode
from molthub.cli.options import NoColorOption, RefOption, RepoOption, Text, TextOption
from molthub.cli.templating import (
    LabelOption,
    PatchOption,
    SetOption,
    TemplateArgument,
    labels_of,
    open_templates,
    patch_of,
)
from molthub.cli.terminal import terminal


def render(
    ctx: typer.Context,
    template: TemplateArgument,
    name: Annotated[str, typer.Option(metavar="NAME", help="What the instance is called")] = "my-bot",
    environment: Annotated[
        str | None,
        typer.Option(metavar="WORKSPACE/NAME", help="Of the fleet, and then checked with it; acme/prod otherwise"),
    ] = None,
    set_: SetOption = None,
    label: LabelOption = None,
    patch: PatchOption = None,
    output: TextOption = Text.YAML,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> int:
    """Print the manifest that a template makes

    What must be given and is not has the template's example. Nothing is written: `molthub create` does that.
    Findings of validation and guardrails go to stderr; with errors it exits 1.
    """
    from molthub.cli import context
    from molthub.cli.views import diagnostics, documents
    from molthub.pipeline.templates import rendering
    from molthub.pipeline.templates.choosing import assignments, choose

    term = terminal(no_color=no_color)
    roots = context.roots_of(ctx)
    known = open_templates(ctx, repo=repo, ref=ref)
    entry = known.catalogue.find(template)
    identity = rendering.identity_of(name, environment or "acme/prod")
    choices = choose(entry, assignments(set_ or (), option="--set"), identity, examples=True)
    around = known.checked if environment else None
    schema = rendering.points_at_schema(around)
    order = rendering.Order(entry, choices, name, labels_of(label), patch_of(patch), schema=schema)
    manifest = rendering.manifest_of(order)
    if output is Text.JSON:
        term.data(documents.text(rendering.document_of(order), form=output.value))
    else:
        term.data(manifest)
    for sample in sorted(choices.samples):
        term.say(f"{sample} is only an example: give --set {sample}=VALUE.")
    path = rendering.path_for(identity.workspace, identity.environment, name)
    found = rendering.findings(path, manifest.encode(), around=around, rules=roots.rules(), now=roots.now())
    if found.diagnostics:
        term.say(diagnostics.human(found.diagnostics, colour=term.colour_err))
    return ExitCode.FAILED if found.errors else ExitCode.OK
