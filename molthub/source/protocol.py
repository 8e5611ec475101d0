"""What the pipeline and the controller ask of a fleet repository; `repository.py` implements it on Git."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from molthub.source.types import CommitChanges, CommitInfo, PathChange, Snapshot


class FleetSource(Protocol):
    """A fleet repository. Every method raises only MolthubErrors (`MH-GIT-NNN`), never with a credential in it."""

    @property
    def label(self) -> str:
        """Where it is, for people, without credentials."""
        ...

    def poll(self) -> str:
        """The full hash the followed ref points at now: one `ls-remote`, nothing fetched."""
        ...

    def fetch(self) -> str:
        """Bring the mirror up to date; the full hash of the followed ref."""
        ...

    def resolve(self, ref: str) -> str:
        """A branch, tag or (short) hash to a full commit hash that the mirror holds."""
        ...

    def snapshot(self, commit: str) -> Snapshot:
        """The YAML files of a commit, read in one `cat-file --batch`, nothing checked out."""
        ...

    def working_tree(self) -> Snapshot:
        """The YAML files as they lie there, untracked (but not ignored) ones included. Local repositories only."""
        ...

    def changed_paths(self, old: str, new: str) -> frozenset[str]:
        """Names that differ between two commits."""
        ...

    def contains(self, commit: str) -> bool:
        """Whether this repository's history of the followed ref holds the commit."""
        ...

    def is_ancestor(self, old: str, new: str) -> bool: ...

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor of two commits; None when they have none. Raises MH-GIT-008 in a shallow clone."""
        ...

    def commit(self, sha: str) -> CommitInfo: ...

    def commits_between(self, old: str | None, new: str) -> tuple[CommitInfo, ...]:
        """Commits reachable from new and not from old (all when None), newest first."""
        ...

    def commit_objects(self, shas: Iterable[str]) -> Mapping[str, bytes | None]:
        """Each commit's own bytes, for its signature (signatures.py); None where there are more than 256 KiB."""
        ...

    def walk(self, head: str, known: Collection[str]) -> tuple[CommitChanges, ...]:
        """Commits reachable from head and from none of the known, parents first, each with the files it changed.

        Known commits that this repository does not hold are passed over. Raises MH-GIT-008 in a shallow clone.
        """
        ...

    def contents(self, oids: Collection[str]) -> Mapping[str, bytes | None]:
        """Blobs by their id; None for one that is too large to be a manifest."""
        ...

    def ancestry(self, head: str) -> Mapping[str, tuple[str, ...]]:
        """Every commit that a head holds, and its parents. Raises MH-GIT-008 for a shallow clone."""
        ...

    def touching(self, path: str, head: str) -> tuple[str, ...]:
        """The commits in which a file differs from that of a parent, merges among them."""
        ...

    def commit_infos(self, shas: Sequence[str]) -> tuple[CommitInfo, ...]:
        """Commits by their hashes, in the order asked for; one git for all."""
        ...

    def path_changes(self, commits: Iterable[tuple[str, tuple[str, ...]]]) -> Mapping[str, tuple[PathChange, ...]]:
        """What each commit (with its parents) changed of the YAML files, against its first parent."""
        ...

    def yaml_ids(self, commit: str) -> Mapping[str, str]:
        """Path → blob id of the regular YAML files of a commit."""
        ...

    def file_at(self, commit: str, path: str) -> bytes | None:
        """One file of a commit, by a path of ours; None where there is none, or it is too large to be a manifest."""
        ...
