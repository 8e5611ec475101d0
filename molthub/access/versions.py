"""The chain of trust of the policy itself.

The first version counts when a root key signed it; every next one when an OWNER of the whole fleet in the version
before signed it, on top of that version. Any other change of access.yaml is ignored and told, and so is taking it away.
Where no root keys are set, the first version counts when one of its own OWNERs signed it: trust on first use, shown as
unrooted. A first version that does not count grants nothing to anybody until one comes that does: nobody shall gain
anything by a policy that nobody stands for.

Two versions may grow side by side from one. Until an OWNER in both of them signs a third, only what both allow is
allowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from molthub.access.policy import Policy, compiled, keyring_of
from molthub.access.record import Record
from molthub.access.signature import Keyring, Signature, Signed, described
from molthub.errors import Diagnostic
from molthub.manifest.access import AccessPolicy, Role
from molthub.manifest.sshkeys import fingerprint

PATH = "access.yaml"


@dataclass(frozen=True, slots=True)
class Version:
    """A policy from the commit on that brought it. policy None: it grants nothing, for nobody stands for it."""

    commit: str
    policy: Policy | None


@dataclass(frozen=True, slots=True)
class Roots:
    """Who may sign the first version: these SSH keys; None: an OWNER of that version."""

    keys: frozenset[str] | None = None

    @property
    def fingerprints(self) -> frozenset[str] | None:
        return None if self.keys is None else frozenset(fingerprint(key) for key in self.keys)

    @property
    def keyring(self) -> Keyring:
        return keyring_of(self.keys or ())


@dataclass(slots=True)
class Chain:
    """Every version that counts, in the order of the history, and what was ignored: commit → why.

    unfounded  first versions that nobody stands for; they matter only where there is no other
    """

    record: Record
    roots: Roots
    versions: list[Version] = field(default_factory=list)
    unfounded: list[Version] = field(default_factory=list)
    ignored: dict[str, Diagnostic] = field(default_factory=dict)

    def __post_init__(self) -> None:
        commits = self.record.policy_commits()
        if commits or self.roots.keys is not None:  # else there never was one, and the history need not be read
            for sha in sorted(commits, key=self.record.ancestry.rank):
                self._look(sha)

    def newest(self, shas: Iterable[str]) -> tuple[Version, ...]:
        """The versions that these commits hold, without those that another of them follows."""
        heads = tuple(shas)
        for known in (self.versions, self.unfounded):
            if not known:
                continue
            ancestry = self.record.ancestry
            held = [one for one in known if any(ancestry.holds(head, one.commit) for head in heads)]
            if held:
                return self.latest(held)
        return ()

    def latest(self, versions: Iterable[Version]) -> tuple[Version, ...]:
        given = {one.commit: one for one in versions}
        last = self.record.ancestry.newest(given)
        return tuple(one for sha, one in given.items() if sha in last)

    def _look(self, sha: str) -> None:
        view = self.record.views([sha])[sha]
        now = self.record.policy_at(sha)
        before = [self.record.policy_at(parent) for parent in view.parents]
        if any(one == now for one in before) or (not before and now is None):
            return  # nothing of its own: a merge that takes one side
        base = self.newest(view.parents)
        if now is None or not isinstance(now.model, AccessPolicy):
            if base or now is not None:
                self.ignored[sha] = _unusable(sha, gone=now is None, first=not base)
            return
        policy = compiled(now.model)
        keys = policy.keyring | self.roots.keyring
        for one in base:
            keys |= one.policy.keyring if one.policy else Keyring()
        signature = self.record.signatures([sha], keys)[sha]
        founded = [one for one in base if one.policy is not None]
        if not founded:
            self._found(sha, policy, self._founder(policy, view.email, signature))
            return
        refusals = [why for one in founded if (why := _no_owner(one, view.email, signature)) is not None]
        if refusals:
            self.ignored[sha] = _refused(sha, refusals[0])
        else:
            self.versions.append(Version(sha, policy))

    def _found(self, sha: str, policy: Policy, why: str | None) -> None:
        """A first version. One that counts takes the place of those that did not: its signer has seen them."""
        if why is None:
            self.versions.append(Version(sha, policy))
        else:
            self.ignored[sha] = _unfounded(sha, why, rooted=self.roots.keys is not None)
            self.unfounded.append(Version(sha, None))

    def _founder(self, policy: Policy, email: str, signature: Signature) -> str | None:
        """Why a first version does not count; None when it does."""
        roots = self.roots.fingerprints
        if roots is not None:
            return None if signature.good and signature.fingerprint in roots else _as_signed(signature)
        maker = policy.maker(email, signature)
        owns = maker.person is not None and policy.role(maker.person, None) is Role.OWNER
        return None if owns else maker.why or f"is by {maker.words}, who is no OWNER in it"


def _no_owner(version: Version, email: str, signature: Signature) -> str | None:
    """Why a commit may not follow a version; None when an OWNER in it made it."""
    assert version.policy is not None
    maker = version.policy.maker(email, signature)
    if maker.person is None:
        return maker.why
    if version.policy.role(maker.person, None) is Role.OWNER:
        return None
    return f"is by {maker.words}, who is no OWNER of the whole fleet"


def _as_signed(signature: Signature) -> str:
    if signature.kind in (Signed.GOOD, Signed.UNKNOWN_KEY):
        return f"is signed with {signature.fingerprint}, which is no root key"
    return f"is {described(signature)}"


def _unusable(sha: str, *, gone: bool, first: bool) -> Diagnostic:
    what = "takes access.yaml away" if gone else "makes access.yaml something that is no valid policy"
    still = "and no policy is in force yet" if first else "and the policy before it stays in force"
    return Diagnostic(
        "MH-ACCESS-011",
        f"commit {sha[:12]} {what}, {still}",
        fix="Bring a valid access.yaml back; to let everybody change everything, let an OWNER set mode: open in it",
    )


def _unfounded(sha: str, why: str, *, rooted: bool) -> Diagnostic:
    who = "a root key" if rooted else "a key of an OWNER in it"
    return Diagnostic(
        "MH-ACCESS-012",
        f"the first access policy, of commit {sha[:12]}, does not count and nothing may change: the commit {why}",
        fix=f"Commit access.yaml again, changed if only by a comment, and sign the commit with {who}",
    )


def _refused(sha: str, why: str) -> Diagnostic:
    return Diagnostic(
        "MH-ACCESS-010",
        f"the change of access.yaml in commit {sha[:12]} does not count: the commit {why}",
        fix="Have an OWNER read it and sign a commit that changes access.yaml, if only by a comment; or revert it",
    )
