"""Which findings are a change's own: so that old trouble elsewhere stops nobody's pull request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from molthub.errors import Diagnostic, Location, Severity
from molthub.manifest.reading import FLEET_PATH
from molthub.pipeline.compare.types import Comparison, NewFindings
from molthub.pipeline.types import CheckedFleet

RENAMED = "MH-CI-004"

_PLACE = re.compile(r":\d+(:\d+)?\b")
"""A message may name the place of another document, which moves when somebody adds a line there."""


def new_findings(comparison: Comparison) -> NewFindings:
    """Findings of the head, told apart by whether the base had them. One in a changed file counts as new: it is the
    change's to mend."""
    had = Counter(_key(item) for item in _found(comparison.before))
    had.update(_key(item) for item in _unaffected(comparison))
    new, known = [], []
    for item in sorted(_found(comparison.now), key=_order):
        key = _key(item)
        changed = item.location is not None and item.location.path in comparison.paths
        if changed or not had[key]:
            new.append(item)
        else:
            known.append(item)
            had[key] -= 1
    return NewFindings((*_renamed(comparison), *new), tuple(known))


def _found(checked: CheckedFleet) -> Iterator[Diagnostic]:
    yield from checked.documents.diagnostics
    for verdict in checked.verdicts.values():
        yield from verdict.errors
        yield from verdict.notices


def _unaffected(comparison: Comparison) -> Iterator[Diagnostic]:
    """The guardrails' word on instances that nothing touched: the same then as now."""
    for identity, verdict in comparison.now.verdicts.items():
        if identity not in comparison.affected:
            yield from verdict.errors
            yield from verdict.notices


def _renamed(comparison: Comparison) -> Iterator[Diagnostic]:
    before, now = comparison.before.documents.fleet, comparison.now.documents.fleet
    if before is None or now is None or before.model.metadata.name == now.model.metadata.name:
        return
    old, new = before.model.metadata.name, now.model.metadata.name
    yield Diagnostic(
        RENAMED,
        f"the fleet {old} is renamed to {new}: nothing that runs would be found again, and all of it made anew",
        now.locate(("metadata", "name")),
        f"Put metadata.name: {old} back; a fleet's name is part of every name on AWS",
    )


def _key(item: Diagnostic) -> tuple[str, str, Severity, str | None, str]:
    path = item.location.path if item.location else FLEET_PATH
    return (item.ref, path, item.severity, item.subject, _PLACE.sub("", item.message))


def _order(item: Diagnostic) -> tuple[str, int, int, str, str]:
    place = item.location or Location("")
    return (place.path, place.line or 0, place.column or 0, item.ref, item.message)
