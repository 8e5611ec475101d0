"""An access policy, ready to be asked: who signed, and what may they do where?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from molthub.access.signature import Keyring, Signature, Signed, described
from molthub.manifest.access import AccessMode, AccessPolicy, Role
from molthub.manifest.access_checks import key_fingerprints
from molthub.manifest.sshkeys import normal_key
from molthub.resources.identity import EnvironmentKey


@dataclass(frozen=True, slots=True)
class Grant:
    """A role of one person. scope: workspaces and environments (`acme`, `acme/prod`); None: the whole fleet."""

    role: Role
    person: str
    scope: frozenset[str] | None

    def holds(self, where: EnvironmentKey | None) -> bool:
        """Whether it counts in an environment, or (None) for what belongs to the whole fleet."""
        if self.scope is None:
            return True
        return where is not None and bool(self.scope & {where.workspace, str(where)})


@dataclass(frozen=True, slots=True)
class KeyHost:
    """A code host. vouches: a commit that it signed counts as its author's."""

    name: str
    vouches: bool


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made a commit, as far as a policy can tell.

    person  None: nobody that the policy knows; then ref and why say how so ("is not signed", to follow "the commit")
    words   for people: "ben", "ben (as its author claims)"
    """

    person: str | None
    words: str = "nobody known"
    ref: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """signers: fingerprint → person; hosts: fingerprint → host; emails: lower case → person."""

    mode: AccessMode
    people: tuple[str, ...]
    signers: Mapping[str, str]
    hosts: Mapping[str, KeyHost]
    emails: Mapping[str, str]
    grants: tuple[Grant, ...]
    keyring: Keyring

    def role(self, person: str, where: EnvironmentKey | None) -> Role | None:
        """The highest role somebody has in an environment, or (None) in the whole fleet."""
        roles = [grant.role for grant in self.grants if grant.person == person and grant.holds(where)]
        return max(roles, key=lambda role: role.rank, default=None)

    def who_may(self, role: Role, where: EnvironmentKey | None) -> tuple[str, ...]:
        """Everybody with this role or more there."""
        return tuple(name for name in self.people if (has := self.role(name, where)) is not None and has.covers(role))

    def maker(self, email: str, signature: Signature) -> Maker:
        """Who made a commit with this author's address and this signature."""
        if self.mode is AccessMode.CLAIMED_AUTHOR:
            return self._author(email, f"has an author ({email}) whom the access policy does not know")
        if not signature.good or signature.fingerprint is None:
            return Maker(None, ref=_REFS[signature.kind], why=f"is {described(signature)}")
        if signature.fingerprint in self.signers:
            name = self.signers[signature.fingerprint]
            return Maker(name, name)
        host = self.hosts.get(signature.fingerprint)
        if host is None:
            unknown = Signature(Signed.UNKNOWN_KEY, signature.scheme, signature.fingerprint)
            return Maker(None, ref=_REFS[Signed.UNKNOWN_KEY], why=f"is {described(unknown)}")
        if not host.vouches:
            why = f"is signed by {host.name}, which has no role and does not vouch for authors here"
            return Maker(None, ref="MH-ACCESS-006", why=why)
        return self._author(email, f"is signed by {host.name} for an author ({email}) whom the policy does not know")

    def _author(self, email: str, otherwise: str) -> Maker:
        name = self.emails.get(email.lower())
        if name is None:
            return Maker(None, ref="MH-ACCESS-006", why=otherwise)
        return Maker(name, f"{name} (as its author claims)")


_REFS = {
    Signed.NONE: "MH-ACCESS-002",
    Signed.UNKNOWN_KEY: "MH-ACCESS-003",
    Signed.BAD: "MH-ACCESS-004",
    Signed.UNCHECKED: "MH-ACCESS-005",
    Signed.GOOD: "MH-ACCESS-003",
}


def compiled(model: AccessPolicy) -> Policy:
    """A valid policy's model, ready to be asked."""
    spec = model.spec
    members = {group.name: tuple(group.members) for group in spec.groups}
    grants = tuple(
        Grant(binding.role, person, None if binding.scope is None else frozenset(binding.scope))
        for binding in spec.bindings
        for subject in binding.subjects
        for person in members.get(subject, (subject,))
    )
    keys = [key for person in spec.people for key in person.keys] + [key for host in spec.hosts for key in host.keys]
    return Policy(
        mode=spec.mode,
        people=tuple(person.name for person in spec.people),
        signers=_by_fingerprint((person.name, person.keys) for person in spec.people),
        hosts={
            print_: KeyHost(host.name, host.vouchesForAuthor)
            for host in spec.hosts
            for key in host.keys
            for print_ in key_fingerprints(key)
        },
        emails={email.lower(): person.name for person in spec.people for email in person.emails},
        grants=grants,
        keyring=keyring_of(keys),
    )


def keyring_of(keys: Iterable[str]) -> Keyring:
    """The keys that a signature is checked against. They were checked already."""
    ssh, gpg = set(), set()
    for key in keys:
        if key.lstrip().startswith("-----"):
            gpg.add(key)
        else:
            ssh.add(normal_key(key))
    return Keyring(frozenset(ssh), frozenset(gpg))


def _by_fingerprint(owners: Iterable[tuple[str, list[str]]]) -> dict[str, str]:
    return {print_: name for name, keys in owners for key in keys for print_ in key_fingerprints(key)}
