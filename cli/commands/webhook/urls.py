"""Where an instance is called, as its manifests say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from molthub.errors import Diagnostic, InvalidInputError, Severity, StallingError

if TYPE_CHECKING:
    from molthub.desired.ingress import Endpoint


def endpoint_of_instance(ctx: typer.Context, instance: str, *, repo: str | None, ref: str | None) -> Endpoint:
    """The endpoint of an instance. No AWS is asked. Raises MH-GATE-017 when it has none, and what is wrong with it."""
    from molthub.cli import context
    from molthub.desired.ingress import endpoint_of
    from molthub.pipeline.scope import resolve_name

    checked = context.read_fleet(context.roots_of(ctx), repo=repo, ref=ref).checked
    if checked.documents.fleet is None:
        raise InvalidInputError(checked.errors)
    broken = tuple(item for item in checked.documents.diagnostics if _is_error_of(item, instance))
    if broken:
        raise InvalidInputError(broken)
    identity = resolve_name(checked, instance)
    loaded = checked.documents.instances[identity]
    environment = checked.documents.environments.get(loaded.key)
    ingress = environment.model.spec.ingress if environment is not None else None
    endpoint = endpoint_of(identity, loaded.model.spec, ingress)
    if endpoint is None:
        raise StallingError(
            "MH-GATE-017",
            f"{loaded.display_name} takes no webhooks",
            fix="Set spec.network.inbound to WEBHOOK and add spec.channels.webhook, or Slack in mode http",
        )
    return endpoint


def _is_error_of(item: Diagnostic, instance: str) -> bool:
    subject = item.subject or ""
    return item.severity is Severity.ERROR and instance in (subject, subject.rpartition("/")[2])
