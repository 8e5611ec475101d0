"""Asks the gateway on loopback: a new request on a new connection, and of its answer only what may go back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import h11

from molthub.gate.refusals import Refusal
from molthub.gate.settings import Settings
from molthub.gate.wire import Answer, is_content_type

_READ = 16 * 1024
_SUCCESS = 200
_REDIRECT = 300
_CLIENT_ERROR = 400

Headers = Sequence[tuple[bytes, bytes]]


class _BadAnswerError(Exception):
    """The gateway's answer is broken, too long, or none to hand on."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """The gateway. Every question has a deadline."""

    settings: Settings

    async def post(self, target: bytes, body: bytes, headers: Headers) -> Answer | Refusal:
        """Its answer to a request. headers: the caller's that are handed on, and the bearer token."""
        limits = self.settings.limits
        try:
            async with asyncio.timeout(limits.upstream_seconds):
                return await self._ask(b"POST", target, body, headers)
        except TimeoutError:
            return Refusal.UPSTREAM_SLOW
        except OSError:
            return Refusal.UPSTREAM_DOWN
        except (_BadAnswerError, h11.ProtocolError):
            return Refusal.UPSTREAM_ANSWER

    async def is_healthy(self) -> bool:
        """Whether its health path says so; unknown paths answer 200 too, so the body counts."""
        try:
            async with asyncio.timeout(self.settings.limits.head_seconds):
                answer = await self._ask(b"GET", self.settings.upstream_health, b"", ())
            found = json.loads(answer.body)
        except (TimeoutError, OSError, ValueError, RecursionError, _BadAnswerError, h11.ProtocolError):
            return False
        return answer.status == HTTPStatus.OK and isinstance(found, dict) and found.get("ok") is True

    async def _ask(self, method: bytes, target: bytes, body: bytes, headers: Headers) -> Answer:
        where = self.settings
        reader, writer = await asyncio.open_connection(where.upstream_host, where.upstream_port)
        try:
            connection = h11.Connection(h11.CLIENT)
            host = f"[{where.upstream_host}]" if ":" in where.upstream_host else where.upstream_host
            own = [(b"Host", f"{host}:{where.upstream_port}".encode()), (b"Connection", b"close")]
            if method == b"POST":
                own.append((b"Content-Length", b"%d" % len(body)))
            request = h11.Request(method=method, target=target, headers=[*own, *headers])
            for event in (request, h11.Data(data=body), h11.EndOfMessage()):
                writer.write(connection.send(event) or b"")
            await writer.drain()
            return await self._read_answer(connection, reader)
        finally:
            writer.close()

    async def _read_answer(self, connection: h11.Connection, reader: asyncio.StreamReader) -> Answer:
        head: h11.Response | None = None
        body = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(_READ))
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            elif not isinstance(event, h11.InformationalResponse):
                raise _BadAnswerError
            if len(body) > self.settings.limits.max_answer_bytes:
                raise _BadAnswerError
        assert head is not None, "h11 gives the head before the end"
        return _answer(head, bytes(body))


def _answer(head: h11.Response, body: bytes) -> Answer:
    """A redirect leads nowhere without its Location, which would tell of the inside: no answer to hand on."""
    if not _SUCCESS <= head.status_code < _REDIRECT and head.status_code < _CLIENT_ERROR:
        raise _BadAnswerError
    types = [value for name, value in head.headers if name == b"content-type"]
    content_type = types[0] if len(types) == 1 and is_content_type(types[0]) else None
    try:
        phrase = HTTPStatus(head.status_code).phrase
    except ValueError:
        phrase = "Answer"
    return Answer(head.status_code, phrase, body, content_type)
