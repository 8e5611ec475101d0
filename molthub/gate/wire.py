"""Bytes to a request's head, and an answer to bytes: strict HTTP/1.1. Pure.

h11 reads the request, but it forgives what a proxy in front may read otherwise: a bare line feed, folded headers,
Content-Length beside Transfer-Encoding, equal Content-Lengths. So the raw head is judged first, and h11 only sees what
is left; where the two would disagree, the request is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from molthub.gate.refusals import Refusal

END_OF_HEAD = b"\r\n\r\n"

_SPOILED = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|[^\r\n\t\x20-\x7e]")
_REQUEST_LINE = re.compile(rb"([A-Z]+) ([\x21-\x7e]+) HTTP/([0-9]\.[0-9])")
_HEADER_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?[ \t]*")
_HOST = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_LENGTH = re.compile(rb"0|[1-9][0-9]{0,9}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})\r\n")
_CONTENT_TYPE = re.compile(
    rb'[a-z0-9]+/[a-z0-9.+-]+(?: ?; ?[a-z0-9-]+=(?:[a-z0-9._-]+|"[a-z0-9._-]+")){0,3}', re.IGNORECASE
)

SINGLE = frozenset(
    {
        b"host",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"expect",
        b"http2-settings",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"x-molthub-signature",
        b"x-molthub-timestamp",
        b"x-slack-request-timestamp",
        b"x-slack-retry-num",
        b"x-slack-retry-reason",
        b"x-slack-signature",
    }
)
"""The headers the gate looks at; any of them twice is refused, and every other header is dropped unread."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request's head. target: as sent. headers: lower-case name → value, only of SINGLE.

    length  what Content-Length says, 0 without one, None for chunks
    """

    method: bytes
    target: bytes
    headers: Mapping[bytes, bytes]
    length: int | None


def spoiled(part: bytes) -> bool:
    """Whether a part of a head holds what no head may: a bare LF or CR, NUL, a control, anything but ASCII.

    A CR at the very end may still get its LF.
    """
    return _SPOILED.search(part) is not None


def read_head(raw: bytes, *, max_headers: int) -> Head | Refusal:
    """The head that `raw`, up to and with its empty line, holds."""
    if spoiled(raw):
        return Refusal.MALFORMED
    first, *lines = raw.removesuffix(END_OF_HEAD).split(b"\r\n")
    request = _REQUEST_LINE.fullmatch(first)
    if request is None:
        return Refusal.MALFORMED
    if request[3] != b"1.1":
        return Refusal.VERSION
    if len(lines) > max_headers:
        return Refusal.HEAD_SIZE
    headers = _headers(lines)
    if headers is None or _HOST.fullmatch(headers.get(b"host", b"")) is None:
        return Refusal.MALFORMED
    return _judged(Head(request[1], request[2], headers, _length(headers)))


def _headers(lines: list[bytes]) -> dict[bytes, bytes] | None:
    """None when a line is no header, or one of SINGLE comes twice."""
    found: dict[bytes, bytes] = {}
    for line in lines:
        header = _HEADER_LINE.fullmatch(line)
        if header is None:
            return None
        name = header[1].lower()
        if name in SINGLE:
            if name in found:
                return None
            found[name] = header[2] or b""
    return found


def _length(headers: Mapping[bytes, bytes]) -> int | None:
    """What the headers say of the body; -1 when that is unclear."""
    declared = headers.get(b"content-length")
    coding = headers.get(b"transfer-encoding")
    if coding is not None:
        return None if declared is None and coding.lower() == b"chunked" else -1
    if declared is None:
        return 0
    return int(declared) if _LENGTH.fullmatch(declared) else -1


def _judged(head: Head) -> Head | Refusal:
    headers = head.headers
    if b"upgrade" in headers or b"http2-settings" in headers:
        return Refusal.UPGRADE
    if headers.get(b"connection", b"close").lower() not in (b"close", b"keep-alive"):
        return Refusal.MALFORMED
    if head.length == -1 or b"trailer" in headers or b"te" in headers:
        return Refusal.FRAMING
    if b"expect" in headers:
        return Refusal.EXPECT
    if b"content-encoding" in headers or not is_content_type(headers.get(b"content-type", b"text/plain")):
        return Refusal.ENCODING
    return head


def read_chunks(sent: bytes) -> bytes | None:
    """The body in chunks that are nothing but sizes and data; None when there is anything else."""
    body, at = bytearray(), 0
    while size := _CHUNK_SIZE.match(sent, at):
        length = int(size[1], 16)
        if length == 0:
            return bytes(body) if sent[size.end() :] == b"\r\n" else None
        end = size.end() + length
        if sent[end : end + 2] != b"\r\n":
            return None
        body += sent[size.end() : end]
        at = end + 2
    return None


def is_content_type(value: bytes) -> bool:
    """Whether it is a plain media type with plain parameters, safe to be handed on."""
    return _CONTENT_TYPE.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. content_type: None for none."""

    status: int
    phrase: str
    body: bytes
    content_type: bytes | None = b"application/json"
    more_headers: tuple[tuple[bytes, bytes], ...] = ()


def refusal_answer(refusal: Refusal) -> Answer:
    return Answer(refusal.status, refusal.phrase, refusal.body, more_headers=refusal.extra_headers)


def encode(answer: Answer, *, head_only: bool = False) -> bytes:
    """The bytes of an answer after which the connection ends. head_only: it answers HEAD."""
    headers = [(b"Connection", b"close"), (b"Cache-Control", b"no-store")]
    if answer.status != HTTPStatus.NO_CONTENT:  # RFC 9110, 8.6: no length there
        headers.append((b"Content-Length", b"%d" % len(answer.body)))
    if answer.content_type is not None:
        headers += [(b"Content-Type", answer.content_type), (b"X-Content-Type-Options", b"nosniff")]
    lines = [b"HTTP/1.1 %d %s" % (answer.status, answer.phrase.encode())]
    lines += [b"%s: %s" % header for header in (*headers, *answer.more_headers)]
    return b"\r\n".join(lines) + END_OF_HEAD + (b"" if head_only else answer.body)
