"""`molthub webhook url`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from molthub.cli.commands.webhook.urls import endpoint_of_instance
from molthub.cli.options import (
    InstanceArgument,
    Output,
    OutputOption,
    RefOption,
    RepoOption,
)
from molthub.cli.terminal import terminal
from molthub.errors import WaitingError

if TYPE_CHECKING:
    from molthub.cli.detailing import Webhook

URL_FORMAT = "molthub.dev/webhook-url/v1"


DnsOption = Annotated[
    bool,
    typer.Option("--dns", help="Print the DNS record that leads there instead; this asks AWS for the load balancer"),
]


def url(
    ctx: typer.Context,
    instance: InstanceArgument,
    dns: DnsOption = False,
    output: OutputOption = Output.HUMAN,
    repo: RepoOption = None,
    ref: RefOption = None,
) -> None:
    """Print where a Moltbot is called

    From the manifests alone: `molthub webhook test` says whether it is so already. With --dns the record as a zone
    file has it, `HOST. CNAME LOAD-BALANCER.`, for whoever keeps the zone.
    """
    term = terminal()
    endpoint = endpoint_of_instance(ctx, instance, repo=repo, ref=ref)
    webhook = _webhook(ctx, instance, repo=repo, ref=ref) if dns else None
    if output is Output.JSON:
        modes = [mode for _, mode in endpoint.paths]
        found = [{"url": url, "mode": mode} for url, mode in zip(endpoint.urls, modes, strict=True)]
        record = {"host": webhook.host, "record": webhook.record, "zone": webhook.zone} if webhook else None
        term.json({"format": URL_FORMAT, "endpoints": found, "dns": record})
    elif webhook is not None:
        assert webhook.record is not None
        term.data(webhook.record)
        if webhook.zone is not None:
            term.say(f"Molthub keeps it in the zone {webhook.zone}, as an alias: nothing is yours to do.")
    else:
        term.data("\n".join(endpoint.urls))


def _webhook(ctx: typer.Context, instance: str, *, repo: str | None, ref: str | None) -> Webhook:
    """With its record. Raises MH-GATE-018 while the load balancer is not known."""
    from molthub.cli import context
    from molthub.cli.detailing import webhook_of
    from molthub.pipeline.planner import plan_fleet
    from molthub.pipeline.types import Scope

    roots = context.roots_of(ctx)
    fleet = context.read_fleet(roots, repo=repo, ref=ref)
    scope = Scope(instances=frozenset({instance}))
    view = plan_fleet(fleet.checked, context.collaborators(roots, fleet), scope=scope).views[0]
    webhook = webhook_of(fleet.checked, view)
    if webhook is None or webhook.record is None:
        raise WaitingError(
            "MH-GATE-018",
            f"the load balancer of {view.name} is not known yet",
            after=60.0,
            fix=f"Run `molthub bootstrap --environment {view.identity.key}`, and apply the instance; then ask again",
        )
    return webhook
