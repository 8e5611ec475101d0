"""Drift: what differs, attribute by attribute, for people, and `molthub.dev/drift/v1`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from molthub.cli.views import diagnostics
from molthub.cli.views.text import paint, plural, safe
from molthub.cli.views.values import differences, show
from molthub.pipeline.drift import DriftState, InstanceDrift
from molthub.planning.types import Action, Change

DRIFT_FORMAT = "molthub.dev/drift/v1"

COLOURS = {DriftState.DRIFTED: "red", DriftState.UNEXPECTED: "red", DriftState.UNKNOWN: "yellow"}
FOUND = {
    Action.CREATE: "is missing",
    Action.UPDATE: "was changed",
    Action.REPLACE: "was changed",
    Action.DELETE: "is not wanted",
    Action.NOOP: "is unchanged",
}
"""What an object is that the plan would treat so."""


def human(found: Sequence[InstanceDrift], *, colour: bool) -> str:
    """Each instance that is not as it was applied, and a summary."""
    shown = [item for item in found if item.state not in (DriftState.SYNCED, DriftState.PENDING)]
    blocks = ["\n".join(_instance(item, colour=colour)) for item in shown]
    return "\n\n".join([*blocks, _summary(found, colour=colour)])


def _instance(item: InstanceDrift, *, colour: bool) -> Iterator[str]:
    state = paint(item.state.value, COLOURS[item.state], on=colour)
    against = f" from {item.commit[:12]}" if item.commit and item.changes else ""
    yield f"{paint(safe(item.name), 'bold', on=colour)} {state}{against}"
    yield from diagnostics.condensed(item.reasons, colour=colour, indent="  ")
    for change in item.changes:
        yield f"  {change.kind} {safe(change.name)} {FOUND[change.action]}{'' if not change.force else ' (stopped)'}"
        if change.action in (Action.UPDATE, Action.REPLACE):
            yield from _attributes(change)
    for stranger in item.foreign:
        yield f"  {stranger.kind} {safe(stranger.name)} is not ours: {safe(stranger.reason)}"
    if item.pending:
        yield "  a newer commit, or a secret's new value, waits to be applied too"


def _attributes(change: Change) -> Iterator[str]:
    for attribute in change.attributes:
        for path, is_now, wanted in differences(attribute.path, attribute.before, attribute.after):
            yield f"    {safe(path)}: {show(is_now)}, applied was {show(wanted)}"


def _summary(found: Sequence[InstanceDrift], *, colour: bool) -> str:
    if not found:
        return "There is no instance."
    counts = Counter(item.state for item in found)
    said = ", ".join(f"{counts[state]} {state}" for state in DriftState if counts[state])
    bad = any(item.state in COLOURS for item in found)
    words = f"{plural(len(found), 'instance')}: {said}."
    return words if bad else paint(f"No drift. {words}", "green", on=colour)


def data(found: Sequence[InstanceDrift], *, commit: str | None) -> dict[str, Any]:
    """The same for machines."""
    return {"format": DRIFT_FORMAT, "commit": commit, "instances": [_datum(item) for item in found]}


def _datum(item: InstanceDrift) -> dict[str, Any]:
    return {
        "workspace": item.identity.workspace,
        "environment": item.identity.environment,
        "id": item.identity.id,
        "name": item.name,
        "state": item.state.value,
        "comparedWith": item.commit,
        "pending": item.pending,
        "differences": [_difference(change) for change in item.changes],
        "foreign": [{"kind": one.kind.value, "name": one.name, "reason": one.reason} for one in item.foreign],
        "reasons": [diagnostics.data(reason) for reason in item.reasons],
    }


def _difference(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind.value,
        "name": change.name,
        "what": {Action.CREATE: "missing", Action.DELETE: "unwanted"}.get(change.action, "changed"),
        "attributes": [
            {"path": item.path, "found": item.before, "applied": item.after}
            for item in change.attributes
            if change.action in (Action.UPDATE, Action.REPLACE)
        ],
    }
