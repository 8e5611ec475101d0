"""Where an instance is called: a host name below its environment's domain, and the paths of its manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from molthub.errors import InvalidInputError, StallingError

if TYPE_CHECKING:
    from molthub.manifest.documents import LoadedInstance


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One URL. mode: who signs it, `signed` or `slack`."""

    host: str
    path: str
    mode: str

    @property
    def url(self) -> str:
        return f"https://{self.host}{self.path}"


def endpoints_of(ctx: typer.Context, instance: str, *, repo: str | None, ref: str | None) -> tuple[Endpoint, ...]:
    """The endpoints of an instance, as its manifests say. No AWS is asked. Raises MH-GATE-017 when it has none."""
    from molthub.cli import context
    from molthub.pipeline.scope import resolve_name

    checked = context.read_fleet(context.roots_of(ctx), repo=repo, ref=ref).checked
    if checked.documents.fleet is None:
        raise InvalidInputError(checked.errors)
    identity = resolve_name(checked, instance)
    loaded = checked.documents.instances[identity]
    environment = checked.documents.environments.get(loaded.key)
    ingress = environment.model.spec.ingress if environment is not None else None
    paths = _paths(loaded)
    if not paths:
        raise StallingError(
            "MH-GATE-017",
            f"{loaded.display_name} takes no webhooks",
            fix="Set spec.network.inbound to WEBHOOK and add spec.channels.webhook with its token and paths",
        )
    if ingress is None:
        raise StallingError(
            "MH-GATE-017",
            f"the environment of {loaded.display_name} has no ingress, so nothing can call it",
            fix=f"Add spec.ingress with its domain and certificateArn to the Environment {loaded.key}",
        )
    host = f"{identity.id}.{ingress.domain}"
    return tuple(Endpoint(host, path, mode) for path, mode in paths)


def _paths(loaded: LoadedInstance) -> list[tuple[str, str]]:
    from molthub.manifest.models import Inbound

    spec = loaded.model.spec
    if spec.network.inbound is not Inbound.WEBHOOK:
        return []
    return [(path, "signed") for path in (spec.channels.webhook.paths if spec.channels.webhook else [])]
