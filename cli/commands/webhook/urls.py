"""Where an instance is called: a host name below its environment's domain, and the paths of its manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from molthub.errors import Diagnostic, InvalidInputError, Severity, StallingError
from molthub.resources.identity import host_of

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
    broken = tuple(item for item in checked.documents.diagnostics if _is_error_of(item, instance))
    if broken:
        raise InvalidInputError(broken)
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
    assert ingress is not None, "the loader refuses inbound traffic without it (MH-FLEET-010)"
    return tuple(Endpoint(host_of(identity.id, ingress.domain), path, mode) for path, mode in paths)


def _is_error_of(item: Diagnostic, instance: str) -> bool:
    subject = item.subject or ""
    return item.severity is Severity.ERROR and instance in (subject, subject.rpartition("/")[2])


def _paths(loaded: LoadedInstance) -> tuple[tuple[str, str], ...]:
    from molthub.desired.ingress import inbound_paths
    from molthub.manifest.models import Inbound

    spec = loaded.model.spec
    return inbound_paths(spec) if spec.network.inbound is Inbound.WEBHOOK else ()
