"""Signing and verifying, on bytes. Pure.

signed   `X-Molthub-Timestamp: 1790000000`, `X-Molthub-Signature: v1=HEX`, where HEX is HMAC-SHA256 with the key over
         `v1:1790000000:POST:/hooks/agent:` followed by the body. Method and path are in it so that a request caught on
         its way cannot be sent to another path of the same Moltbot.
slack    `X-Slack-Request-Timestamp`, `X-Slack-Signature: v0=HEX` over `v0:TIMESTAMP:` followed by the body
         (https://docs.slack.dev/authentication/verifying-requests-from-slack): Slack has no path in it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

TIMESTAMP_HEADER = b"x-molthub-timestamp"
SIGNATURE_HEADER = b"x-molthub-signature"
SLACK_TIMESTAMP_HEADER = b"x-slack-request-timestamp"
SLACK_SIGNATURE_HEADER = b"x-slack-signature"

# No sign, no leading zero, no other digits than ASCII's: one instant has one spelling.
# Long enough for milliseconds, which are told as what they are: far in the future.
_TIMESTAMP = re.compile(rb"[1-9][0-9]{0,14}")
_SIGNATURE = re.compile(rb"(v[01])=([0-9a-f]{64})")


class Mode(StrEnum):
    """Who signs a path's requests, and how."""

    SIGNED = "signed"
    SLACK = "slack"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says of itself, in the right form but not believed yet. timestamp: Unix seconds."""

    timestamp: int
    mac: bytes


def headers_of(mode: Mode) -> tuple[bytes, bytes]:
    """The lower-case names of the timestamp's and the signature's header."""
    if mode is Mode.SLACK:
        return SLACK_TIMESTAMP_HEADER, SLACK_SIGNATURE_HEADER
    return TIMESTAMP_HEADER, SIGNATURE_HEADER


def claim(mode: Mode, headers: Mapping[bytes, bytes]) -> Claim | None:
    """The claim in the headers (lower-case names, each once), None when one is missing or has not its form."""
    timestamp_header, signature_header = headers_of(mode)
    timestamp = _TIMESTAMP.fullmatch(headers.get(timestamp_header, b""))
    signature = _SIGNATURE.fullmatch(headers.get(signature_header, b""))
    if timestamp is None or signature is None or signature[1] != _version(mode):
        return None
    return Claim(int(timestamp[0]), bytes.fromhex(signature[2].decode()))


def mac(mode: Mode, key: bytes, *, timestamp: int, path: bytes, body: bytes) -> bytes:
    """The 32 bytes of the HMAC."""
    where = b"" if mode is Mode.SLACK else b"POST:%s:" % path
    made = hmac.new(key, b"%s:%d:%s" % (_version(mode), timestamp, where), hashlib.sha256)
    made.update(body)
    return made.digest()


def sign(key: bytes, *, timestamp: int, path: bytes, body: bytes, mode: Mode = Mode.SIGNED) -> dict[str, str]:
    """The two headers of a request, as a caller sends them."""
    digest = mac(mode, key, timestamp=timestamp, path=path, body=body)
    names = [name.decode().title() for name in headers_of(mode)]
    return {names[0]: str(timestamp), names[1]: f"{_version(mode).decode()}={digest.hex()}"}


def verify(mode: Mode, keys: Sequence[bytes], found: Claim, *, path: bytes, body: bytes) -> bytes | None:
    """What names this message for ever (its HMAC under the first key) when any key made the signature, else None.

    Every key is tried in constant time, so that the time tells neither which one matched nor how much did. The name
    does not depend on the key used: the same message signed with the other key is the same message.
    """
    macs = [mac(mode, key, timestamp=found.timestamp, path=path, body=body) for key in keys]
    matched = [hmac.compare_digest(one, found.mac) for one in macs]
    return macs[0] if any(matched) else None


def _version(mode: Mode) -> bytes:
    return b"v0" if mode is Mode.SLACK else b"v1"
