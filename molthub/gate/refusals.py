"""Every way the gate says no. What a caller is told is the status and the reason, and nothing of what was sent."""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus


class Refusal(Enum):
    """The reason as logged and answered, and the status. docs/webhooks.md tells callers what each means."""

    MALFORMED = ("malformed", 400)
    """The head is not strict HTTP/1.1, or a header that counts is doubled or unclear."""
    FRAMING = ("framing", 400)
    """Where the body ends is unclear: two lengths, a length and chunks, a coding other than `chunked`, trailers."""
    PIPELINED = ("pipelined", 400)
    """Something follows the request: one connection carries one."""
    UPGRADE = ("upgrade", 400)
    """WebSocket, HTTP/2 or another protocol was asked for."""
    UNSIGNED = ("unsigned", 401)
    """The timestamp or the signature is missing or has not its form."""
    TIMESTAMP_OLD = ("timestamp-old", 401)
    TIMESTAMP_FUTURE = ("timestamp-future", 401)
    TIMESTAMP_BEFORE_START = ("timestamp-before-start", 401)
    """It may have been used before the gate's own start, which it cannot remember."""
    SIGNATURE = ("signature", 401)
    """No valid key made this signature for this path and body."""
    REPLAY = ("replay", 401)
    NOT_FOUND = ("not-found", 404)
    """The request target is, byte for byte, none of the paths."""
    METHOD = ("method", 405)
    SLOW = ("slow", 408)
    BODY_SIZE = ("body-size", 413)
    ENCODING = ("encoding", 415)
    """A Content-Encoding or a Content-Type that the gateway is not handed."""
    EXPECT = ("expect", 417)
    RATE = ("rate", 429)
    HEAD_SIZE = ("head-size", 431)
    UPSTREAM_DOWN = ("upstream-down", 502)
    UPSTREAM_ANSWER = ("upstream-answer", 502)
    """The gateway's answer is broken or too long."""
    UPSTREAM_TOKEN = ("upstream-token", 502)
    """The gateway does not know the gate's bearer token."""
    BUSY = ("busy", 503)
    REPLAY_MEMORY = ("replay-memory", 503)
    """The memory against replays is full; forgetting would let one through."""
    NOT_READY = ("not-ready", 503)
    """The health path's answer while the gateway does not answer, or right after the gate's start."""
    UPSTREAM_SLOW = ("upstream-slow", 504)
    VERSION = ("version", 505)
    """Not HTTP/1.1."""

    def __init__(self, reason: str, status: int) -> None:
        self.reason = reason
        self.status = status

    @property
    def phrase(self) -> str:
        return HTTPStatus(self.status).phrase

    @property
    def body(self) -> bytes:
        """The whole answer's body: constant, JSON, and different from whatever the gateway or AWS would say."""
        return b'{"gate":"%s"}\n' % self.reason.encode()

    @property
    def extra_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        if self is Refusal.METHOD:
            return ((b"Allow", b"POST"),)
        if self in (Refusal.RATE, Refusal.BUSY, Refusal.REPLAY_MEMORY):
            return ((b"Retry-After", b"2"),)
        return ()
