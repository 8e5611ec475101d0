"""Armored OpenPGP public keys as people paste them → the fingerprints of the primary keys in them.

Read here and not by gpg, so that a policy means the same where there is no gpg. Format: RFC 9580, 4.2 (packets),
5.5.2 and 5.5.4 (keys and fingerprints), 6.2 (armor).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator

from molthub.manifest.sshkeys import MalformedKeyError

BEGIN, END = ("-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----")
SECRET = "-----BEGIN PGP PRIVATE KEY BLOCK-----"  # noqa: S105 - what marks one, to refuse it

_PUBLIC_KEY = 6
_SECRET_KEYS = (5, 7)
_FIRST_V4, _FIRST_V6 = b"\x99", b"\x9b"


def primary_fingerprints(armored: str) -> tuple[str, ...]:
    """Upper-case hex, one for each primary key of the block, at least one. Raises MalformedKeyError."""
    try:
        packets = list(_packets(_bare(armored)))
    except (IndexError, ValueError, binascii.Error) as error:
        raise MalformedKeyError("it is no whole armored public key of GPG") from error
    if any(tag in _SECRET_KEYS for tag, _ in packets):
        raise MalformedKeyError("it is a private key")
    found = tuple(_fingerprint(body) for tag, body in packets if tag == _PUBLIC_KEY)
    if not found:
        raise MalformedKeyError("it holds no public key")
    return found


def _bare(armored: str) -> bytes:
    lines = [line.strip() for line in armored.strip().splitlines()]
    if lines[:1] != [BEGIN] or lines[-1:] != [END] or lines.count(BEGIN) != 1:
        raise ValueError("no armor")
    start = lines.index("") + 1 if "" in lines else 1
    body = [line for line in lines[start:-1] if line and not line.startswith("=")]
    return base64.b64decode("".join(body), validate=True)


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        head = data[at]
        if not head & 0x80:
            raise ValueError("no packet")
        tag = head & 0x3F if head & 0x40 else (head >> 2) & 0x0F
        size, width = _new_length(data, at + 1) if head & 0x40 else _old_length(data, at + 1, head & 3)
        at += 1 + width
        if at + size > len(data):
            raise ValueError("cut short")
        yield tag, data[at : at + size]
        at += size


def _old_length(data: bytes, at: int, kind: int) -> tuple[int, int]:
    width = {0: 1, 1: 2, 2: 4}[kind] if kind in (0, 1, 2) else 0
    if width == 0:
        raise ValueError("no length")
    return int.from_bytes(data[at : at + width]), width


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first < 192:  # noqa: PLR2004 - RFC 9580 4.2.1
        return first, 1
    if first < 224:  # noqa: PLR2004
        return ((first - 192) << 8) + data[at + 1] + 192, 2
    if first == 255:  # noqa: PLR2004
        return int.from_bytes(data[at + 1 : at + 5]), 5
    raise ValueError("a partial length")


def _fingerprint(body: bytes) -> str:
    version = body[0]
    if version == 4:  # noqa: PLR2004
        return hashlib.sha1(_FIRST_V4 + len(body).to_bytes(2) + body, usedforsecurity=False).hexdigest().upper()
    if version == 6:  # noqa: PLR2004
        return hashlib.sha256(_FIRST_V6 + len(body).to_bytes(4) + body).hexdigest().upper()
    raise MalformedKeyError(f"its format, version {version}, is not one that Molthub reads")
