"""What Git's past says about safety: where a removed manifest lived, who confirmed a deletion, what was rewritten.

Reads the source, nothing else. Everything is looked up when it is needed and kept for the life of one plan, so
that a plan in which nothing is removed, new or rewritten reads no history at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from molthub.errors import Diagnostic, MolthubError
from molthub.manifest.documents import FleetDocuments, LoadedEnvironment
from molthub.manifest.loader import ReadCache
from molthub.pipeline.engine import load
from molthub.resources.identity import Identity
from molthub.source.protocol import FleetSource
from molthub.source.types import CommitInfo

LOOK_BACK = 50
"""How many first-parent commits are looked at, at most."""

CONFIRM_DELETE = "molthub-confirm-delete"
ACCEPT_REWRITE = "molthub-accept-rewrite"


@dataclass(slots=True)
class History:
    """The past of one head. Made anew for each plan; not for sharing between threads.

    believes  whether a commit's trailer counts (`Access.believes`)
    """

    source: FleetSource
    head: str
    believes: Callable[[str, str], bool] = lambda _commit, _trailer: True
    _documents: dict[str, FleetDocuments | None] = field(default_factory=dict)
    _read: ReadCache = field(default_factory=dict)
    _accepted: tuple[str, ...] | None = None
    _held: dict[str, bool] = field(default_factory=dict)

    def documents_at(self, commit: str) -> FleetDocuments | None:
        """What the fleet was at a commit; None when this repository does not hold it."""
        if commit not in self._documents:
            try:
                self._documents[commit] = load(self.source.snapshot(commit), cache=self._read)
            except MolthubError:
                self._documents[commit] = None
        return self._documents[commit]

    def back(self) -> Iterator[CommitInfo]:
        """The head and its first parents, newest first, LOOK_BACK at most."""
        sha: str | None = self.head
        for _ in range(LOOK_BACK):
            if sha is None:
                return
            info = self.source.commit(sha)
            yield info
            sha = info.parents[0] if info.parents else None

    def path_of(self, identity: Identity, commit: str | None) -> str | None:
        """The file that held an identity in the newest commit that had it; else at `commit`, that of its last write.

        The newest: a file may have been moved since the last write, and it is the last place that must be empty.
        """
        newest = self.newest_with(identity) or (self.documents_at(commit) if commit else None)
        loaded = newest.instances.get(identity) if newest else None
        return loaded.path if loaded else None

    def newest_with(self, identity: Identity) -> FleetDocuments | None:
        """The fleet at the newest commit that held an identity; None when that is too long ago."""
        found = (self.documents_at(info.sha) for info in self.back())
        return next((documents for documents in found if documents and identity in documents.instances), None)

    def confirmations(self, removed: frozenset[Identity]) -> tuple[str, ...]:
        """Values of `Molthub-Confirm-Delete` trailers in commits that no longer hold any of the removed.

        An old confirmation, from before the manifests went, confirms nothing.
        """
        values: list[str] = []
        for info in self.back():
            documents = self.documents_at(info.sha)
            if documents is None or removed & documents.instances.keys():
                break
            values.extend(self._said(info, CONFIRM_DELETE))
        return tuple(values)

    def moved_from(self, identity: Identity) -> Identity | None:
        """Another identity with this id that the manifests held until the commit that brought this one."""
        current = self.documents_at(self.head)
        for info in self.back():
            documents = self.documents_at(info.sha)
            if documents is None:
                return None
            if identity not in documents.instances:
                gone = documents.instances.keys() - (current.instances.keys() if current else set())
                return next((other for other in sorted(gone) if other.id == identity.id), None)
        return None

    def moved_to(self, identity: Identity, wanted: Iterable[Identity]) -> Identity | None:
        """The wanted identity that a removed one became: it has the same id, and came no sooner than that one went."""
        same_id = [other for other in sorted(wanted) if other.id == identity.id and other != identity]
        newest = self.newest_with(identity) if same_id else None
        return next((other for other in same_id if newest and other not in newest.instances), None)

    def former_environment(self, environment: LoadedEnvironment) -> LoadedEnvironment | None:
        """The newest earlier version of an Environment that lay somewhere else on AWS."""
        for info in self.back():
            documents = self.documents_at(info.sha)
            former = documents.environments.get(environment.key) if documents else None
            if former and _place(former) != _place(environment):
                return former
        return None

    def rewrite_problem(self, commit: str, name: str) -> Diagnostic | None:
        """Why a commit that AWS carries forbids writing: this history does not hold it, and nobody accepted that.

        A rewrite that left the same tree passes; so does one that a later commit accepts by name.
        """
        if commit not in self._held:
            self._held[commit] = (
                self.source.contains(commit) or self._has_same_tree(commit) or self._is_accepted(commit)
            )
        if self._held[commit]:
            return None
        return Diagnostic(
            ref="MH-PIPE-003",
            message=f"{name} runs commit {commit[:12]}, which the history of {self.head[:12]} does not hold",
            fix=f"Look with the newest commit of the right repository (git pull): to go back, commit a revert; if its "
            f"history was rewritten on purpose, push a commit with the trailer 'Molthub-Accept-Rewrite: {commit}'",
        )

    def _has_same_tree(self, commit: str) -> bool:
        try:
            tree = self.source.commit(commit).tree
        except MolthubError:
            return False
        return any(info.tree == tree for info in self.back())

    def _said(self, info: CommitInfo, trailer: str) -> list[str]:
        """A trailer's values in a commit; of a merge, also in the commits that it brought."""
        brought = self.source.commits_between(info.parents[0], info.sha) if len(info.parents) > 1 else (info,)
        return [value for one in brought if self.believes(one.sha, trailer) for value in one.trailers.get(trailer, ())]

    def _is_accepted(self, commit: str) -> bool:
        if self._accepted is None:
            self._accepted = tuple(value for info in self.back() for value in self._said(info, ACCEPT_REWRITE))
        return any(self._covers(accepted.strip(), commit) for accepted in self._accepted)

    def _covers(self, accepted: str, commit: str) -> bool:
        if accepted == commit:
            return True
        try:
            return self.source.is_ancestor(commit, accepted)
        except MolthubError:
            return False


def _place(environment: LoadedEnvironment) -> tuple[str, str, str | None]:
    aws = environment.model.spec.aws
    return (aws.accountId, aws.region, aws.cluster)
