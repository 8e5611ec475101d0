"""SSH public keys as people paste them, and signatures by them, as values. Formats: RFC 4253 6.6, RFC 8709, and
OpenSSH's PROTOCOL.sshsig and PROTOCOL.u2f."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

KEY_TYPES = frozenset(
    {
        "ssh-ed25519",
        "sk-ssh-ed25519@openssh.com",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "ssh-rsa",
    }
)
"""Plain keys only. A certificate would let whoever holds its authority make signers that no policy names."""

MIN_RSA_BITS = 2048

_MAGIC = b"SSHSIG"
_VERSION = 1
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_KEY_AND_COMMENT = 2


class MalformedKeyError(ValueError):
    """The text is no SSH public key that may sign; the message says why, in words."""


def normal_key(text: str) -> str:
    """`TYPE BASE64` of a public key line, without its comment. Raises MalformedKeyError."""
    parts = text.split()
    if len(parts) < _KEY_AND_COMMENT or parts[0] not in KEY_TYPES:
        if parts and "-cert-" in parts[0]:
            raise MalformedKeyError("it is a certificate, and only plain keys may sign")
        if any(part in KEY_TYPES for part in parts):
            raise MalformedKeyError("it has options before the key")
        raise MalformedKeyError("it does not begin with the type of an SSH public key, such as ssh-ed25519")
    try:
        blob = base64.b64decode(parts[1], validate=True)
        kind, rest = _string(blob)
        modulus = _string(_string(rest)[1])[0] if kind == b"ssh-rsa" else None
    except (binascii.Error, struct.error, ValueError) as error:
        raise MalformedKeyError("the part after the type is not a whole key") from error
    if kind != parts[0].encode():
        raise MalformedKeyError("its type and its content differ")
    if modulus is not None and int.from_bytes(modulus).bit_length() < MIN_RSA_BITS:
        raise MalformedKeyError(f"an RSA key needs at least {MIN_RSA_BITS} bits")
    return f"{parts[0]} {base64.b64encode(blob).decode()}"


def fingerprint(key: str) -> str:
    """`SHA256:…` of a key that `normal_key` gave, as `ssh-keygen -l` prints it."""
    return _digest(base64.b64decode(key.split()[1]))


@dataclass(frozen=True, slots=True)
class SshSignature:
    """What an armored signature says of itself; nothing of it is proven yet."""

    key_type: str
    fingerprint: str
    namespace: str


def read_signature(armored: str) -> SshSignature:
    """Take an armored signature apart. Raises ValueError for anything else."""
    lines = armored.strip().split("\n")
    if lines[0] != _BEGIN or lines[-1] != _END:
        raise ValueError("it is not one SSH signature")
    try:
        blob = base64.b64decode("".join(lines[1:-1]), validate=True)
        if not blob.startswith(_MAGIC) or struct.unpack_from(">I", blob, len(_MAGIC)) != (_VERSION,):
            raise ValueError("it is of an unknown version")
        key, rest = _string(blob[len(_MAGIC) + 4 :])
        namespace, _ = _string(rest)
        kind, _ = _string(key)
        return SshSignature(kind.decode("ascii"), _digest(key), namespace.decode("ascii"))
    except (binascii.Error, struct.error, UnicodeDecodeError) as error:
        raise ValueError("it is damaged") from error


def _digest(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _string(blob: bytes) -> tuple[bytes, bytes]:
    """A length and so many bytes, and what follows (RFC 4251 5)."""
    (length,) = struct.unpack_from(">I", blob)
    if len(blob) < 4 + length:
        raise ValueError("it is cut short")
    return blob[4 : 4 + length], blob[4 + length :]
