"""The clone a person stands in, as the place where an action's commit goes.

The commit is built aside, pushed, and only then is the clone brought along: by git's own two-tree merge
(`read-tree -m -u OLD NEW`), which changes the files and index entries that differ between the two commits and no
other, and refuses where one of them is edited here. So a push that fails leaves nothing half done, and a clone that
was merely behind is fast-forwarded as `git pull` would.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from molthub.errors import MolthubError, StallingError
from molthub.source.building import Draft, build, committer_of
from molthub.source.filelock import file_lock
from molthub.source.history import recent_commits
from molthub.source.locations import Location, check_ref, parse_location
from molthub.source.objects import ObjectReader
from molthub.source.process import Git, GitFailedError, printable, summary_line
from molthub.source.target import Base, Landed, fetch_branch, proposed, push_commit
from molthub.source.types import CommitInfo, Snapshot

LOCK_FILE = "molthub-actions.lock"
_FETCHED = "refs/molthub/fetched"


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a local branch is pushed to.

    remote   its name here
    branch   the branch there
    tracking the ref here that remembers it, None where none does
    """

    remote: str
    location: Location
    branch: str
    tracking: str | None


@dataclass(frozen=True, slots=True)
class Clone:
    """The git of one working repository, and what it says of itself."""

    git: Git
    root: Path
    shared: Path

    def commit_at(self, ref: str) -> str | None:
        """The commit that a full ref (or HEAD) points at."""
        try:
            return self.git.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").decode().strip()
        except GitFailedError:
            return None

    def checked_out(self) -> str | None:
        """The branch that is checked out; None for a detached HEAD."""
        try:
            ref = self.git.run("symbolic-ref", "--quiet", "HEAD").decode("utf-8", "surrogateescape").strip()
        except GitFailedError:
            return None
        return ref.removeprefix("refs/heads/")

    def has_remotes(self) -> bool:
        return bool(self.git.run("remote").strip())

    def main_remote(self) -> str:
        """Where other branches than the one checked out go: its remote, else the only one, else origin."""
        current = self.checked_out()
        known = self.upstream(current) if current else None
        names = self.git.run("remote").decode().split()
        return known.remote if known else names[0] if len(names) == 1 else "origin"

    def upstream(self, branch: str) -> Upstream | None:
        """Where the branch is pushed to; None where nothing is set."""
        form = "--format=%(upstream:remotename)%00%(upstream:remoteref)%00%(upstream)"
        answer = self.git.run("for-each-ref", form, f"refs/heads/{branch}").decode("utf-8", "surrogateescape")
        remote, _, rest = answer.splitlines()[0].partition("\0") if answer.strip() else ("", "", "")
        ref, _, tracking = rest.partition("\0")
        if not remote or not ref.startswith("refs/heads/"):
            return None
        return Upstream(remote, self.location_of(remote), ref.removeprefix("refs/heads/"), tracking or None)

    def location_of(self, remote: str) -> Location:
        """Where a remote is; a path is seen from the top of the working tree."""
        if remote == ".":
            return parse_location(str(self.shared), allow_local=True)
        url = self.git.run("remote", "get-url", "--push", "--end-of-options", remote).decode().strip()
        place = parse_location(url, allow_local=True)
        return parse_location(str(self.root / url)) if place.path is not None and not Path(url).is_absolute() else place

    def is_ancestor(self, old: str, new: str) -> bool:
        if old == new:
            return True
        try:
            self.git.run("merge-base", "--is-ancestor", "--end-of-options", old, new)
        except GitFailedError as error:
            if error.code != 1:
                raise
            return False
        return True

    def count(self, old: str, new: str) -> int:
        """How many commits the new one has that the old one has not."""
        return int(self.git.run("rev-list", "--count", "--end-of-options", new, f"^{old}"))

    def move_tree(self, old: str, new: str, *, pretend: bool = False) -> None:
        """Bring index and working tree from one commit to another; only what differs between them. Or MH-ACT-011.

        pretend: only look whether it can be done. To be asked first: it also refreshes what git knows of the files
        """
        if pretend:
            with contextlib.suppress(GitFailedError):  # it says that files are edited, which is what is asked next
                self.git.run("update-index", "-q", "--refresh")
        options = ("-n",) if pretend else ()
        try:
            self.git.run("read-tree", *options, "-m", "-u", old, new)
        except GitFailedError as error:
            raise StallingError(
                "MH-ACT-011",
                f"the clone cannot be brought along: {summary_line(error.stderr)}",
                fix="Commit or undo your own changes of these files first, or say --repo URL to leave the clone alone",
            ) from error

    def move_ref(self, ref: str, new: str, old: str | None, why: str) -> None:
        self.git.run("update-ref", "-m", f"molthub: {why}", ref, new, *((old,) if old else ()))

    def elsewhere(self, branch: str) -> bool:
        """Whether another working tree of this repository has the branch checked out."""
        answer = self.git.run("for-each-ref", "--format=%(worktreepath)", f"refs/heads/{branch}")
        place = answer.decode("utf-8", "surrogateescape").strip()
        return bool(place) and Path(place) != self.root


