"""How a wait ended: for people, and as `molthub.dev/wait/v1`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from molthub.cli.views import diagnostics
from molthub.cli.views.text import paint, safe
from molthub.cli.waiting import Instance
from molthub.pipeline.waiting import Goal

WAIT_FORMAT = "molthub.dev/wait/v1"


def human(found: Sequence[Instance], goal: Goal, *, colour: bool) -> str:
    """A line each: `acme/prod/support-bot is healthy`."""
    return "\n".join(_line(item, goal, colour=colour) for item in found)


def _line(item: Instance, goal: Goal, *, colour: bool) -> str:
    if item.look.reached:
        return f"{safe(item.name)} is {paint(goal.value, 'green', on=colour)}"
    return f"{safe(item.name)} is {paint(f'not {goal.value}', 'red', on=colour)}: {safe(item.look.now)}"


def data(found: Sequence[Instance], goal: Goal) -> dict[str, Any]:
    """The same for machines."""
    return {
        "format": WAIT_FORMAT,
        "for": goal.value,
        "reached": all(item.look.reached for item in found),
        "instances": [_instance(item) for item in found],
    }


def _instance(item: Instance) -> dict[str, Any]:
    record, hopeless = item.record, item.look.hopeless
    return {
        "workspace": item.identity.workspace,
        "environment": item.identity.environment,
        "id": item.identity.id,
        "name": item.name,
        "reached": item.look.reached,
        "status": record.status.value if record else None,
        "sync": record.sync.value if record else None,
        "health": record.health.value if record else None,
        "now": item.look.now,
        "obstacle": diagnostics.data(hopeless) if hopeless is not None else None,
    }
