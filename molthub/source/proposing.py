"""A branch beside the one that is followed, as the place where a proposal goes.

The commit is made on the followed branch's newest state, in a clone or in a mirror, and pushed to a branch of its own.
Nothing else moves: no other branch, no working tree, no index.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from molthub.errors import StallingError
from molthub.source.building import Draft, build, committer_of
from molthub.source.clone import LOCK_FILE, Clone
from molthub.source.filelock import file_lock
from molthub.source.history import FORMAT, parse_log
from molthub.source.locations import Location, check_ref, parse_location
from molthub.source.mirror import Mirror
from molthub.source.objects import ObjectReader
from molthub.source.process import Git, require_git
from molthub.source.repository import discover
from molthub.source.target import fetch_branch, push_commit
from molthub.source.types import CommitInfo, Snapshot

MAIN_NAMES = frozenset({"main", "master", "trunk"})
"""Never proposed to, whatever a repository calls its default branch."""

_BASE, _THERE = "refs/molthub/base", "refs/molthub/proposed"


@dataclass(frozen=True, slots=True)
class ProposalRepository:
    """Where proposals are written.

    git        objects are built here; a clone's or a mirror's
    location   pushed to; None: the branch stays in the clone
    onto       the branch that proposals are for
    guarded    branches that no proposal goes to
    shared     the folder of the lock
    """

    git: Git
    label: str
    location: Location | None
    onto: str
    guarded: frozenset[str]
    shared: Path

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Held from reading the base to the push."""
        with file_lock(self.shared / LOCK_FILE, what=f"the repository {self.label}"):
            yield

    def base(self) -> str:
        """The newest commit that a proposal is made on. Raises MH-GIT-006 where the branch is not there."""
        found = self.tip(self.onto, into=_BASE)
        if found is None:
            message = f"{self.label} has no branch '{self.onto}' to propose for"
            raise StallingError("MH-GIT-006", message, fix="Name the branch that is followed with --onto")
        return found

    def tip(self, branch: str, *, into: str = _THERE) -> str | None:
        """What a branch points at, there where it is pushed to; None where it is not."""
        if self.location is not None:
            return fetch_branch(self.git, self.location, branch, into)
        return self._reader.lookup((f"refs/heads/{check_ref(branch)}",))[0]

    def snapshot(self, commit: str) -> Snapshot:
        return self._reader.snapshot(commit)

    def commit(self, sha: str) -> CommitInfo:
        return parse_log(self._reader.read("log", "--no-walk", "-z", FORMAT, "--end-of-options", sha))[0]

    def is_ancestor(self, old: str, new: str) -> bool:
        return Clone(git=self.git, root=self.shared, shared=self.shared).is_ancestor(old, new)

    def committer(self) -> str:
        """The e-mail address of whoever commits. Raises MH-GIT-026."""
        return committer_of(self.git)

    def build(self, draft: Draft) -> str:
        return build(self.git, draft)

    def publish(self, commit: str, branch: str, *, replaces: str | None) -> bool:
        """Make the branch this commit; whether it was pushed. Raises BranchMovedError when it is not `replaces` now."""
        if self.location is None:
            old = (replaces,) if replaces else ("0" * len(commit),)
            self.git.run("update-ref", "-m", "molthub: propose", f"refs/heads/{check_ref(branch)}", commit, *old)
            return False
        push_commit(self.git, self.location, commit, branch, replaces=replaces or "")
        return True

    @property
    def _reader(self) -> ObjectReader:
        return ObjectReader(git=self.git, label=self.label)


def open_proposals(where: str, *, onto: str | None, push: bool, cache_dir: Path) -> ProposalRepository:
    """The repository at a path or URL. onto: the branch that is followed; by default the remote's own default.

    Raises what open_repository raises, and MH-ACT-018 where a commit that is not pushed would be nowhere.
    """
    place = parse_location(where)
    require_git()
    if onto is not None:
        check_ref(onto)
    if place.path is not None:
        git_dir, root = discover(place.path, trusted=False)
        if root is not None:
            return _in_clone(Git(git_dir=git_dir, work_tree=root), root, onto=onto, push=push, cache_dir=cache_dir)
    if not push:
        raise StallingError(
            "MH-ACT-018",
            f"{place.label} has no working tree here, so a commit that is not pushed would be nowhere",
            fix="Leave out --no-push, or run it in a clone",
        )
    mirror = Mirror(location=place, cache_dir=cache_dir)
    mirror.ensure()
    default = _default_of(place, cache_dir)
    followed = onto or default
    guarded = MAIN_NAMES | {default, followed}
    return ProposalRepository(mirror.reader.git, place.label, place, followed, guarded, mirror.path)


def _in_clone(git: Git, root: Path, *, onto: str | None, push: bool, cache_dir: Path) -> ProposalRepository:
    shared = Path(git.run("rev-parse", "--path-format=absolute", "--git-common-dir").decode().removesuffix("\n"))
    clone = Clone(git=git, root=root, shared=shared)
    here = clone.checked_out()
    upstream = clone.upstream(here) if here else None
    held = {name for name in (here, upstream.branch if upstream else None) if name}
    bare = Git(git_dir=git.git_dir)
    if not push or not clone.has_remotes():
        followed = onto or here or "HEAD"
        return ProposalRepository(bare, str(root), None, followed, MAIN_NAMES | held | {followed}, shared)
    location = clone.location_of(clone.main_remote())
    default = _default_of(location, cache_dir)
    followed = onto or default
    return ProposalRepository(bare, str(root), location, followed, MAIN_NAMES | held | {default, followed}, shared)


def _default_of(location: Location, cache_dir: Path) -> str:
    ref, _ = Mirror(location=location, cache_dir=cache_dir).remote.poll(None)
    return ref.removeprefix("refs/heads/")
