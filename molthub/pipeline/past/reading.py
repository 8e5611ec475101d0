"""A head and an index of commits → the versions of a resource, whatever it was called and wherever its file lay."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from molthub.errors import StallingError
from molthub.history.entries import INSTANCE, CommitRecord, Entry, Outcome, Resource, made_in_merging
from molthub.history.graph import MainLine, Parents, everything, main_line
from molthub.history.index import CommitIndex, Mention
from molthub.history.versions import Brought, Step, Version, versions

Records = Mapping[str, CommitRecord]


@dataclass(frozen=True, slots=True)
class Known:
    """A resource as the history knows it: every name it had, the last first, and whether it is there at the head."""

    resource: Resource
    names: tuple[str, ...]
    alive: bool

    @property
    def display_name(self) -> str:
        """`workspace/environment/name`, with the last name."""
        return f"{self.resource.workspace}/{self.resource.environment}/{self.names[0]}"


@dataclass(slots=True)
class Past:
    """The history of one head. index: brought up to it."""

    index: CommitIndex
    head: str
    _parents: Parents | None = field(default=None, init=False)
    _line: MainLine | None = field(default=None, init=False)

    @property
    def parents(self) -> Parents:
        if self._parents is None:
            self._parents = self.index.parents()
        return self._parents

    @property
    def line(self) -> MainLine:
        """The first parents from the head."""
        if self._line is None:
            self._line = main_line(self.parents, self.head)
        return self._line

    def find(self, name: str) -> Known:
        """An instance by `workspace/environment/name`, name or id; what is there now wins over what was.

        Raises MH-HIST-001 for a name that nothing ever had, MH-HIST-002 where several did.
        """
        known = instances(self.index.mentions(), self.line)
        for chosen in (
            [one for one in known if one.alive and name in (one.names[0], one.display_name)],
            [one for one in known if name in (one.resource.id, str(one.resource))],
            [one for one in known if name in _all_names(one)],
        ):
            if len(chosen) == 1:
                return chosen[0]
            if chosen:
                raise _not_unique(name, chosen)
        raise _unknown(name, known)

    def versions(self, resource: Resource, *, every_line: bool = False) -> tuple[Version, ...]:
        """Newest first. every_line: the commits of merged branches one by one, and merges only for what they made."""
        entries = self._about(resource)
        by_commit: dict[str, list[Entry]] = {}
        for entry in entries:
            by_commit.setdefault(entry.sha, []).append(entry)
        records = self.index.commits(by_commit)
        if every_line:
            order = everything(self.parents, self.head)
            steps = [self._every(sha, by_commit, records) for sha in reversed(order) if sha in by_commit]
        else:
            steps = [self._on_line(sha, by_commit, records) for sha in reversed(self.line.order) if sha in by_commit]
        return versions(resource, [step for step in steps if step.entries], numbered=not every_line)

    def _about(self, resource: Resource) -> list[Entry]:
        """Its entries, and those of files that nobody could tell what they are, where its own file lay."""
        own = list(self.index.entries_about([resource]))
        places = {path for entry in own for path in (entry.path, entry.former) if path}
        return own + list(self.index.entries_about([Resource("", id=path) for path in sorted(places)]))

    def _every(self, sha: str, entries: dict[str, list[Entry]], records: Records) -> Step:
        chosen = entries[sha]
        if len(self.parents[sha]) > 1:
            brought = self.line.brought.get(sha)
            theirs = None if brought is None else [entry for one in brought for entry in entries.get(one, ())]
            chosen = [entry for entry in chosen if made_in_merging(entry, theirs)]
        return Step(records[sha], tuple(chosen))

    def _on_line(self, sha: str, entries: dict[str, list[Entry]], records: Records) -> Step:
        brought = self.line.brought.get(sha, frozenset())
        found: list[Brought] = [
            (records[one], entry)
            for one in brought
            if one in entries
            for entry in entries[one]
            if entry.own or len(self.parents[one]) <= 1
        ]
        found.sort(key=lambda pair: pair[0].at, reverse=True)
        return Step(records[sha], tuple(entries[sha]), tuple(found))


def instances(mentions: Iterable[Mention], line: MainLine) -> tuple[Known, ...]:
    """Every instance that the main line ever held, ordered by resource."""
    place = {sha: index for index, sha in enumerate(line.order)}
    found: dict[Resource, list[tuple[int, Mention]]] = {}
    for mention in mentions:
        if mention.resource.kind == INSTANCE and mention.sha in place:
            found.setdefault(mention.resource, []).append((place[mention.sha], mention))
    known = []
    for resource, mentioned in sorted(found.items()):
        newest = [mention for _, mention in sorted(mentioned, key=lambda pair: pair[0])]
        names = dict.fromkeys(mention.name for mention in newest if mention.name)
        known.append(Known(resource, tuple(names) or (resource.id,), newest[0].outcome is not Outcome.DELETED))
    return tuple(known)


def _all_names(known: Known) -> set[str]:
    short = {*known.names, known.resource.id}
    return short | {f"{known.resource.workspace}/{known.resource.environment}/{name}" for name in short}


def _not_unique(name: str, found: Collection[Known]) -> StallingError:
    listed = ", ".join(sorted(f"{one.resource}{'' if one.alive else ' (deleted)'}" for one in found))
    return StallingError(
        "MH-HIST-002", f"several instances are or were called {name}: {listed}", fix="Say workspace/environment/id"
    )


def _unknown(name: str, known: Collection[Known]) -> StallingError:
    names = {text: str(one.resource) for one in known for text in _all_names(one)}
    near = difflib.get_close_matches(name, names, n=1)
    return StallingError(
        "MH-HIST-001",
        f"no instance was ever called {name} in this history",
        fix=f"Did you mean {names[near[0]]}?" if near else "Say workspace/environment/id, also of a deleted one",
    )
