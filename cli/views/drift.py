"""What differs between a manifest and AWS, a line each: `~ service desired_count: 2 -> 1`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from molthub.cli.views.text import paint, plural, safe
from molthub.cli.views.values import differences, show
from molthub.planning.types import Action, Change

MOST_LINES = 12


def lines(changes: Iterable[Change], *, colour: bool, name: str, most: int = MOST_LINES) -> list[str]:
    """The differences, at most so many; the rest is counted, with the command that shows it."""
    found = [line for change in changes for line in _of(change, colour=colour)]
    if len(found) <= most:
        return found
    return [*found[:most], f"… and {plural(len(found) - most, 'line')} more: `molthub plan {safe(name)}` shows all"]


def _of(change: Change, *, colour: bool) -> Iterator[str]:
    symbol = paint(change.action.symbol, change.action.colour, on=colour)
    if change.action in (Action.CREATE, Action.DELETE):
        missing = "is not there" if change.action is Action.CREATE else "is not wanted"
        yield f"{symbol} {change.kind} {safe(change.name)} {missing}"
        return
    told = False
    for attribute in change.attributes:
        for path, before, after in differences(attribute.path, attribute.before, attribute.after):
            told = True
            yield f"{symbol} {change.kind} {safe(path)}: {show(before)} -> {show(after)}"
    if not told and change.force:
        yield f"{symbol} {change.kind} {safe(change.name)} is to be deployed anew"


def data(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Each change with the paths that differ; values are those of `plan -o json`."""
    return [
        {
            "action": change.action.word,
            "kind": change.kind.value,
            "name": change.name,
            "paths": [attribute.path for attribute in change.attributes],
        }
        for change in changes
    ]
