"""The timeline: a line for each event, and `molthub.dev/events/v1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from molthub.cli.views.text import columns, safe
from molthub.events.types import Event
from molthub.resources.identity import Identity

EVENTS_FORMAT = "molthub.dev/events/v1"


def human(events: Sequence[Event], names: Mapping[Identity, str]) -> str:
    """Oldest first, times in UTC. names: what instances are called now; a renamed one is shown with its id too."""
    if not events:
        return "There is no event."
    rows = [
        (
            event.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
            safe(_instance(event.identity, names)),
            event.type.value,
            safe(event.actor),
            (event.commit or "-")[:12],
            safe(event.message) + (f" ({event.ref})" if event.ref else ""),
        )
        for event in events
    ]
    return "\n".join(columns([("TIME", "INSTANCE", "EVENT", "BY", "COMMIT", "MESSAGE"), *rows]))


def _instance(identity: Identity, names: Mapping[Identity, str]) -> str:
    """`acme/prod/support-bot`; renamed `acme/prod/helper (id support-bot)`."""
    name = names.get(identity, str(identity))
    return name if name == str(identity) else f"{name} (id {identity.id})"


def data(events: Sequence[Event]) -> dict[str, Any]:
    """The same for machines."""
    return {
        "format": EVENTS_FORMAT,
        "events": [
            {
                "at": event.at.isoformat(),
                "fleet": event.identity.fleet,
                "workspace": event.identity.workspace,
                "environment": event.identity.environment,
                "id": event.identity.id,
                "type": event.type.value,
                "message": event.message,
                "actor": event.actor,
                "commit": event.commit,
                "resource": event.resource,
                "ref": event.ref,
            }
            for event in events
        ],
    }
