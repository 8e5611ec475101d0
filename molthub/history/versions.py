"""A resource's entries, commit by commit → its versions: numbered, with what spans several commits put together.

A version is a change of what the document means. Comments, formatting and moves of the file are steps without a number.
A document that could not be read for a while is compared with the last one that could.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from molthub.history.difference import Difference, between
from molthub.history.document import Document
from molthub.history.entries import CommitRecord, Entry, Outcome, Resource, fields_of, form_again

Brought = tuple[CommitRecord, Entry]


@dataclass(frozen=True, slots=True)
class Version:
    """One step of a resource.

    number   counted from 1 at its first commit; None where the meaning stayed, or when steps of every line are listed
    entry    with words, patch and fields as they are to be shown
    brought  what a merge brought that touched the resource, the newest first
    """

    record: CommitRecord
    entry: Entry
    number: int | None = None
    brought: tuple[Brought, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One commit's entries about a resource: its own, and those of files that nobody could tell what they are."""

    record: CommitRecord
    entries: tuple[Entry, ...]
    brought: tuple[Brought, ...] = ()


def versions(resource: Resource, steps: Iterable[Step], *, numbered: bool = True) -> tuple[Version, ...]:
    """Newest first. steps: oldest first."""
    replay, found, number = _Replay(resource), [], 0
    for step in steps:
        entry = replay.take(step.entries)
        if entry is None:
            continue
        counts = entry.outcome is not Outcome.SAME
        number += counts
        found.append(Version(step.record, entry, number if counts and numbered else None, step.brought))
    return tuple(reversed(found))


@dataclass(slots=True)
class _Replay:
    """What is known of the resource so far. paths: the files that say they are it."""

    resource: Resource
    paths: set[str] = field(default_factory=set)
    broken: bool = False
    last: Document | None = None

    def take(self, entries: Sequence[Entry]) -> Entry | None:
        """The one step that a commit's entries make; None when they are not about it."""
        own = next((entry for entry in entries if entry.resource == self.resource), None)
        stray = next((entry for entry in entries if not entry.resource.kind and entry.resource.id in self.paths), None)
        if own is None:
            return self._stray(stray) if stray is not None else None
        found = self._own(own)
        self._move(own if stray is None else replace(own, former=stray.resource.id))
        return found

    def _stray(self, entry: Entry) -> Entry:
        """A file of ours that was unreadable before and after, so that only its place tells what it is."""
        told = replace(entry, resource=self.resource)
        if entry.outcome is Outcome.DELETED:
            self.paths.discard(entry.resource.id)
            told = replace(told, words=("deleted while it could not be read",)) if not self.paths else told
        self.broken = True
        return told

    def _own(self, entry: Entry) -> Entry:
        if entry.outcome is Outcome.INVALID:
            self.last, self.broken = entry.document or self.last, True
            return entry
        if entry.outcome is Outcome.MENDED or (entry.outcome is Outcome.CREATED and self.broken and self.paths):
            return self._mended(entry)
        if entry.outcome is Outcome.CREATED and self.paths:
            others = ", ".join(sorted(self.paths))
            return replace(entry, words=(f"written a second time, in {entry.path} beside {others}",))
        if entry.outcome is Outcome.DELETED and self.paths - {entry.former or ""}:
            return replace(
                entry, outcome=Outcome.CHANGED, words=(f"one of its two files, {entry.former}, was removed",), patch=()
            )
        return entry

    def _mended(self, entry: Entry) -> Entry:
        now = entry.document or _root_of(entry.patch)
        change = _between(self.resource.kind, self.last, now)
        self.broken = False
        words = ("can be read again", *change.words) if self.last is not None else ("can be read", *change.words)
        return replace(
            entry, outcome=Outcome.MENDED, words=words, patch=change.patch, fields=fields_of(change), document=now
        )

    def _move(self, entry: Entry) -> None:
        self.paths.discard(entry.former or "")
        if entry.path is None:
            self.paths.discard(entry.former or "")
            self.broken = False
        else:
            self.paths.add(entry.path)


def _root_of(patch: tuple[dict[str, Any], ...]) -> Document | None:
    """The document that the patch of a created one adds."""
    value = patch[0].get("value") if patch and patch[0].get("path") == "" else None
    return value if isinstance(value, dict) else None


def _between(kind: str, before: Document | None, after: Document | None) -> Difference:
    return between(form_again(kind, before), form_again(kind, after))


# -- Blame -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldOrigin:
    """One field as it is now, and the commit that made it so. version: its number on the main line."""

    field: str
    value: Any
    record: CommitRecord
    version: int | None
    through: CommitRecord | None = None


def blame(found: Sequence[Version]) -> tuple[FieldOrigin, ...]:
    """Who made each field what it is, of the last readable state. found: newest first, as `versions` gives them.

    A field that a merge brought is the brought commit's, `through` the merge.
    """
    origins: dict[str, FieldOrigin] = {}
    for version in reversed(found):
        outcome = version.entry.outcome
        if outcome is Outcome.CREATED and not version.entry.words[0].startswith("written a second time"):
            origins.clear()
        for name, value in version.entry.fields:
            if value is None:
                origins.pop(name, None)
            else:
                origins[name] = _origin(version, name, value)
    return tuple(sorted(origins.values(), key=lambda one: _place(one.field)))


def _origin(version: Version, name: str, value: Any) -> FieldOrigin:
    for record, entry in version.brought:
        if (name, value) in entry.fields:
            return FieldOrigin(name, value, record, version.number, through=version.record)
    return FieldOrigin(name, value, version.record, version.number)


_SECTIONS = ("apiVersion", "kind", "metadata", "spec")
_FIRST = ("id", "name", "workspace", "environment", "labels", "runtime", "model", "secrets", "channels", "skills")


def _place(name: str) -> tuple[int, int, str]:
    """Where a reader looks for a field: as the documents are written."""
    section, _, rest = name.partition(".")
    head = rest.partition(".")[0].partition("[")[0]
    return (
        _SECTIONS.index(section) if section in _SECTIONS else len(_SECTIONS),
        _FIRST.index(head) if head in _FIRST else len(_FIRST),
        name,
    )
