"""A fleet repository in memory: a line of commits, each a whole tree. For tests that need history but not Git."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from molthub.errors import StallingError
from molthub.source.types import CommitChanges, CommitInfo, FileAt, FileEntry, PathChange, Snapshot

START = datetime(2026, 11, 1, tzinfo=UTC)


class FakeSource:
    """`commit_tree` adds a commit to the followed branch; `force` replaces the branch's history."""

    label = "memory"

    def __init__(self) -> None:
        self.trees: dict[str, Mapping[str, bytes]] = {}
        self.infos: dict[str, CommitInfo] = {}
        self.by_id: dict[str, bytes] = {}
        self.head = ""
        self.polls = 0
        self.fetches = 0
        self.broken: StallingError | None = None

    def commit_tree(self, files: Mapping[str, bytes], *, message: str = "change", **trailers: str) -> str:
        """A commit on top of the head; trailers as `Molthub_Confirm_Delete="acme/prod 3"`."""
        tree = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        sha = hashlib.sha1(f"{self.head}{tree}{message}{len(self.infos)}".encode()).hexdigest()
        parents = (self.head,) if self.head else ()
        named = {key.replace("_", "-").lower(): (value,) for key, value in trailers.items()}
        self.infos[sha] = CommitInfo(sha, tree, parents, "Ana", "ana@example.com", START, message, named)
        self.trees[sha] = dict(files)
        self.head = sha
        return sha

    def force(self, files: Mapping[str, bytes], **trailers: str) -> str:
        """Another history: one commit without parents."""
        self.head = ""
        return self.commit_tree(files, message="rewritten", **trailers)

    def poll(self) -> str:
        self.polls += 1
        if self.broken:
            raise self.broken
        return self.head

    def fetch(self) -> str:
        self.fetches += 1
        return self.head

    def resolve(self, ref: str) -> str:
        return ref

    def snapshot(self, commit: str) -> Snapshot:
        files = {path: FileEntry(path, "", content) for path, content in self.trees[self.commit(commit).sha].items()}
        return Snapshot(commit, files)

    def working_tree(self) -> Snapshot:
        return Snapshot(None, self.snapshot(self.head).files, dirty=True)

    def changed_paths(self, old: str, new: str) -> frozenset[str]:
        one, two = self.trees[old], self.trees[new]
        return frozenset(path for path in one.keys() | two.keys() if one.get(path) != two.get(path))

    def contains(self, commit: str) -> bool:
        return commit in self._ancestors(self.head)

    def is_ancestor(self, old: str, new: str) -> bool:
        return old in self._ancestors(self.commit(new).sha)

    def merge_base(self, one: str, other: str) -> str | None:
        known = self._ancestors(other)
        return next((sha for sha in self._ancestors(one) if sha in known), None)

    def commit(self, sha: str) -> CommitInfo:
        if sha not in self.infos:
            raise StallingError("MH-GIT-999", f"no commit {sha}")
        return self.infos[sha]

    def commits_between(self, old: str | None, new: str) -> tuple[CommitInfo, ...]:
        known = self._ancestors(old) if old else ()
        return tuple(self.infos[sha] for sha in self._ancestors(new) if sha not in known)

    def commit_objects(self, shas: Iterable[str]) -> Mapping[str, bytes | None]:
        """Unsigned, all of them."""
        return {sha: f"tree {sha}\nauthor A <a> 0 +0000\ncommitter A <a> 0 +0000\n\nx".encode() for sha in shas}

    def ancestry(self, head: str) -> Mapping[str, tuple[str, ...]]:
        return {sha: self.infos[sha].parents for sha in self._ancestors(head)}

    def touching(self, path: str, head: str) -> tuple[str, ...]:
        found = self.path_changes((sha, self.infos[sha].parents) for sha in self._ancestors(head))
        return tuple(sha for sha, changes in found.items() if any(change.path == path for change in changes))

    def commit_infos(self, shas: Sequence[str]) -> tuple[CommitInfo, ...]:
        return tuple(self.infos[sha] for sha in shas)

    def path_changes(self, commits: Iterable[tuple[str, tuple[str, ...]]]) -> Mapping[str, tuple[PathChange, ...]]:
        found = {}
        for sha, parents in commits:
            old = self.yaml_ids(parents[0]) if parents else {}
            new = self.yaml_ids(sha)
            differing = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
            found[sha] = tuple(PathChange(path, old.get(path), new.get(path)) for path in differing)
        return found

    def yaml_ids(self, commit: str) -> Mapping[str, str]:
        found = {path: hashlib.sha1(content).hexdigest() for path, content in self.trees[commit].items()}
        self.by_id |= {found[path]: content for path, content in self.trees[commit].items()}
        return found

    def contents(self, oids: Iterable[str]) -> Mapping[str, bytes | None]:
        return {oid: self.by_id[oid] for oid in oids}

    def walk(self, head: str, known: Collection[str]) -> tuple[CommitChanges, ...]:
        seen = {sha for one in known for sha in self._ancestors(one)}
        return tuple(self._changes(sha) for sha in reversed(self._ancestors(head)) if sha not in seen)

    def file_at(self, commit: str, path: str) -> bytes | None:
        return self.trees[commit].get(path)

    def _changes(self, sha: str) -> CommitChanges:
        info = self.infos[sha]
        before, now = self.yaml_ids(info.parents[0]) if info.parents else {}, self.yaml_ids(sha)
        sides = [(path, before.get(path), now.get(path)) for path in sorted(before.keys() | now.keys())]
        paths = [
            PathChange(path, FileAt(old) if old else None, FileAt(new) if new else None)
            for path, old, new in sides
            if old != new
        ]
        return CommitChanges(info, tuple(paths))

    def _ancestors(self, sha: str) -> list[str]:
        found: list[str] = []
        waiting = [sha] if sha else []
        while waiting:
            current = waiting.pop(0)
            if current not in found:
                found.append(current)
                waiting.extend(self.infos[current].parents)
        return found
