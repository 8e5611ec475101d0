"""Who signed a commit, by the keys that the versions of the access policy name.

It says who made a commit and nothing about whether they might: that is what the controller judges (`access check`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from molthub.access.signature import Keyring, Signature, Signed
from molthub.errors import MolthubError
from molthub.pipeline.access import Access
from molthub.source.protocol import FleetSource
from molthub.source.signatures import SignatureChecker

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


def signers_at(source: FleetSource, access: Access) -> Signers:
    """The signers that the versions of the access policy name which count, also those whom a later one dismissed.

    Not those of the file as it lies there: anybody can write a name beside a key of theirs. Nobody where there is none.
    """
    keys, names = Keyring(), dict[str, str]()
    chain = access.evaluation.chain if access.evaluation is not None else None
    for version in chain.versions if chain is not None else ():
        if version.policy is not None:
            keys |= version.policy.keyring
            names |= dict(version.policy.signers) | {key: host.name for key, host in version.policy.hosts.items()}
    return Signers(SignatureChecker(source), keys, names)
