"""What is known of a commit's signature, and the keys it is checked against."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Signed(StrEnum):
    """How a commit is signed. Only GOOD says anything about who made it.

    UNKNOWN_KEY  the signature is sound, and nobody's key that was asked for made it
    UNCHECKED    there is a signature, and the means to check it are missing
    """

    NONE = "none"
    GOOD = "good"
    BAD = "bad"
    UNKNOWN_KEY = "unknown-key"
    UNCHECKED = "unchecked"


class Scheme(StrEnum):
    """What kind of signature it is."""

    SSH = "ssh"
    GPG = "gpg"
    X509 = "x509"


@dataclass(frozen=True, slots=True)
class Signature:
    """One commit's signature, checked.

    scheme       None where there is no signature, or none that can be told
    fingerprint  `SHA256:…` of an SSH key; the 40 (or 64) hex digits of a GPG key's primary key, upper case. Of a
                 signature that is GOOD it is proven; of an UNKNOWN_KEY it is who made it, as far as can be told
    reason       why it is BAD or UNCHECKED, for people
    """

    kind: Signed
    scheme: Scheme | None = None
    fingerprint: str | None = None
    reason: str = ""

    @property
    def good(self) -> bool:
        return self.kind is Signed.GOOD


UNSIGNED = Signature(Signed.NONE)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that count: SSH public keys (`ssh-ed25519 AAAA…`) and armored GPG public keys."""

    ssh: frozenset[str] = frozenset()
    gpg: frozenset[str] = frozenset()

    def __or__(self, other: Keyring) -> Keyring:
        return Keyring(self.ssh | other.ssh, self.gpg | other.gpg)


def described(signature: Signature) -> str:
    """In words, to follow "the commit is …"."""
    made_by = f"with {signature.fingerprint}" if signature.fingerprint else "by nobody known"
    if signature.kind is Signed.NONE:
        return "not signed"
    if signature.kind is Signed.GOOD:
        return f"signed {made_by}"
    if signature.kind is Signed.UNKNOWN_KEY:
        return f"signed {made_by}, a key that the access policy does not know"
    if signature.kind is Signed.BAD:
        return f"signed, but the signature is bad: {signature.reason}"
    return f"signed, but the signature cannot be checked: {signature.reason}"
