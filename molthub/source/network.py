"""Asks another repository: what its refs are, and for its objects. Says in our words what went wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from molthub.errors import MolthubError, StallingError, TransientError
from molthub.source.locations import Location, check_ref, is_full_hash
from molthub.source.objects import CorruptRepositoryError, UnknownRefError
from molthub.source.process import Git, GitFailedError, summary_line

ASK_TIMEOUT = 60.0
"""Seconds for an `ls-remote`: it takes 50 ms."""

FETCH_TIMEOUT = 900.0
"""Seconds for a clone or fetch: 10 MB take 2 s."""

_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")

_DENIED = re.compile(
    r"Authentication failed|could not read (Username|Password)|terminal prompts disabled|Permission denied"
    r"|Host key verification failed|returned error: 40[13]|Access denied",
)
_ABSENT = re.compile(
    r"does not appear to be a git repository|[Rr]epository .*not found|returned error: 404|does not exist"
    r"|not a git repository|No such file",
)
_MIRROR_LOST = re.compile(r"not a git repository: '")
_FOREIGN = re.compile(r"dubious ownership|unsafe repository")
_FORBIDDEN = re.compile(r"transport '([^']*)' not allowed")
_CUT_OFF = re.compile(r"early EOF|hung up|RPC failed|[Tt]imed out|Connection (reset|closed|refused)")
_DAMAGED = re.compile(
    r"loose object|bad object|corrupt|packfile|did not send all necessary|unable to read|\.lock'|is empty|broken"
    r"|bad ref"
)


@dataclass(frozen=True, slots=True)
class Remote:
    """The repository at the other end. git carries the location in its environment as the remote `origin`."""

    location: Location
    git: Git

    def poll(self, ref: str | None) -> tuple[str, str]:
        """The followed ref's full name and the hash it points at, one `ls-remote`.

        ref: a branch, a tag or `refs/…`; a full hash is its own answer; None is what the remote's HEAD names.
        Raises MH-GIT-006 when there is no such ref, MH-GIT-007 when there is no commit yet.
        """
        if ref is None:
            return self._default()
        check_ref(ref)
        if is_full_hash(ref):
            return ref, ref
        names = (ref,) if ref.startswith("refs/") else (f"refs/heads/{ref}", f"refs/tags/{ref}")
        found = dict(self._ask(*names, *(f"{name}^{{}}" for name in names)))
        for name in names:
            if commit := found.get(f"{name}^{{}}") or found.get(name):
                return name, commit
        raise UnknownRefError(ref, self.location.label)

    def fetch(self, mirror: Git) -> None:
        """Bring all branches and tags of the mirror to where the remote's are; what is gone there goes here."""
        arguments = ("fetch", "--quiet", "--prune", "--no-write-fetch-head", "--no-recurse-submodules")
        try:
            mirror.run(*arguments, "--end-of-options", "origin", *_REFSPECS, timeout=FETCH_TIMEOUT)
        except GitFailedError as error:
            raise explained(error, self.location.label) from error

    def _default(self) -> tuple[str, str]:
        lines = self._ask("HEAD", options=("--symref",))
        target = next((left.removeprefix("ref: ") for name, left in lines if left.startswith("ref: ")), None)
        commit = next((left for name, left in lines if name == "HEAD" and is_full_hash(left)), None)
        if commit is not None:
            return target or commit, commit
        if self._ask():
            raise StallingError(
                "MH-GIT-007",
                f"the default branch of {self.location.label} has no commit",
                fix="Name a branch with --ref",
            )
        raise empty_repository(self.location.label)

    def _ask(self, *patterns: str, options: tuple[str, ...] = ()) -> list[tuple[str, str]]:
        """`ls-remote`'s lines as (ref, hash or `ref: NAME`)."""
        try:
            answer = self.git.run(
                "ls-remote", "--quiet", *options, "--end-of-options", "origin", *patterns, timeout=ASK_TIMEOUT
            )
        except GitFailedError as error:
            raise explained(error, self.location.label) from error
        lines = answer.decode("utf-8", "replace").splitlines()
        return [(name, left) for left, _, name in (line.partition("\t") for line in lines)]


def empty_repository(label: str) -> StallingError:
    return StallingError("MH-GIT-007", f"{label} has no commit yet", fix="Commit a manifest and push it")


def explained(error: GitFailedError, label: str) -> MolthubError:
    """What a failed conversation with another repository means; unknown failures count as the network's."""
    if found := _FORBIDDEN.search(error.stderr):
        return StallingError("MH-GIT-001", f"the transport '{found[1]}' is refused", fix="Use an https or ssh URL")
    for pattern, meaning in _MEANINGS:
        if pattern.search(error.stderr):
            return meaning(label, error.stderr)
    return _unreachable(label, error.stderr)


def foreign_owner(label: str, _said: str = "") -> StallingError:
    return StallingError(
        "MH-GIT-012",
        f"the repository {label} belongs to another user",
        fix=f"If you trust it, run 'git config --global --add safe.directory {label}'",
    )


def _unreachable(label: str, said: str) -> TransientError:
    return TransientError(
        "MH-GIT-003",
        f"{label} cannot be reached: {summary_line(said)}",
        fix="Check the network and the server; Molthub tries again",
    )


def _damaged(label: str, _said: str) -> StallingError:
    return CorruptRepositoryError(label)


def _absent(label: str, _said: str) -> StallingError:
    return StallingError(
        "MH-GIT-002",
        f"there is no repository at {label}, or it may not be seen",
        fix="Check the location, and that the credentials in use may read it",
    )


def _denied(label: str, said: str) -> StallingError:
    return StallingError(
        "MH-GIT-004",
        f"access to {label} was denied: {summary_line(said)}",
        fix="Give git credentials that may read it: an SSH key, or a credential helper",
    )


_MEANINGS: tuple[tuple[re.Pattern[str], Callable[[str, str], MolthubError]], ...] = (
    (_MIRROR_LOST, _damaged),
    (_FOREIGN, foreign_owner),
    (_DENIED, _denied),
    (_ABSENT, _absent),
    (_CUT_OFF, _unreachable),
    (_DAMAGED, _damaged),
)
"""In order: an ssh refusal also says that the other end hung up, a truncated answer also speaks of packs."""
