"""What the gate lets through and hands back, and what it does when it, or the gateway, is slow, crowded or ended."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from molthub.gate.limits import TokenBucket
from molthub.gate.signature import Mode
from tests.fakes.gate import (
    HEALTHY,
    KEY,
    NOW,
    SLACK_SECRET,
    STRANGER,
    TAKEN,
    TOKEN,
    RunningGate,
    outcome,
    read_all,
    request,
    running_gate,
)

HEALTH = (
    b"GET /healthz HTTP/1.1\r\nHost: 10.0.1.5:8080\r\nConnection: close\r\nUser-Agent: ELB-HealthChecker/2.0\r\n\r\n"
)


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningGate]:
    with running_gate() as running:
        yield running


@pytest.fixture
def gate(shared: RunningGate) -> RunningGate:
    shared.gateway.requests.clear()
    shared.gateway.answer, shared.gateway.health, shared.gateway.wait = TAKEN, HEALTHY, 0.0
    shared.now += 1
    return shared


def signed(gate: RunningGate, body: bytes = b"{}", **changed: object) -> bytes:
    return request(body, timestamp=int(gate.now), **changed)  # type: ignore[arg-type]


def test_the_gateway_gets_a_request_made_anew(gate: RunningGate) -> None:
    more = (
        b"Authorization: Bearer theirs",
        b"Cookie: a=b",
        b"X-Forwarded-Host: evil",
        b"X-Openclaw-Token: x",
        b"Connection: keep-alive",
    )
    answer = gate.send(signed(gate, more=more))
    port = gate.gate.settings.upstream_port if gate.gate else 0
    assert gate.gateway.requests == [
        b"POST /hooks/agent HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\nContent-Length: 2\r\n"
        b"content-type: application/json\r\nauthorization: Bearer %s\r\n\r\n{}" % (port, TOKEN)
    ]
    assert answer == (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Length: 14\r\n"
        b'Content-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n\r\n{"runId":"r1"}'
    )
    line = gate.log[-1]
    assert {name: line[name] for name in ("event", "path", "status", "reason", "sent")} == {
        "event": "request",
        "path": 0,
        "status": 200,
        "reason": "passed",
        "sent": len(answer),
    }


def test_slacks_own_signature_goes_on_without_a_token(gate: RunningGate) -> None:
    more = (b"X-Slack-Retry-Num: 1", b"X-Slack-Retry-Reason: http_timeout", b"X-Slack-Other: x")
    raw = signed(gate, b"payload=1", target=b"/slack/events", mode=Mode.SLACK, key=SLACK_SECRET, more=more)
    assert gate.reason(raw) == (200, "")
    (got,) = gate.gateway.requests
    head, _, body = got.partition(b"\r\n\r\n")
    names = [line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:]]
    assert names == [
        b"host",
        b"connection",
        b"content-length",
        b"content-type",
        b"x-slack-request-timestamp",
        b"x-slack-signature",
        b"x-slack-retry-num",
        b"x-slack-retry-reason",
    ]
    assert body == b"payload=1"


def test_chunks_and_bytes_that_are_no_text_pass(gate: RunningGate) -> None:
    body = bytes(range(256))
    chunks = b"080\r\n" + body[:128] + b"\r\n80\r\n" + body[128:] + b"\r\n0\r\n\r\n"
    assert gate.reason(signed(gate, body, framing=b"Transfer-Encoding: chunked", sent=chunks)) == (200, "")
    assert gate.gateway.requests[0].endswith(b"\r\n\r\n" + body)
    assert gate.reason(signed(gate, b"a" * 4096)) == (200, "")
    assert gate.reason(signed(gate, b"", framing=b"")) == (200, "")


ANSWERS = {
    "another status": (b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 2\r\n\r\nno", (422, "")),
    "no body": (b"HTTP/1.1 204 No Content\r\n\r\n", (204, "")),
    "until the end": (b"HTTP/1.1 200 OK\r\n\r\nyes", (200, "")),
    "continue first": (b"HTTP/1.1 100 Continue\r\n\r\n" + TAKEN, (200, "")),
    "its own 401": (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", (502, "upstream-token")),
    "a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", (502, "upstream-answer")),
    "a switch": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", (502, "upstream-answer")),
    "too long": (b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 300_000, (502, "upstream-answer")),
    "cut off": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na", (502, "upstream-answer")),
    "no HTTP": (b"hello\r\n\r\n", (502, "upstream-answer")),
    "nothing": (b"", (502, "upstream-answer")),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_the_gateway_answers(name: str, gate: RunningGate) -> None:
    gate.gateway.answer, expected = ANSWERS[name]
    assert gate.reason(signed(gate)) == expected
    assert len(gate.gateway.requests) == 1


def test_of_an_answer_only_status_type_and_body_go_back(gate: RunningGate) -> None:
    gate.gateway.answer = (
        b"HTTP/1.1 200 Fine\r\nSet-Cookie: a=b\r\nServer: inside\r\nContent-Type: text/html\r\n"
        b"Content-Type: text/plain\r\nX-Inside: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\nX-T: 1\r\n\r\n"
    )
    assert gate.send(signed(gate)) == (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Length: 3\r\n\r\nyes"
    )


def test_a_gateway_that_is_slow_or_away(gate: RunningGate) -> None:
    gate.gateway.wait = 1.0
    assert gate.reason(signed(gate)) == (504, "upstream-slow")
    assert gate.reason(signed(gate)) == (401, "replay"), "it may have been taken"
    assert gate.gate is not None
    here = gate.gate.upstream
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gate.gate.upstream = dataclasses.replace(
            here, settings=dataclasses.replace(here.settings, upstream_port=closed.getsockname()[1])
        )
        assert gate.reason(signed(gate, b"down")) == (502, "upstream-down")
    gate.gate.upstream = here


def test_health_is_the_gateways(gate: RunningGate) -> None:
    assert gate.gate is not None
    for health, expected in (
        (HEALTHY, (200, "")),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"ok":false}', (503, "not-ready")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", (503, "not-ready")),
        (b'HTTP/1.1 503 No\r\nContent-Length: 11\r\n\r\n{"ok":true}', (503, "not-ready")),
        (b"", (503, "not-ready")),
    ):
        gate.gateway.health = health
        gate.gate._health = None
        assert gate.reason(HEALTH) == expected
    assert gate.reason(HEALTH.replace(b"/healthz", b"/healthz?x")) == (404, "not-found")
    assert gate.reason(HEALTH.replace(b"Connection", b"Content-Length: 1\r\nConnection")) == (400, "framing")
    assert gate.gateway.requests == []


def test_the_gateway_is_asked_at_the_path_of_its_version(gate: RunningGate) -> None:
    assert gate.gate is not None
    here = gate.gate.upstream
    gate.gate.upstream = dataclasses.replace(
        here, settings=dataclasses.replace(here.settings, upstream_health=b"/startupz")
    )
    gate.gateway.asked.clear()
    for _ in range(2):
        gate.gate._health = None
        assert gate.reason(HEALTH) == (200, "")
        gate.gate.upstream = here
    assert gate.gateway.asked == [b"/startupz", b"/healthz"]


def test_health_is_looked_at_once_for_many(gate: RunningGate) -> None:
    assert gate.gate is not None
    gate.gateway.health, gate.gate._health = HEALTHY, None
    assert gate.reason(HEALTH) == (200, "")
    gate.gateway.health = b""
    before = len(gate.log)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(gate.reason, [HEALTH] * 20)) == {(200, "")}
    assert len(gate.log) == before, "a health check that says what the last one said is not logged"


def test_slow_senders_are_cut(gate: RunningGate) -> None:
    raw = signed(gate, b"slow")
    began = time.monotonic()
    with gate.connect() as no_head, gate.connect() as half_head, gate.connect() as half_body:
        half_head.sendall(raw[:40])
        half_body.sendall(raw[:-2])
        for connection in (no_head, half_head, half_body):
            assert outcome(read_all(connection)) == (408, "slow")
    assert time.monotonic() - began < 2
    with gate.connect() as dripping:
        for byte in raw[:20]:
            dripping.sendall(bytes([byte]))
            time.sleep(0.02)
        assert outcome(read_all(dripping)) == (408, "slow"), "a byte now and then gives no more time"
    assert gate.gateway.requests == []


def test_a_request_that_comes_byte_by_byte_is_one_request(gate: RunningGate) -> None:
    raw = signed(gate, b"[]")
    with gate.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in raw:
            connection.sendall(bytes([byte]))
        assert outcome(read_all(connection)) == (200, "")


def test_who_hangs_up_gets_nothing(gate: RunningGate) -> None:
    assert gate.send(signed(gate)[:30], end=True) == b""
    assert gate.send(signed(gate, b"cut")[:-1], end=True) == b""
    assert gate.log[-1]["reason"] == "gone"
    assert gate.gateway.requests == []


def test_connections_are_counted_and_health_gets_through() -> None:
    with running_gate(connections=3, head_seconds=3.0) as gate:
        idle = [gate.connect() for _ in range(3)]
        assert gate.reason(request()) == (503, "busy")
        assert gate.reason(HEALTH) == (200, "")
        idle += [gate.connect() for _ in range(16)]
        with gate.connect() as one_more:
            assert read_all(one_more) == b""
        for connection in idle:
            connection.close()
        assert until(lambda: gate.reason(request()) == (200, ""))


def until(found: Callable[[], bool], seconds: float = 2.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found():
            return True
        time.sleep(0.01)
    return False


def test_rate_and_work_at_once_are_bounded_and_forged_requests_take_none_of_it() -> None:
    with running_gate(rate=0.001, burst=3, at_once=2, upstream_seconds=5.0) as gate:
        for _ in range(10):
            assert gate.reason(request(key=STRANGER)) == (401, "signature")
        gate.gateway.wait = 0.4
        with ThreadPoolExecutor(2) as pool:
            under_way = [pool.submit(gate.reason, request(b"%d" % number)) for number in range(2)]
            assert until(lambda: len(gate.gateway.requests) == 2)
            assert gate.reason(request(b"third")) == (503, "busy")
            assert [one.result() for one in under_way] == [(200, "")] * 2
        assert gate.reason(request(b"third")) == (200, ""), "refused as busy, it may be sent again as it is"
        answer = gate.send(request(b"fourth"))
        assert outcome(answer) == (429, "rate")
        assert b"\r\nRetry-After: 2\r\n" in answer


def test_bodies_together_stay_within_their_memory() -> None:
    with running_gate(max_pending_bytes=6000, body_seconds=5.0) as gate:
        assert gate.gate is not None
        with gate.connect() as slow:
            slow.sendall(request(b"a" * 4000)[:-1])
            assert until(lambda: gate.gate is not None and gate.gate.budget.held > 2000)
            assert gate.reason(request(b"b" * 4000)) == (503, "busy")
            assert gate.reason(request(b"small")) == (200, "")
            slow.sendall(b"a")
            assert outcome(read_all(slow)) == (200, "")
        assert gate.reason(request(b"b" * 4000)) == (200, "")
        assert gate.gate.budget.held == 0


def test_who_does_not_read_the_answer_is_cut() -> None:
    with running_gate(write_seconds=0.3, max_answer_bytes=20_000_000, upstream_seconds=5.0) as gate:
        gate.gateway.answer = b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 16_000_000
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", gate.port))
            deaf.sendall(request())
            assert until(lambda: gate.log[-1].get("reason") == "reads-slowly")


def test_a_flood_does_not_fill_the_log() -> None:
    with running_gate() as gate:
        assert gate.gate is not None
        gate.gate.notes = TokenBucket(rate=0.001, burst=3)
        for _ in range(10):
            assert gate.reason(request(key=STRANGER)) == (401, "signature")
        assert gate.reason(request()) == (200, "")
        assert gate.reason(request(b"next")) == (200, "")
    told = [(line["reason"], line.get("unnoted")) for line in gate.log if line["event"] == "request"]
    assert told == [*[("signature", None)] * 3, ("passed", 7), ("passed", None)]


def test_a_full_memory_refuses_and_forgets_nothing() -> None:
    with running_gate(replay_entries=2) as gate:
        first, second = request(b"1"), request(b"2")
        assert [gate.reason(raw) for raw in (first, second)] == [(200, "")] * 2
        assert gate.reason(request(b"3")) == (503, "replay-memory")
        assert gate.reason(first) == (401, "replay")
        gate.now = NOW + 311
        assert gate.reason(request(b"3", timestamp=NOW + 311)) == (200, "")


ENVIRONMENT = {
    "MOLTHUB_GATE_LISTEN": "127.0.0.1:0",
    "MOLTHUB_GATE_PATHS": '[{"path": "/hooks/agent", "mode": "signed"}]',
    "MOLTHUB_GATE_KEY": KEY.decode(),
    "PYTHONPATH": os.pathsep.join(sys.path),
}
REPORT = (
    "import resource, sys, molthub.gate.__main__ as gate\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    "heavy = {'boto3', 'pydantic', 'typer', 'git', 'sqlmodel', 'yaml', 'rich', 'structlog'} & set(sys.modules)\n"
    "assert not heavy, heavy\n"
    "sys.exit(gate.main())\n"
)


def test_the_process_starts_light_writes_no_file_and_ends_clean_at_sigterm() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", REPORT], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        assert started["event"] == "start"
        with socket.create_connection(("127.0.0.1", started["port"]), timeout=5) as connection:
            connection.sendall(request(timestamp=int(time.time()) - 1000))
            assert outcome(read_all(connection)) == (401, "timestamp-old")
        with socket.create_connection(("127.0.0.1", started["port"]), timeout=5) as idle:
            idle.sendall(b"POST")
            time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            said, wrong = process.communicate(timeout=5)
    assert process.returncode == 0, wrong
    assert wrong == ""
    lines = [json.loads(line) for line in said.splitlines()]
    assert [(line["event"], line.get("reason")) for line in lines] == [
        ("request", "timestamp-old"),
        ("request", "stopped"),
        ("stop", None),
    ]


def test_a_stop_lets_what_is_under_way_end() -> None:
    with running_gate(upstream_seconds=5.0) as gate:
        gate.gateway.wait = 0.3
        with ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(gate.reason, request())
            assert until(lambda: len(gate.gateway.requests) == 1)
            gate.stop()
            assert until(lambda: refused(gate.port))
            assert under_way.result() == (200, "")


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_wrong_setting_ends_the_process_with_what_to_do() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "molthub.gate"],
        env=ENVIRONMENT | {"MOLTHUB_GATE_KEY": "secret word", "MOLTHUB_GATE_RAT": "5"},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "molthub-gate: error: MH-GATE-001 MOLTHUB_GATE_RAT is no setting of the gate "
        "(Did you mean MOLTHUB_GATE_RATE?)\n"
        "molthub-gate: error: MH-GATE-003 MOLTHUB_GATE_KEY cannot be a key: it is shorter than 24 characters, or holds "
        "a space or a line's end (Make one with `openssl rand -hex 32`, without a newline)\n"
    )
