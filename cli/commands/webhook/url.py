"""`molthub webhook url`."""

from __future__ import annotations

from typing import Annotated

import typer

from molthub.cli.commands.webhook.urls import endpoint_of_instance
from molthub.cli.options import Output, OutputOption, RefOption, RepoOption
from molthub.cli.terminal import terminal

URL_FORMAT = "molthub.dev/webhook-url/v1"


def url(
    ctx: typer.Context,
    instance: Annotated[
        str, typer.Argument(metavar="INSTANCE", help="WORKSPACE/ENVIRONMENT/NAME, or the name where it is unique")
    ],
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
) -> None:
    """Print where a Moltbot is called

    From the manifests alone: `molthub webhook test` says whether it is so already.
    """
    term = terminal()
    endpoint = endpoint_of_instance(ctx, instance, repo=repo, ref=ref)
    if output is Output.JSON:
        modes = [mode for _, mode in endpoint.paths]
        found = [{"url": url, "mode": mode} for url, mode in zip(endpoint.urls, modes, strict=True)]
        term.json({"format": URL_FORMAT, "endpoints": found})
    else:
        term.data("\n".join(endpoint.urls))