@dataclass(slots=True)
class CloneTarget:
    """A branch of a clone: the one checked out, or another. A CommitTarget.

    named  the branch asked for with --branch, None for the one checked out
    push   False: the commit stays here
    """

    clone: Clone
    named: str | None
    push: bool
    _goes_to: tuple[Upstream | None] | None = field(default=None, init=False)
    _branch: str | None = field(default=None, init=False)

    @property
    def label(self) -> str:
        return str(self.clone.root)

    @property
    def branch(self) -> str:
        return self.named or self._current()

    def committer(self) -> str:
        return committer_of(self.clone.git)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        with file_lock(self.clone.shared / LOCK_FILE, what=f"the clone {self.label}"):
            yield

    def base(self) -> Base:
        self._goes_to = self._branch = None  # the person may have switched, or set an upstream
        if self.named is not None:
            return self._base_of(check_ref(self.named), self._destination(), start=self._start)
        return self._base_of(self._current(), self._destination(), start=self._head)

    def snapshot(self, commit: str) -> Snapshot:
        return ObjectReader(git=self.clone.git, label=self.label).snapshot(commit)

    def recent(self, commit: str, limit: int) -> tuple[CommitInfo, ...]:
        return recent_commits(self.clone.git, commit, limit)

    def check(self, names: Collection[str]) -> None:
        if self.named is not None or not names:
            return
        paths = tuple(f":(literal,top){name}" for name in sorted(names))
        options = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all")
        found = self.clone.git.run("status", *options, "--", *paths).split(b"\0")
        edited = sorted(item[3:].decode("utf-8", "replace") for item in found if item)
        if edited:
            more = f" and {len(edited) - 1} more" if len(edited) > 1 else ""
            raise StallingError(
                "MH-ACT-011",
                f"{printable(edited[0])}{more} has uncommitted changes, which the commit would mix with its own",
                fix="Commit or undo them first, or say --branch NAME to leave the working tree alone",
            )

    def build(self, draft: Draft) -> str:
        return build(self.clone.git, draft)

    def land(self, commit: str) -> Landed:
        destination = self._destination()
        local = f"refs/heads/{self.branch}"
        before = self.clone.commit_at(local)
        moves = self.named is None and before is not None
        if moves:
            assert before is not None
            if not self.clone.is_ancestor(before, commit):
                raise self._diverged()
            self.clone.move_tree(before, commit, pretend=True)
        if destination is not None:
            push_commit(self.clone.git, destination.location, commit, destination.branch)
            if destination.tracking:
                with contextlib.suppress(MolthubError):  # the next fetch tells the same
                    self.clone.move_ref(destination.tracking, commit, None, "push")
        notes = self._bring_along(local, commit, before, pushed=destination is not None)
        return Landed(pushed=destination is not None, notes=notes)

    def _bring_along(self, local: str, commit: str, before: str | None, *, pushed: bool) -> tuple[str, ...]:
        """Move the local branch; after a push, what goes wrong here is only a note."""
        if pushed and self.named is not None and (before is None or self.clone.elsewhere(self.named)):
            return (proposed(self.named),)
        try:
            if self.named is None and before is not None:
                self.clone.move_tree(before, commit)
            self.clone.move_ref(local, commit, before, "action")
        except MolthubError as error:
            if not pushed:
                raise
            return (f"It is pushed, but this clone is behind ({error.diagnostic.message}): run 'git pull'.",)
        if not pushed:
            return self._why_not_pushed()
        return (proposed(self.named),) if self.named is not None else ()

    def _why_not_pushed(self) -> tuple[str, ...]:
        if self.push:
            return ("Not pushed: this repository has no remote.",)
        return ("Not pushed (--no-push): others, and the controller, do not see it yet.",)

    def _destination(self) -> Upstream | None:
        """Where it is pushed to, asked once for each base; None for nowhere. Or MH-ACT-013."""
        if self._goes_to is None:
            self._goes_to = (self._find_destination(),)
        return self._goes_to[0]

    def _find_destination(self) -> Upstream | None:
        """Raises MH-ACT-013 where a push is wanted and cannot be."""
        if not self.push or not self.clone.has_remotes():
            return None
        if self.named is None:
            found = self.clone.upstream(self._current())
            if found is None:
                raise StallingError(
                    "MH-ACT-013",
                    f"the branch '{self._current()}' has no upstream, so nobody knows where to push it",
                    fix=f"Run 'git push -u origin {self._current()}', or say --branch NAME or --no-push",
                )
            return found
        remote = self.clone.main_remote()
        tracking = f"refs/remotes/{remote}/{self.named}"
        return Upstream(remote, self.clone.location_of(remote), self.named, tracking)

    def _base_of(self, branch: str, destination: Upstream | None, *, start: Callable[[], str | None]) -> Base:
        here = self.clone.commit_at(f"refs/heads/{branch}")
        if destination is None:
            return Base(self._exists(here or start()))
        there = fetch_branch(self.clone.git, destination.location, destination.branch, destination.tracking or _FETCHED)
        if there is None:
            return Base(self._exists(here or start()))
        if here is None or self.clone.is_ancestor(here, there):
            return Base(there)
        if self.clone.is_ancestor(there, here):
            return Base(here, unpushed=self.clone.count(there, here))
        raise self._diverged()

    def _diverged(self) -> StallingError:
        return StallingError(
            "MH-ACT-014",
            f"'{self.branch}' here and what it is pushed to have diverged",
            fix="Run 'git pull --rebase' first, or say --repo URL to leave this clone alone",
        )

    def _exists(self, commit: str | None) -> str:
        if commit is None:
            raise StallingError(
                "MH-GIT-007", f"{self.label} has no commit yet", fix="Commit your manifests first, and push them"
            )
        return commit

    def _head(self) -> str | None:
        return self.clone.commit_at("HEAD")

    def _start(self) -> str | None:
        """What a new branch begins at: what the remote has of the branch checked out, else HEAD."""
        current = self.clone.checked_out()
        known = self.clone.upstream(current) if self.push and current else None
        if known is not None:
            found = fetch_branch(self.clone.git, known.location, known.branch, known.tracking or _FETCHED)
            if found is not None:
                return found
        return self._head()

    def _current(self) -> str:
        branch = self._branch = self._branch or self.clone.checked_out()
        if branch is None:
            raise StallingError(
                "MH-ACT-015",
                "no branch is checked out (the HEAD is detached), so the commit has nowhere to go",
                fix="Run 'git switch BRANCH', or say --branch NAME",
            )
        return branch


def clone_target(git: Git, root: Path, *, branch: str | None, push: bool) -> CloneTarget:
    """The clone whose git directory and working tree these are. Raises MH-ACT-016 for the branch checked out."""
    shared = git.run("rev-parse", "--path-format=absolute", "--git-common-dir").decode("utf-8", "surrogateescape")
    clone = Clone(git=git, root=root, shared=Path(shared.removesuffix("\n")))
    if branch is not None and check_ref(branch) == clone.checked_out():
        raise StallingError(
            "MH-ACT-016",
            f"'{branch}' is checked out here, and --branch is for another one",
            fix="Leave out --branch, or name another",
        )
    return CloneTarget(clone=clone, named=branch, push=push)
