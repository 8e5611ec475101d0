"""Reads one request from a connection: a head, and then, when somebody still wants it, its body.

Both have a deadline and a size, so a slow or endless sender costs one connection for a while and nothing more.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import h11

from molthub.gate.limits import ByteBudget
from molthub.gate.refusals import Refusal
from molthub.gate.settings import Limits
from molthub.gate.wire import END_OF_HEAD, Head, read_chunks, read_head, spoiled

_READ = 16 * 1024
_CHUNK_LINE = 1024
"""What one chunk's line, or the trailers, may have."""


class SenderGoneError(ConnectionError):
    """The sender closed the connection before its request was complete: there is nobody to answer."""


@dataclass(slots=True)
class Intake:
    """One connection's incoming side. received: bytes read. budget: shared by all; what bodies hold comes out of it.

    Call `close` when the body is needed no more.
    """

    reader: asyncio.StreamReader
    limits: Limits
    budget: ByteBudget
    received: int = 0
    _held: int = 0
    _raw: bytes = b""
    _rest: bytes = b""
    _pending: bytearray = field(default_factory=bytearray)

    async def head(self) -> Head | Refusal:
        """The request's head. Raises SenderGoneError."""
        try:
            async with asyncio.timeout(self.limits.head_seconds):
                refusal = await self._read_raw_head()
        except TimeoutError:
            return Refusal.SLOW
        return refusal or read_head(self._raw, max_headers=self.limits.max_headers)

    async def _read_raw_head(self) -> Refusal | None:
        buffer = self._pending
        while True:
            judged = len(buffer)
            buffer += await self._read()
            end = buffer.find(END_OF_HEAD, max(0, judged - len(END_OF_HEAD)))
            size = end + len(END_OF_HEAD) if end >= 0 else len(buffer)
            start = judged - buffer[:judged].endswith(b"\r")
            if spoiled(bytes(buffer[start:size])):  # at once: it may never get a proper end
                return Refusal.MALFORMED
            if size > self.limits.max_head_bytes:
                return Refusal.HEAD_SIZE
            if end >= 0:
                self._raw, self._rest = bytes(buffer[:size]), bytes(buffer[size:])
                return None

    async def body(self, head: Head) -> bytes | Refusal:
        """The body of the request whose head was read. Raises SenderGoneError."""
        if head.length is not None and head.length > self.limits.max_body_bytes:
            return Refusal.BODY_SIZE
        if not self._hold(len(self._rest)):
            return Refusal.BUSY
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=self.limits.max_head_bytes + _CHUNK_LINE)
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                connection.receive_data(self._raw)
                request = connection.next_event()
                if not isinstance(request, h11.Request) or (request.method, request.target) != (
                    head.method,
                    head.target,
                ):
                    return Refusal.MALFORMED
                if self._rest:  # h11 takes nothing for the end of the connection
                    connection.receive_data(self._rest)
                return await self._read_body(connection, chunked=head.length is None)
        except TimeoutError:
            return Refusal.SLOW
        except h11.RemoteProtocolError:
            return Refusal.FRAMING

    async def _read_body(self, connection: h11.Connection, *, chunked: bool) -> bytes | Refusal:
        body, sent = bytearray(), bytearray(self._rest if chunked else b"")
        most = 2 * self.limits.max_body_bytes + _READ  # chunks' own lines count too
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                if connection.trailing_data[0]:
                    return Refusal.PIPELINED
                # h11 forgives chunks' extensions, trailers, and spaces and bare line feeds in places
                return Refusal.FRAMING if chunked and read_chunks(bytes(sent)) != bytes(body) else bytes(body)
            else:
                part = await self._read()
                if not self._hold(len(part)):
                    return Refusal.BUSY
                sent += part if chunked else b""
                connection.receive_data(part)
            if len(body) > self.limits.max_body_bytes or len(sent) > most:
                return Refusal.BODY_SIZE

    def _hold(self, size: int) -> bool:
        fits = self.budget.take(size)
        self._held += size if fits else 0
        return fits

    def close(self) -> None:
        """Give back what the body held."""
        self.budget.give_back(self._held)
        self._held = 0

    async def _read(self) -> bytes:
        part = await self.reader.read(_READ)
        if not part:
            raise SenderGoneError
        self.received += len(part)
        return part
