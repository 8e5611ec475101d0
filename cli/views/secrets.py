"""Secrets without their values, for people and as `molthub.dev/secrets/v1`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from molthub.cli.views.text import columns, paint, safe
from molthub.pipeline.secrets.listing import Row, State
from molthub.pipeline.secrets.places import written

SECRETS_FORMAT = "molthub.dev/secrets/v1"
HEAD = ("SECRET", "NAME", "STATE", "VERSION", "CHANGED", "USED BY")
COLOURS = {State.MISSING: "red", State.EMPTY: "red", State.DELETED: "yellow"}


def human(rows: Sequence[Row], *, colour: bool) -> str:
    """A table."""
    if not rows:
        return "No secrets."
    lines = columns([HEAD, *(_cells(row) for row in rows)])
    colours = ["bold", *(COLOURS.get(row.state, "") for row in rows)]
    return "\n".join(paint(line, code, on=colour) for line, code in zip(lines, colours, strict=True))


def _cells(row: Row) -> tuple[str, ...]:
    state = f"{row.state} ({_day(row.deletion_at)})" if row.deletion_at else row.state.value
    return (
        safe(written(row.place)),
        ", ".join(row.names) or "-",
        state,
        (row.version_id or "-")[:8],
        _day(row.changed_at),
        safe(", ".join(row.used_by)) or "nobody",
    )


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d}" if at else "-"


def data(rows: Sequence[Row]) -> dict[str, Any]:
    """The same for machines."""
    return {"format": SECRETS_FORMAT, "secrets": [_entry(row) for row in rows]}


def _entry(row: Row) -> dict[str, Any]:
    return {
        "environment": str(row.environment),
        "secret": row.place.source,
        "jsonKey": row.place.json_key,
        "names": list(row.names),
        "state": row.state.name.lower(),
        "versionId": row.version_id,
        "changedAt": row.changed_at.isoformat() if row.changed_at else None,
        "deletionAt": row.deletion_at.isoformat() if row.deletion_at else None,
        "usedBy": list(row.used_by),
    }
