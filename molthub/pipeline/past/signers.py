"""Who signed a commit, by the keys that the access policy of the head names.

It says who made a commit and nothing about whether they might: that is what the controller judges (`access check`), by
the policy in force, which need not be the one at the head.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from molthub.access.signature import Keyring, Signature, Signed
from molthub.errors import MolthubError
from molthub.manifest.access import AccessPolicy
from molthub.manifest.pgpkeys import primary_fingerprints
from molthub.manifest.reading import read_file
from molthub.manifest.sshkeys import MalformedKeyError, fingerprint, normal_key
from molthub.source.protocol import FleetSource
from molthub.source.signatures import SignatureChecker

ACCESS_PATH = "access.yaml"
NOT_CHECKED = Signature(Signed.UNCHECKED, reason="the commit could not be read")


@dataclass(frozen=True, slots=True)
class SignedBy:
    """A commit's signature with the name that the policy gives its key. who: only of a verified one."""

    signature: Signature
    who: str | None = None

    @property
    def verified(self) -> bool:
        """Whether a key that the policy names made it."""
        return self.signature.good


@dataclass(frozen=True, slots=True)
class Signers:
    """names: fingerprint → person or host; empty where there is no policy."""

    checker: SignatureChecker
    keys: Keyring
    names: Mapping[str, str]

    def look(self, shas: Collection[str]) -> Mapping[str, SignedBy]:
        """Every commit's signature. Raises nothing: what cannot be read is not checked."""
        try:
            found = self.checker.check(shas, self.keys)
        except MolthubError:
            return {sha: SignedBy(NOT_CHECKED) for sha in shas}
        return {sha: SignedBy(one, self._name(one)) for sha, one in found.items()}

    def _name(self, signature: Signature) -> str | None:
        return self.names.get(signature.fingerprint or "") if signature.good else None


def signers_at(source: FleetSource, head: str) -> Signers:
    """The signers that the access policy of a commit names; nobody where it has none that is valid."""
    content = source.file_at(head, ACCESS_PATH)
    read = read_file(ACCESS_PATH, content) if content is not None else None
    policy = read.model if read is not None and isinstance(read.model, AccessPolicy) else None
    ssh, gpg, names = set(), set(), {}
    for name, key in _keys(policy) if policy is not None else ():
        if key.lstrip().startswith("-----BEGIN"):
            gpg.add(key)
            names.update(dict.fromkeys(primary_fingerprints(key), name))
        else:
            ssh.add(normal_key(key))
            names[fingerprint(normal_key(key))] = name
    return Signers(SignatureChecker(source), Keyring(frozenset(ssh), frozenset(gpg)), names)


def _keys(policy: AccessPolicy) -> Iterator[tuple[str, str]]:
    """Each key that can be used, with whose it is."""
    everybody = [(one.name, one.keys) for one in policy.spec.people] + [
        (one.name, one.keys) for one in policy.spec.hosts
    ]
    for name, keys in everybody:
        for key in keys:
            try:
                primary_fingerprints(key) if key.lstrip().startswith("-----BEGIN") else normal_key(key)
            except MalformedKeyError:
                continue
            yield name, key
