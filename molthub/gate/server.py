"""The gate itself: accepts, judges, asks the gateway, answers, logs. One request a connection.

    head ─ health? ─ busy? ─ path ─ method ─ timestamp ─ body ─ signature ─ replay ─ rate ─ gateway
     400    200/503   503     404    405       401       413      401        401     429   its answer

One request a connection is what makes smuggling pointless: whatever hides behind a request is never read as another.
The load balancer opens a new connection then, a millisecond within its network.
What needs no body is judged before the body is read; what costs the gateway something, last. From the signature to the
memory against replays nothing is awaited, so two equal requests cannot pass side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from molthub.gate.intake import Intake
from molthub.gate.journal import Journal
from molthub.gate.limits import ByteBudget, TokenBucket
from molthub.gate.refusals import Refusal
from molthub.gate.replay import ReplayMemory
from molthub.gate.settings import HEALTH_PATH, Settings
from molthub.gate.signature import Claim, Mode, claim, headers_of, verify
from molthub.gate.upstream import Upstream
from molthub.gate.wire import Answer, Head, encode, refusal_answer

RESERVE = 16
"""Connections beyond the limit in which only the health path is answered: a flood must not end the task."""
HEALTH_LASTS = 2.0
"""Seconds for which one look at the gateway's health is good."""
LINGER_SECONDS = 1.0
LINGER_BYTES = 1024 * 1024
"""How long, and how much, is still read after an answer, so that it is not lost to a reset of the connection."""

NOTED_RATE, NOTED_BURST = 10.0, 500
"""Lines about refused requests, a second and at once; the others are only counted.

Whoever cannot get in shall not fill a log that somebody pays for.
"""

HANDED_ON = (b"content-type",)
HANDED_ON_SLACK = (*HANDED_ON, *headers_of(Mode.SLACK), b"x-slack-retry-num", b"x-slack-retry-reason")
"""The caller's headers that the gateway gets; it verifies Slack's signature once more."""


@dataclass(slots=True)
class _Exchange:
    """One request's way through, for the log. path: the index in the settings."""

    intake: Intake
    path: int | None = None
    reason: str = "bug"
    status: int = 0
    sent: int = 0
    quiet: bool = False


