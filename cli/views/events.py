"""The timeline: a line for each event, and `molthub.dev/events/v1`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from molthub.cli.views.text import columns, safe
from molthub.events.types import Event

EVENTS_FORMAT = "molthub.dev/events/v1"


def human(events: Sequence[Event]) -> str:
    """Oldest first, times in UTC."""
    if not events:
        return "There is no event."
    rows = [
        (
            event.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
            safe(str(event.identity)),
            event.type.value,
            safe(event.actor),
            (event.commit or "-")[:12],
            safe(event.message) + (f" ({event.ref})" if event.ref else ""),
        )
        for event in events
    ]
    return "\n".join(columns([("TIME", "INSTANCE", "EVENT", "BY", "COMMIT", "MESSAGE"), *rows]))


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
