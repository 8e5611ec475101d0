"""`molthub template show`."""

from __future__ import annotations

import typer

from molthub.cli.options import NoColorOption, Output, OutputOption, RefOption, RepoOption
from molthub.cli.templating import TemplateArgument, open_templates
from molthub.cli.terminal import terminal


def show(
    ctx: typer.Context,
    template: TemplateArgument,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
    no_color: NoColorOption = False,
) -> None:
    """Tell what a template enables and what it asks

    Channels, what may come in and go out, the secrets it needs, image and size, each in words; and its parameters.
    """
    from molthub.cli.views import templates as view
    from molthub.manifest.template_checks import sample_of
    from molthub.pipeline.templates.words import enables

    term = terminal(no_color=no_color)
    entry = open_templates(ctx, repo=repo, ref=ref).catalogue.find(template)
    enabled = enables(sample_of(entry.model))
    if output is Output.JSON:
        term.json(view.show_data(entry, enabled))
    else:
        term.data(view.shown(entry, enabled, said=template, colour=term.colour_out))