@dataclass(slots=True)
class Gate:
    """settings; now: Unix seconds; monotonic: seconds; journal: where it logs."""

    settings: Settings
    now: Callable[[], float]
    monotonic: Callable[[], float]
    journal: Journal
    upstream: Upstream = field(init=False)
    memory: ReplayMemory = field(init=False)
    bucket: TokenBucket = field(init=False)
    notes: TokenBucket = field(init=False)
    budget: ByteBudget = field(init=False)
    _unnoted: int = field(init=False, default=0)
    _indexes: dict[bytes, int] = field(init=False)
    _open: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _idle: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _at_gateway: int = field(init=False, default=0)
    _health: tuple[float, bool] | None = field(init=False, default=None)
    _health_lock: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        limits = self.settings.limits
        self.upstream = Upstream(self.settings)
        self.memory = ReplayMemory(started=self.now(), capacity=limits.replay_entries)
        self.bucket = TokenBucket(rate=limits.rate, burst=limits.burst)
        self.budget = ByteBudget(limits.max_pending_bytes)
        self.notes = TokenBucket(rate=NOTED_RATE, burst=NOTED_BURST)
        self._indexes = {path: index for index, path in enumerate(self.settings.paths)}

    async def serve(self, stop: asyncio.Event, *, on_ready: Callable[[int], None] | None = None) -> None:
        """Listen until `stop` is set, then finish what is under way. on_ready gets the port. Raises OSError."""
        server = await asyncio.start_server(
            self._connected, self.settings.host, self.settings.port, limit=32 * 1024, backlog=256
        )
        port = int(server.sockets[0].getsockname()[1])
        self.journal.note("start", port=port, paths=len(self._indexes), keys=len(self.settings.keys))
        if on_ready is not None:
            on_ready(port)
        await stop.wait()
        server.close()
        await self._finish()
        self.journal.note("stop")

    async def _finish(self) -> None:
        """Connections that wait for a head go at once, requests under way get their time."""
        for task in self._idle:
            task.cancel()
        if self._open:
            _, late = await asyncio.wait(self._open, timeout=self.settings.limits.stop_seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1.0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if len(self._open) > self.settings.limits.connections + RESERVE:
                exchange = _Exchange(Intake(reader, self.settings.limits, self.budget), reason="too-many-connections")
                self._note(exchange, self.monotonic())
            else:
                await self._exchange(reader, writer, task)
        except (asyncio.CancelledError, ConnectionError, TimeoutError):
            writer.transport.abort()
        finally:
            self._open.discard(task)
            self._idle.discard(task)
            writer.close()

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: asyncio.Task[None]
    ) -> None:
        began = self.monotonic()
        exchange = _Exchange(Intake(reader, self.settings.limits, self.budget))
        crowded = len(self._open) > self.settings.limits.connections
        try:
            self._idle.add(task)
            head = await exchange.intake.head()
            self._idle.discard(task)
            answer = await self._judge(exchange, head, crowded=crowded)
            head_only = isinstance(head, Head) and head.method == b"HEAD"
            await self._send(writer, exchange, encode(answer, head_only=head_only))
        except ConnectionError:
            exchange.reason = "gone"
            exchange.quiet = exchange.intake.received == 0  # a probe that only connects
            raise
        except TimeoutError:
            exchange.reason = "reads-slowly"
            raise
        except asyncio.CancelledError:
            exchange.reason = "stopped"
            raise
        finally:
            exchange.intake.close()
            self._note(exchange, began)
        await _linger(reader, writer)

    def _note(self, exchange: _Exchange, began: float) -> None:
        if exchange.quiet:
            return
        now = self.monotonic()
        if exchange.reason != "passed" and not self.notes.take(now=now):
            self._unnoted += 1
            return
        self.journal.note(
            "request",
            path=exchange.path,
            status=exchange.status,
            reason=exchange.reason,
            ms=round((now - began) * 1000, 1),
            received=exchange.intake.received,
            sent=exchange.sent,
            **({"unnoted": self._unnoted} if self._unnoted else {}),
        )
        self._unnoted = 0

    async def _judge(self, exchange: _Exchange, head: Head | Refusal, *, crowded: bool) -> Answer:
        """The answer; the exchange learns its reason and status."""
        found: Answer | Refusal
        if isinstance(head, Refusal):
            found = head
        elif (head.method, head.target) == (b"GET", HEALTH_PATH):
            found = await self._health_answer(exchange, head)
        elif crowded:
            found = Refusal.BUSY
        else:
            found = await self._pass(exchange, head)
        exchange.status = found.status
        exchange.reason = found.reason if isinstance(found, Refusal) else "passed"
        return refusal_answer(found) if isinstance(found, Refusal) else found

    async def _health_answer(self, exchange: _Exchange, head: Head) -> Answer | Refusal:
        """200 while the gateway says that it takes requests; logged only when that changes."""
        if head.length != 0:
            return Refusal.FRAMING
        healthy = self.memory.accepts_since(self.now()) and await self._is_gateway_healthy()
        exchange.quiet = True
        return Answer(HTTPStatus.OK, HTTPStatus.OK.phrase, b'{"ok":true}\n') if healthy else Refusal.NOT_READY

    async def _is_gateway_healthy(self) -> bool:
        async with self._health_lock:
            before = self._health
            if before is not None and self.monotonic() - before[0] < HEALTH_LASTS:
                return before[1]
            healthy = await self.upstream.is_healthy()
            if before is None or before[1] != healthy:
                self.journal.note("gateway", healthy=healthy)
            self._health = (self.monotonic(), healthy)
            return healthy

    async def _pass(self, exchange: _Exchange, head: Head) -> Answer | Refusal:
        """Everything a request must be, in order."""
        mode = self.settings.paths.get(head.target)
        if mode is None:
            return Refusal.NOT_FOUND
        exchange.path = self._indexes[head.target]
        if head.method != b"POST":
            return Refusal.METHOD
        found = claim(mode, head.headers)
        if found is None:
            return Refusal.UNSIGNED
        late = self.memory.judge_timestamp(found.timestamp, now=self.now())
        if late is not None:
            return late
        body = await exchange.intake.body(head)
        if isinstance(body, Refusal):
            return body
        return self._admit(mode, found, head, body) or await self._ask(mode, head, body)

    def _admit(self, mode: Mode, found: Claim, head: Head, body: bytes) -> Refusal | None:
        """Signature, replay, rate; remembered only when it goes on to the gateway, so that the others may try again."""
        name = verify(mode, self.settings.keys_of(mode), found, path=head.target, body=body)
        if name is None:
            return Refusal.SIGNATURE
        refusal = self.memory.judge(found.timestamp, name, now=self.now())
        if refusal is not None:
            return refusal
        if self._at_gateway >= self.settings.limits.at_once:
            return Refusal.BUSY
        if not self.bucket.take(now=self.monotonic()):
            return Refusal.RATE
        self.memory.remember(found.timestamp, name)
        return None

    async def _ask(self, mode: Mode, head: Head, body: bytes) -> Answer | Refusal:
        names = HANDED_ON_SLACK if mode is Mode.SLACK else HANDED_ON
        headers = [(name, head.headers[name]) for name in names if name in head.headers]
        if mode is Mode.SIGNED:
            headers.append((b"authorization", b"Bearer " + self.settings.upstream_token))
        self._at_gateway += 1
        try:
            answer = await self.upstream.post(head.target, body, headers)
        finally:
            self._at_gateway -= 1
        if mode is Mode.SIGNED and isinstance(answer, Answer) and answer.status == HTTPStatus.UNAUTHORIZED:
            return Refusal.UPSTREAM_TOKEN  # the caller's signature was right, so it is not the caller's fault
        return answer

    async def _send(self, writer: asyncio.StreamWriter, exchange: _Exchange, answer: bytes) -> None:
        writer.transport.set_write_buffer_limits(high=0)  # drained is then sent, and nothing is left to who never reads
        async with asyncio.timeout(self.settings.limits.write_seconds):
            writer.write(answer)
            await writer.drain()
        exchange.sent = len(answer)


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """End our side, and read what is still on its way: closing on unread bytes would reset the connection."""
    with contextlib.suppress(TimeoutError, OSError):
        writer.write_eof()
        async with asyncio.timeout(LINGER_SECONDS):
            left = LINGER_BYTES
            while left > 0:
                part = await reader.read(16 * 1024)
                if not part:
                    return
                left -= len(part)
