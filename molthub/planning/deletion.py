"""The deletion guard: whether an instance that exists and has no manifest may be deleted.

Deleting is the dangerous verb, so absence has to be proven: the tree is whole, the environment is still there
and was read in full, the file that held the manifest is gone, and a large cut is confirmed in Git. One doubt is
enough to leave the instance running. Deletion protection is not judged here but in `plan.py`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from molthub.errors import Diagnostic, Severity
from molthub.manifest.documents import InvalidFile
from molthub.resources.identity import EnvironmentKey, Identity

ENVIRONMENT_REMOVED = "MH-PLAN-010"
NOT_ABSENT = "MH-PLAN-011"
TREE_INVALID = "MH-PLAN-012"
UNCONFIRMED = "MH-PLAN-013"
RENAMED = "MH-PLAN-014"
BAD_CONFIRMATION = "MH-PLAN-015"
NOT_READ_IN_FULL = "MH-PLAN-016"

TRAILER = "Molthub-Confirm-Delete"
FREE_DELETIONS = 2
"""So many go without a confirmation, unless they are the last of their environment."""
FREE_SHARE = 5
"""More than FREE_DELETIONS and more than one in FREE_SHARE of those observed waits for a confirmation."""

_VALUE = re.compile(r"(?P<workspace>[a-z0-9-]+)/(?P<environment>[a-z0-9-]+)\s+(?P<count>[0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class DeletionRequest:
    """What the guard judges by.

    observed       every instance that exists on AWS, of all environments in question
    wanted         identities that the manifests hold
    environments   environments that the manifests hold
    tree_is_valid  `FleetDocuments.is_valid_for_deletion`
    invalid        the files that cannot be used
    former_paths   identity → the file that held it in the newest commit that had it; absent where nobody knows
    present_paths  every file of the tree → the identity it holds now, None for anything else
    confirmations  environment → the number somebody confirmed (`read_confirmations`), from commits that
                   no longer hold the manifests
    unread         environments that were not read in full
    protected      observed with deletion protection: they stay anyhow and are not counted as deletions
    remnants       observed without a service: the Moltbot is gone already, its rest needs no confirmation
    """

    observed: frozenset[Identity]
    wanted: frozenset[Identity]
    environments: frozenset[EnvironmentKey]
    tree_is_valid: bool
    invalid: tuple[InvalidFile, ...] = ()
    former_paths: Mapping[Identity, str] = field(default_factory=dict)
    present_paths: Mapping[str, Identity | None] = field(default_factory=dict)
    confirmations: Mapping[EnvironmentKey, int] = field(default_factory=dict)
    unread: frozenset[EnvironmentKey] = frozenset()
    protected: frozenset[Identity] = frozenset()
    remnants: frozenset[Identity] = frozenset()


@dataclass(frozen=True, slots=True)
class DeletionVerdict:
    """The guard's word.

    removals   every instance that exists and is not wanted → why it may not be deleted, None when it may
    creations  wanted instances that may not be created: each would run beside the one it was renamed from
    """

    removals: Mapping[Identity, Diagnostic | None]
    creations: Mapping[Identity, Diagnostic]

    @property
    def allowed(self) -> frozenset[Identity]:
        return frozenset(identity for identity, why_not in self.removals.items() if why_not is None)


def guard_deletions(request: DeletionRequest) -> DeletionVerdict:
    """Judge every instance that exists and is not wanted. A whole environment is counted together."""
    removals: dict[Identity, Diagnostic | None] = {}
    creations: dict[Identity, Diagnostic] = {}
    for identity in sorted(request.observed - request.wanted):
        removals[identity] = _why_not(identity, request)
        successor = _successor(identity, request)
        if successor is not None and successor not in request.observed:
            creations[successor] = _renamed(successor, identity, request)
    removals.update(_unconfirmed(removals, request))
    return DeletionVerdict(removals, creations)


def read_confirmations(
    values: Iterable[str],
) -> tuple[dict[EnvironmentKey, int], tuple[Diagnostic, ...]]:
    """Values of the trailer (`WORKSPACE/ENVIRONMENT N`) → the largest number per environment, and bad values."""
    confirmed: dict[EnvironmentKey, int] = {}
    bad: list[Diagnostic] = []
    for value in values:
        found = _VALUE.fullmatch(value.strip())
        if found is None:
            bad.append(_bad_confirmation(value))
            continue
        key = EnvironmentKey(found["workspace"], found["environment"])
        confirmed[key] = max(confirmed.get(key, 0), int(found["count"]))
    return confirmed, tuple(bad)


def environment_removed(identity: Identity) -> Diagnostic:
    """Why an instance whose Environment is gone is not deleted."""
    return _no(
        ENVIRONMENT_REMOVED,
        identity,
        f"the Environment {identity.key} was removed while {identity} still exists there",
        f"Bring the Environment {identity.key} back, remove its instances first, and the Environment after them",
    )


def _bad_confirmation(value: str) -> Diagnostic:
    return Diagnostic(
        BAD_CONFIRMATION,
        f"the trailer {TRAILER} has a value that confirms nothing: {value[:80]!r}",
        fix=f"Write it as '{TRAILER}: WORKSPACE/ENVIRONMENT N'",
        severity=Severity.WARNING,
    )


# -- one instance -----------------------------------------------------------------------------------------


def _why_not(identity: Identity, request: DeletionRequest) -> Diagnostic | None:
    """The first doubt about one instance, the most telling one first."""
    doubts = (_environment_doubt, _file_doubt, _tree_doubt)
    return next((found for doubt in doubts if (found := doubt(identity, request)) is not None), None)


def _environment_doubt(identity: Identity, request: DeletionRequest) -> Diagnostic | None:
    key = identity.key
    if request.tree_is_valid and key not in request.environments:
        return environment_removed(identity)
    if key in request.unread:
        return _no(
            NOT_READ_IN_FULL,
            identity,
            f"the environment {key} could not be read in full, so nothing in it is deleted",
            "Wait for a read that succeeds",
        )
    return None


def _file_doubt(identity: Identity, request: DeletionRequest) -> Diagnostic | None:
    """Its file is still there and unusable, or holds something else now: not absent."""
    claimed = next((item for item in request.invalid if _may_be(item, identity)), None)
    if claimed is not None:
        return _not_absent(identity, claimed.path, "cannot be used")
    path = request.former_paths.get(identity)
    if path is None or path not in request.present_paths:
        return None
    now = request.present_paths[path]
    if now is None:
        return _not_absent(identity, path, "no longer holds a MoltbotInstance")
    return _renamed(identity, identity, request) if now != identity else None


def _tree_doubt(identity: Identity, request: DeletionRequest) -> Diagnostic | None:
    if request.tree_is_valid:
        return None
    paths = ", ".join(item.path for item in request.invalid[:3]) or "molthub.yaml"
    return _no(
        TREE_INVALID,
        identity,
        f"{identity} has no manifest, but nothing is deleted while files cannot be used: {paths}",
        "Mend these files: one of them may be its manifest",
    )


def _may_be(item: InvalidFile, identity: Identity) -> bool:
    """Whether what could be read of an invalid file names this instance; a part that is unknown matches nothing."""
    if (item.workspace, item.environment) != (identity.workspace, identity.environment):
        return False
    return identity.id == (item.id or item.name)


def _successor(identity: Identity, request: DeletionRequest) -> Identity | None:
    """The other identity that the file of this one holds now."""
    path = request.former_paths.get(identity)
    now = request.present_paths.get(path) if path is not None else None
    return now if now is not None and now != identity else None


def _renamed(subject: Identity, old: Identity, request: DeletionRequest) -> Diagnostic:
    new = _successor(old, request)
    path = request.former_paths[old]
    if new is not None and new.key == old.key:
        fix = (
            f"To rename it, keep 'id: {old.id}' in its metadata; "
            "for another Moltbot, put it into a file of its own and delete this one"
        )
    else:
        fix = "Workspace and environment are for ever: remove the one in a commit, then add the other in a new file"
    return _no(RENAMED, subject, f"{path} held {old} and now holds {new}; neither is touched", fix)


def _not_absent(identity: Identity, path: str, what: str) -> Diagnostic:
    return _no(
        NOT_ABSENT,
        identity,
        f"{identity} is not deleted: its file {path} is still there and {what}",
        f"Mend {path}, or delete the file to delete the instance",
    )


# -- all of an environment --------------------------------------------------------------------------------


def _unconfirmed(
    removals: Mapping[Identity, Diagnostic | None], request: DeletionRequest
) -> Iterator[tuple[Identity, Diagnostic]]:
    """Those that no doubt stops, where there are too many of them for the confirmations given.

    A confirmation is an upper bound and not an equality: the number falls while the deletion goes on, and a
    crash in the middle must not wait for another commit.
    """
    going: dict[EnvironmentKey, list[Identity]] = defaultdict(list)
    for identity, why_not in removals.items():
        if why_not is None and identity not in request.protected | request.remnants:
            going[identity.key].append(identity)
    for key, identities in going.items():
        total = sum(1 for identity in request.observed - request.remnants if identity.key == key)
        if needs_confirmation(len(identities), total) and request.confirmations.get(key, 0) < len(identities):
            for identity in identities:
                yield identity, _confirm(identity, len(identities), total)


def needs_confirmation(going: int, observed: int) -> bool:
    """The last ones of an environment, or more than two and more than a fifth of those observed."""
    return going > 0 and (going == observed or (going > FREE_DELETIONS and going * FREE_SHARE > observed))


def _confirm(identity: Identity, going: int, total: int) -> Diagnostic:
    return _no(
        UNCONFIRMED,
        identity,
        f"this would delete {going} of the {total} instances of {identity.key}",
        f"If that is meant, push a commit with the trailer '{TRAILER}: {identity.key} {going}'",
    )


def _no(ref: str, subject: Identity, message: str, fix: str) -> Diagnostic:
    return Diagnostic(ref, message, fix=fix, subject=str(subject))
