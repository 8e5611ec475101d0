"""Where the commit of an action goes: the protocol, and what every implementation says of it.

`clone.py` is the branch of the clone a person stands in, `remote.py` a branch of a repository by URL, in the mirror.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from molthub.errors import MolthubError, StallingError, TransientError
from molthub.source.building import Draft
from molthub.source.locations import Location, check_ref
from molthub.source.network import FETCH_TIMEOUT, explained
from molthub.source.process import Git, GitFailedError
from molthub.source.types import CommitInfo, Snapshot


@dataclass(frozen=True, slots=True)
class Base:
    """What an action is evaluated on.

    commit    full hash
    unpushed  earlier commits of the clone that go along with a push
    """

    commit: str
    unpushed: int = 0


@dataclass(frozen=True, slots=True)
class Landed:
    """Where a commit went.

    pushed  whether the repository that others read has it
    notes   what a person should know: why it was not pushed, what the clone lacks
    """

    pushed: bool
    notes: tuple[str, ...] = ()


class BranchMovedError(TransientError):
    """MH-ACT-010: somebody else's commit came first. Evaluate again on the new tip."""

    def __init__(self, branch: str, label: str) -> None:
        super().__init__(
            "MH-ACT-010",
            f"the branch '{branch}' of {label} moved while this was committed",
            fix="Run the command again",
        )


class CommitTarget(Protocol):
    """One branch to commit to. Every method raises only MolthubErrors, never with a credential in it."""

    @property
    def label(self) -> str:
        """The repository, for people."""
        ...

    @property
    def branch(self) -> str:
        """The branch that the commit goes to."""
        ...

    def committer(self) -> str:
        """The e-mail address of whoever commits here, as git knows them. Raises MH-GIT-026."""
        ...

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Held from reading the base to landing: several processes in one clone queue here."""
        ...

    def base(self) -> Base:
        """Bring what is known of the branch up to date, and name the commit to build on."""
        ...

    def snapshot(self, commit: str) -> Snapshot:
        """The YAML files of a commit."""
        ...

    def check(self, names: Collection[str]) -> None:
        """Raise when these files could not be changed, for they are edited where they lie (MH-ACT-011)."""
        ...

    def build(self, draft: Draft) -> str:
        """Make the commit's objects; nothing points at it yet. Its full hash."""
        ...

    def land(self, commit: str) -> Landed:
        """Publish the commit, and bring the clone along. Raises BranchMovedError; then nothing has changed."""
        ...


class PastTarget(CommitTarget, Protocol):
    """A CommitTarget that tells its past too."""

    def recent(self, commit: str, limit: int) -> tuple[CommitInfo, ...]:
        """A commit and those before it, newest first, at most `limit`."""
        ...


_BEHIND = ("! [rejected]", "(failed to update ref)", "(cannot lock ref", "(incorrect old value", "(fetch first)")
"""In git's own line about the ref: somebody was faster. The last ones are a server's, when two pushes meet in it."""


def proposed(branch: str) -> str:
    """What to do with a commit on a branch of its own."""
    return f"It counts when it is merged: open a pull request from '{branch}'."


def push_commit(git: Git, location: Location, commit: str, branch: str, *, replaces: str | None = None) -> None:
    """Push one commit to one branch, without hooks. Raises BranchMovedError, MH-ACT-012, or what the network said.

    replaces  what the branch must be now ("" for not there), to be rewritten; None: only forward, as people push
    """
    online = _online(git, location)
    refspec = f"{commit}:refs/heads/{check_ref(branch)}"
    lease = () if replaces is None else (f"--force-with-lease=refs/heads/{branch}:{replaces}",)
    arguments = ("push", "--quiet", "--no-verify", *lease, "--end-of-options", "molthub-push", refspec)
    try:
        online.run(*arguments, timeout=FETCH_TIMEOUT)
    except GitFailedError as error:
        raise _refused(error, location, branch) from error


def fetch_branch(git: Git, location: Location, branch: str, into: str) -> str | None:
    """Bring one branch of another repository into a ref of ours; its hash, None when it is not there."""
    arguments = ("fetch", "--quiet", "--no-write-fetch-head", "--no-recurse-submodules", "--no-tags")
    refspec = f"+refs/heads/{check_ref(branch)}:{into}"
    try:
        _online(git, location).run(*arguments, "--end-of-options", "molthub-push", refspec, timeout=FETCH_TIMEOUT)
    except GitFailedError as error:
        if "couldn't find remote ref" in error.stderr:
            return None
        if "cannot lock ref" in error.stderr:
            raise TransientError(
                "MH-ACT-017",
                "another git is at work in the clone, and holds the ref",
                fix="Try again when it has ended",
            ) from error
        raise explained(error, location.label) from error
    return git.run("rev-parse", "--verify", "--quiet", into).decode().strip()


def _online(git: Git, location: Location) -> Git:
    return Git(
        git_dir=git.git_dir,
        config=(*git.config, ("remote.molthub-push.url", location.target)),
        protocols=location.protocols,
        secrets=location.secrets,
    )


def _refused(error: GitFailedError, location: Location, branch: str) -> MolthubError:
    told = [line.strip() for line in error.stderr.splitlines() if line.strip().startswith("! [")]
    if any(sign in line for line in told for sign in _BEHIND):
        return BranchMovedError(branch, location.label)
    if not any("[remote rejected]" in line for line in told):
        return explained(error, location.label)
    return StallingError(
        "MH-ACT-012",
        f"{location.label} refused the push to '{branch}': {_why(error.stderr)}",
        fix="The branch may be protected: say --branch NAME, and open a pull request from it",
    )


def _why(stderr: str) -> str:
    """What the server said, at most 300 characters: its own first line, else the reason in git's brackets."""
    lines = [line.strip() for line in stderr.splitlines()]
    said = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    told = next((line for line in said if line), "")
    reason = next((line.rpartition("(")[2].rstrip(")") for line in lines if "[remote rejected]" in line), "")
    return (told or reason or "no reason given")[:300]
