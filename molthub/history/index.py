"""What an index of commits is asked; state/ keeps one in a database, `MemoryIndex` one as long as a process runs.

A commit never changes, so neither does what is kept of it: two processes that index the same commits write the same.
Which commits belong to a history is decided by the walk from its head, so a rewritten branch needs nothing forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from molthub.history.entries import CommitRecord, Entry, Outcome, Resource


@dataclass(frozen=True, slots=True)
class IndexedCommit:
    """A commit with what it did."""

    record: CommitRecord
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """That a commit did something to a resource, and what it was called then."""

    sha: str
    resource: Resource
    name: str
    outcome: Outcome


class CommitIndex(Protocol):
    """Raises only MolthubErrors. It may hold the commits of several repositories."""

    def heads(self) -> tuple[str, ...]:
        """Commits that are indexed with everything they come from; a few dozen at most."""
        ...

    def add(self, commits: Sequence[IndexedCommit], *, head: str, replaces: Collection[str] = ()) -> None:
        """Keep commits, in one transaction; those that are known stay as they are.

        head is one of heads() from now on, and what it replaces is none any more.
        """
        ...

    def parents(self) -> Mapping[str, tuple[str, ...]]:
        """Every commit that is indexed, with its parents."""
        ...

    def commits(self, shas: Collection[str]) -> Mapping[str, CommitRecord]:
        """Those of the commits that are indexed."""
        ...

    def entries_about(self, resources: Collection[Resource]) -> Sequence[Entry]:
        """All entries of these resources."""
        ...

    def entries_in(self, shas: Collection[str]) -> Mapping[str, tuple[Entry, ...]]:
        """The entries of these commits, of each in their order; commits without one are left out."""
        ...

    def mentions(self) -> Iterable[Mention]:
        """Every entry, in brief."""
        ...


@dataclass(slots=True)
class MemoryIndex:
    """A CommitIndex in memory, for where nothing can be written. Not for sharing between threads."""

    _heads: dict[str, None] = field(default_factory=dict)
    _commits: dict[str, IndexedCommit] = field(default_factory=dict)

    def heads(self) -> tuple[str, ...]:
        return tuple(self._heads)

    def add(self, commits: Sequence[IndexedCommit], *, head: str, replaces: Collection[str] = ()) -> None:
        for one in commits:
            self._commits.setdefault(one.record.sha, one)
        for former in replaces:
            self._heads.pop(former, None)
        self._heads[head] = None

    def parents(self) -> Mapping[str, tuple[str, ...]]:
        return {sha: one.record.parents for sha, one in self._commits.items()}

    def commits(self, shas: Collection[str]) -> Mapping[str, CommitRecord]:
        return {sha: self._commits[sha].record for sha in shas if sha in self._commits}

    def entries_about(self, resources: Collection[Resource]) -> Sequence[Entry]:
        return [entry for one in self._commits.values() for entry in one.entries if entry.resource in resources]

    def entries_in(self, shas: Collection[str]) -> Mapping[str, tuple[Entry, ...]]:
        found = {sha: self._commits[sha].entries for sha in shas if sha in self._commits}
        return {sha: entries for sha, entries in found.items() if entries}

    def mentions(self) -> Iterable[Mention]:
        for one in self._commits.values():
            for entry in one.entries:
                yield Mention(one.record.sha, entry.resource, entry.name, entry.outcome)
