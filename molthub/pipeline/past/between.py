"""Two commits of a fleet → what differs for each resource, in meaning. Reads only the files that differ."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import yaml

from molthub.errors import StallingError
from molthub.history.entries import (
    INSTANCE,
    UNREADABLE,
    Entry,
    FilePair,
    Outcome,
    Parsed,
    Resource,
    Sides,
    entries_of,
    parse,
    sides_of,
)
from molthub.history.hiding import shown
from molthub.source.protocol import FleetSource
from molthub.source.types import Snapshot


@dataclass(frozen=True, slots=True)
class Between:
    """What differs. entries: by resource, without those that mean the same; sides: what each was and is."""

    before: str
    after: str
    entries: tuple[Entry, ...]
    sides: Mapping[Resource, Sides]


def between(source: FleetSource, before: str, after: str) -> Between:
    """What differs between two commits, given by their full hashes."""
    old, new = source.snapshot(before), source.snapshot(after)
    pairs = list(_pairs(old, new))
    entries = [entry for entry in entries_of(after, pairs) if entry.outcome is not Outcome.SAME]
    return Between(before, after, tuple(entries), sides_of(pairs))


def only(found: Between, names: Collection[str], source: FleetSource) -> Between:
    """The part that concerns instances by `workspace/environment/name`, name or id, of either commit.

    Raises MH-HIST-001 for a name that neither holds.
    """
    wanted = [_meant(found, name, source) for name in names]
    kept = tuple(entry for entry in found.entries if entry.resource in wanted)
    return Between(found.before, found.after, kept, found.sides)


def _meant(found: Between, name: str, source: FleetSource) -> Resource:
    """An instance among those that differ; else one that is the same in both."""
    meant = {resource for resource, called in _names(found) if name in called}
    if not meant:
        whole = source.snapshot(found.after)
        meant = {
            told.resource
            for path, file in whole.files.items()
            if (told := parse(path, file.content)) is not None
            and told.resource is not None
            and told.resource.kind == INSTANCE
            and name in _called(told.resource, (told.name,))
        }
    if len(meant) == 1:
        return meant.pop()
    if meant:
        listed = ", ".join(sorted(str(one) for one in meant))
        raise StallingError(
            "MH-HIST-002", f"{name} means several instances: {listed}", fix="Say workspace/environment/id"
        )
    raise StallingError(
        "MH-HIST-001",
        f"neither commit holds an instance {name}",
        fix="Say workspace/environment/name; `molthub history` knows every name there ever was",
    )


def _names(found: Between) -> Iterable[tuple[Resource, set[str]]]:
    for resource, sides in found.sides.items():
        if resource.kind == INSTANCE:
            yield resource, _called(resource, [side[1].name for side in (sides.before, sides.after) if side])


def _called(resource: Resource, names: Iterable[str]) -> set[str]:
    short = {resource.id, *names}
    return short | {f"{resource.workspace}/{resource.environment}/{name}" for name in short}


def _pairs(old: Snapshot, new: Snapshot) -> Iterable[FilePair]:
    known = [_Read(old), _Read(new)]
    for path in sorted({path for side in known for path in side.paths}):
        before, after = (side.content(path) for side in known)
        if before is None or before != after:
            yield FilePair(path, known[0].parsed(path), known[1].parsed(path))


@dataclass(frozen=True, slots=True)
class _Read:
    """One commit's files, those that are never read among them."""

    snapshot: Snapshot

    @property
    def paths(self) -> Iterable[str]:
        return [*self.snapshot.files, *self._refused]

    def content(self, path: str) -> bytes | None:
        file = self.snapshot.files.get(path)
        return file.content if file is not None else None

    def parsed(self, path: str) -> Parsed | None:
        content = self.content(path)
        if content is not None:
            return parse(path, content)
        return UNREADABLE if path in self._refused else None

    @property
    def _refused(self) -> frozenset[str]:
        return frozenset(item.location.path for item in self.snapshot.refused if item.location)


def unified(found: Between, entry: Entry) -> tuple[str, ...]:
    """The two documents as lines of a unified diff: what they mean, in one order, without defaults and comments."""
    sides = found.sides[entry.resource]
    old, new = (_lines(side) for side in (sides.before, sides.after))
    was, now = (side[0] if side else "/dev/null" for side in (sides.before, sides.after))
    titles = (f"{was} {found.before[:12]}", f"{now} {found.after[:12]}")
    return tuple(difflib.unified_diff(old, new, titles[0], titles[1], lineterm=""))


def _lines(side: object) -> list[str]:
    if not isinstance(side, tuple) or side[1].form is None:
        return []
    text: str = yaml.safe_dump(shown(side[1].form.written, ()), sort_keys=False, allow_unicode=True, width=120)
    return text.splitlines()
