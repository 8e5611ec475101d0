"""The timeline: a line for each event, and `molthub.dev/events/v1`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from molthub.cli.views.text import columns, safe
from molthub.events.types import Event, EventType
from molthub.resources.identity import Identity

EVENTS_FORMAT = "molthub.dev/events/v1"


def human(events: Sequence[Event], names: Mapping[Identity, str]) -> str:
    """Oldest first, times in UTC. names: what instances are called now; a renamed one is shown with its id too."""
    if not events:
        return "There is no event."
    rows = [_row(event, names) for event in events]
    return "\n".join(columns([("TIME", "INSTANCE", "EVENT", "BY", "COMMIT", "MESSAGE"), *rows]))


@dataclass(slots=True)
class Lines:
    """The same one by one, for whoever follows the timeline; a column never gets narrower. json: an object a line."""

    names: Mapping[Identity, str]
    json: bool
    widths: list[int] = field(default_factory=lambda: [20, 0, max(len(type_) for type_ in EventType), 10, 12, 0])

    def line(self, event: Event) -> str:
        """One event."""
        if self.json:
            return json.dumps(_datum(event), ensure_ascii=True)
        row = _row(event, self.names)
        self.widths = [max(width, len(cell)) for width, cell in zip(self.widths, row, strict=True)]
        *others, message = zip(row, self.widths, strict=True)
        return "  ".join([*(cell.ljust(width) for cell, width in others), message[0]])


def _row(event: Event, names: Mapping[Identity, str]) -> tuple[str, ...]:
    return (
        event.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ"),
        safe(_instance(event.identity, names)),
        event.type.value,
        safe(event.actor),
        safe(event.commit or "-")[:12],
        safe(event.message) + (f" ({event.ref})" if event.ref else ""),
    )


def _instance(identity: Identity, names: Mapping[Identity, str]) -> str:
    """`acme/prod/support-bot`; renamed `acme/prod/helper (id support-bot)`."""
    name = names.get(identity, str(identity))
    return name if name == str(identity) else f"{name} (id {identity.id})"


def data(events: Sequence[Event]) -> dict[str, Any]:
    """The same for machines."""
    return {"format": EVENTS_FORMAT, "events": [_datum(event) for event in events]}


def _datum(event: Event) -> dict[str, Any]:
    return {
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
