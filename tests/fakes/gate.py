"""The gate in this process, on a loopback port, in front of a gateway that keeps every byte it got."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from molthub.gate.journal import Journal
from molthub.gate.server import Gate
from molthub.gate.settings import Limits, Settings
from molthub.gate.signature import Mode, sign

NOW = 1_790_000_000
KEY = b"current-" + b"k" * 24
PREVIOUS = b"previous-" + b"p" * 24
STRANGER = b"stranger-" + b"s" * 24
SLACK_SECRET = b"slack-" + b"5" * 26
TOKEN = b"upstream-" + b"t" * 24

HEALTHY = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'
TAKEN = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Inside: no\r\nContent-Length: 14\r\n\r\n{"runId":"r1"}'

SETTINGS = Settings(
    paths={b"/hooks/agent": Mode.SIGNED, b"/slack/events": Mode.SLACK, b"/hooks/git_hub": Mode.SIGNED},
    keys=(KEY, PREVIOUS),
    slack_secret=SLACK_SECRET,
    upstream_token=TOKEN,
    host="127.0.0.1",
    port=0,
    limits=Limits(max_body_bytes=4096, max_head_bytes=2048, head_seconds=0.3, body_seconds=0.3, upstream_seconds=0.5),
)


@dataclass(slots=True)
class FakeGateway:
    """Answers each POST with `answer`, after `wait` seconds.

    requests  the raw bytes of each but health checks; asked: the paths of these
    """

    answer: bytes = TAKEN
    wait: float = 0.0
    health: bytes = HEALTHY
    requests: list[bytes] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /"):
            self.asked.append(head.split(b" ")[1])
            writer.write(self.health)
        else:
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            self.requests.append(head + await reader.readexactly(length))
            await asyncio.sleep(self.wait)
            writer.write(self.answer)
        await writer.drain()
        writer.close()


@dataclass(slots=True)
class RunningGate:
    """now: the gate's wall clock, which tests move. log: its lines."""

    gateway: FakeGateway
    port: int = 0
    now: float = float(NOW)
    log: list[dict[str, Any]] = field(default_factory=list)
    stop: Callable[[], None] = lambda: None
    gate: Gate | None = None

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=5)

    def send(self, raw: bytes, *, end: bool = False) -> bytes:
        """Everything that comes back until the gate ends the connection. end: no more comes from us."""
        with self.connect() as connection:
            connection.sendall(raw)
            if end:
                connection.shutdown(socket.SHUT_WR)
            return read_all(connection)

    def reason(self, raw: bytes, *, end: bool = False) -> tuple[int, str]:
        """Status and reason of a refusal; the reason is "" for an answer that is none."""
        return outcome(self.send(raw, end=end))


def outcome(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head:
        return 0, ""
    told = json.loads(body) if body.startswith(b'{"gate":') else {}
    return int(head.split(b" ")[1]), told.get("gate", "")


def read_all(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def request(
    body: bytes = b'{"message":"hello"}',
    *,
    target: bytes = b"/hooks/agent",
    method: bytes = b"POST",
    key: bytes = KEY,
    timestamp: int = NOW + 10,
    mode: Mode = Mode.SIGNED,
    signed_path: bytes | None = None,
    signed_body: bytes | None = None,
    more: tuple[bytes, ...] = (),
    without: tuple[str, ...] = (),
    framing: bytes | None = None,
    sent: bytes | None = None,
) -> bytes:
    """A request as the load balancer sends it, right but for what is overridden. more: header lines; sent: the body's
    bytes on the wire when they are not the body itself; without: names of headers left out."""
    signature = sign(
        key,
        timestamp=timestamp,
        path=target if signed_path is None else signed_path,
        body=body if signed_body is None else signed_body,
        mode=mode,
    )
    named = {"Host": "bot.example.com", "Content-Type": "application/json", **signature}
    lines = [b"%s %s HTTP/1.1" % (method, target)]
    lines += [f"{name}: {value}".encode() for name, value in named.items() if name not in without]
    lines.append(b"Content-Length: %d" % len(body) if framing is None else framing)
    lines += [b"X-Forwarded-For: 198.51.100.7", *more]
    return b"\r\n".join(line for line in lines if line) + b"\r\n\r\n" + (body if sent is None else sent)


@contextmanager
def running_gate(settings: Settings = SETTINGS, *, now: float = NOW, **limits: Any) -> Iterator[RunningGate]:
    """A gate that started at `now` and whose clock then shows ten seconds later; stopped at the end."""
    running = RunningGate(FakeGateway(), now=now)
    changed = dataclasses.replace(settings, limits=dataclasses.replace(settings.limits, **limits))
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(running, changed, ready)))
    thread.start()
    assert ready.wait(timeout=10)
    running.now = now + 10
    try:
        yield running
    finally:
        running.stop()
        thread.join(timeout=10)
        assert not thread.is_alive()


async def _serve(running: RunningGate, settings: Settings, ready: threading.Event) -> None:
    loop = asyncio.get_running_loop()
    gateway = await asyncio.start_server(running.gateway.connected, "127.0.0.1", 0)
    stop = asyncio.Event()

    def end() -> None:
        with contextlib.suppress(RuntimeError):  # it has ended already
            loop.call_soon_threadsafe(stop.set)

    running.stop = end
    journal = Journal(lambda line: running.log.append(json.loads(line)), now=lambda: running.now)
    settings = dataclasses.replace(settings, upstream_port=gateway.sockets[0].getsockname()[1])
    running.gate = Gate(settings, now=lambda: running.now, monotonic=loop.time, journal=journal)

    def announce(port: int) -> None:
        running.port = port
        ready.set()

    await running.gate.serve(stop, on_ready=announce)
    gateway.close()
