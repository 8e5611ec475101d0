"""Attacks over raw sockets. Each says what it is answered, and that nothing of it reached the gateway."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from molthub.gate.signature import Mode
from tests.fakes.gate import KEY, NOW, PREVIOUS, SLACK_SECRET, STRANGER, RunningGate, request, running_gate

SMUGGLED = b"POST /tools/invoke HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked"
BODY = b'{"message":"hello"}'
CHUNKS = b"13\r\n" + BODY + b"\r\n0\r\n\r\n"


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningGate]:
    with running_gate() as running:
        yield running


@pytest.fixture
def gate(shared: RunningGate) -> RunningGate:
    shared.gateway.requests.clear()
    shared.now = NOW + 10
    return shared


PATHS = [
    b"/",
    b"/chat",
    b"/terminal",
    b"/tools/invoke",
    b"/v1/chat/completions",
    b"/v1/responses",
    b"/hooks",
    b"/hooks/",
    b"/hooks/wake",
    b"/hooks/agent/",
    b"//hooks/agent",
    b"/hooks//agent",
    b"/./hooks/agent",
    b"/hooks/../hooks/agent",
    b"/hooks/agent/../../tools/invoke",
    b"/hooks/agent/%2e%2e/%2e%2e/tools/invoke",
    b"/hooks/%61gent",
    b"/hooks%2Fagent",
    b"/hooks%2fagent",
    b"/hooks/agent%00",
    b"/hooks/agent%20",
    b"/hooks\\agent",
    b"/HOOKS/agent",
    b"/hooks/Agent",
    b"/hooks/agent;a=b",
    b"/hooks/agent?",
    b"/hooks/agent?token=x",
    b"/hooks/agent#x",
    b"/hooks/agentx",
    b"/hooks/agen",
    b"hooks/agent",
    b"http://bot.example.com/hooks/agent",
    b"http://127.0.0.1:18789/hooks/agent",
    b"127.0.0.1:18789",
    b"*",
    b"/healthz",
    b"/readyz",
]


@pytest.mark.parametrize("target", PATHS, ids=lambda target: target.decode())
def test_no_other_path_is_found(target: bytes, gate: RunningGate) -> None:
    signed = request(target=target)
    assert gate.reason(signed) == (404, "not-found")
    assert gate.reason(request(target=target, signed_path=b"/hooks/agent")) == (404, "not-found")
    assert gate.gateway.requests == []


@pytest.mark.parametrize("method", [b"GET", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"PRI"])
def test_no_other_method_is_taken(method: bytes, gate: RunningGate) -> None:
    answer = gate.send(request(method=method))
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nAllow: POST\r\n" in answer
    assert gate.gateway.requests == []


def test_an_answer_to_head_has_no_body(gate: RunningGate) -> None:
    head, body = gate.send(request(method=b"HEAD")).split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 ")
    assert body == b""


CONNECT = b"CONNECT 127.0.0.1:18789 HTTP/1.1\r\nHost: 127.0.0.1:18789\r\n\r\n"
WEBSOCKET = (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==")
H2C = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")

SPOILED: dict[str, tuple[bytes, tuple[int, str]]] = {
    "connect": (CONNECT, (404, "not-found")),
    "websocket": (request(method=b"GET", target=b"/", more=WEBSOCKET), (400, "upgrade")),
    "websocket on a hook": (request(more=WEBSOCKET), (400, "upgrade")),
    "http2 upgrade": (request(more=H2C), (400, "upgrade")),
    "http2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (505, "version")),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", (400, "malformed")),
    "http/0.9": (b"POST /hooks/agent\r\n\r\n", (400, "malformed")),
    "http/1.0": (request().replace(b"HTTP/1.1", b"HTTP/1.0", 1), (505, "version")),
    "http/1.2": (request().replace(b"HTTP/1.1", b"HTTP/1.2", 1), (505, "version")),
    "http/2": (request().replace(b"HTTP/1.1", b"HTTP/2", 1), (400, "malformed")),
    "lower-case http": (request().replace(b"HTTP/1.1", b"http/1.1", 1), (400, "malformed")),
    "lower-case method": (request(method=b"post"), (400, "malformed")),
    "an empty line first": (b"\r\n" + request(), (400, "malformed")),
    "two spaces": (request().replace(b"POST ", b"POST  ", 1), (400, "malformed")),
    "a tab for a space": (request().replace(b"POST ", b"POST\t", 1), (400, "malformed")),
    "a space in the target": (request(target=b"/hooks/agent /x"), (400, "malformed")),
    "a byte beyond ASCII in the target": (request(target=b"/hooks/agent\xc0\xaf"), (400, "malformed")),
    "bare line feeds": (request().replace(b"\r\n", b"\n"), (400, "malformed")),
    "one bare line feed": (request().replace(b"\r\nHost", b"\nHost", 1), (400, "malformed")),
    "a bare carriage return": (request(more=(b"X-A: a\rContent-Length: 0",)), (400, "malformed")),
    "NUL": (request(more=(b"X-A: a\0b",)), (400, "malformed")),
    "a folded header": (request(more=(b"X-A: a", b" Content-Length: 0")), (400, "malformed")),
    "a fold first": (request().replace(b"\r\nHost", b"\r\n Host", 1), (400, "malformed")),
    "a space before the colon": (request(framing=b"Content-Length : 19"), (400, "malformed")),
    "a header without colon": (request(more=(b"X-A",)), (400, "malformed")),
    "a header without name": (request(more=(b": a",)), (400, "malformed")),
    "no host": (request(without=("Host",)), (400, "malformed")),
    "two hosts": (request(more=(b"Host: bot.example.com",)), (400, "malformed")),
    "a host that is none": (request(without=("Host",), more=(b"Host: a@b",)), (400, "malformed")),
    "two signatures": (request(more=(b"X-Molthub-Signature: v1=" + b"0" * 64,)), (400, "malformed")),
    "two timestamps": (request(more=(b"x-molthub-timestamp: 1790000010",)), (400, "malformed")),
    "two types": (request(more=(b"Content-Type: application/json",)), (400, "malformed")),
    "hop-by-hop signature": (request(more=(b"Connection: close, X-Molthub-Signature",)), (400, "malformed")),
    "expect": (request(more=(b"Expect: 100-continue",)), (417, "expect")),
    "expect anything": (request(more=(b"Expect: x",)), (417, "expect")),
    "a coded body": (request(more=(b"Content-Encoding: gzip",)), (415, "encoding")),
    "a type that splits": (
        request(without=("Content-Type",), more=(b'Content-Type: text/plain; a="b, c"',)),
        (415, "encoding"),
    ),
    "many headers": (request(more=tuple(b"X-%d: a" % number for number in range(70))), (431, "head-size")),
    "a long header": (request(more=(b"X-A: " + b"a" * 3000,)), (431, "head-size")),
    "a long target": (request(target=b"/" + b"a" * 3000), (431, "head-size")),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_head_that_is_not_exactly_right_is_refused(name: str, gate: RunningGate) -> None:
    raw, expected = SPOILED[name]
    assert gate.reason(raw) == expected
    assert gate.gateway.requests == []


FRAMED: dict[str, tuple[bytes, tuple[int, str]]] = {
    "two equal lengths": (request(more=(b"Content-Length: 19",)), (400, "malformed")),
    "two lengths": (request(more=(b"Content-Length: 0",)), (400, "malformed")),
    "a list of lengths": (request(framing=b"Content-Length: 19, 19"), (400, "framing")),
    "a signed length": (request(framing=b"Content-Length: +19"), (400, "framing")),
    "a negative length": (request(framing=b"Content-Length: -1"), (400, "framing")),
    "a length with a leading zero": (request(framing=b"Content-Length: 019"), (400, "framing")),
    "a hexadecimal length": (request(framing=b"Content-Length: 0x13"), (400, "framing")),
    "an empty length": (request(framing=b"Content-Length:"), (400, "framing")),
    "a huge length": (request(framing=b"Content-Length: " + b"9" * 30), (400, "framing")),
    "CL.TE": (request(more=(CHUNKED,), sent=b"0\r\n\r\n" + SMUGGLED), (400, "framing")),
    "TE.CL": (request(framing=CHUNKED, more=(b"Content-Length: 4",), sent=CHUNKS), (400, "framing")),
    "TE.TE": (request(framing=CHUNKED, more=(b"Transfer-Encoding: x",), sent=CHUNKS), (400, "malformed")),
    "TE twice": (request(framing=CHUNKED, more=(CHUNKED,), sent=CHUNKS), (400, "malformed")),
    "TE list": (request(framing=b"Transfer-Encoding: gzip, chunked", sent=CHUNKS), (400, "framing")),
    "TE identity": (request(framing=b"Transfer-Encoding: identity"), (400, "framing")),
    "TE quoted": (request(framing=b'Transfer-Encoding: "chunked"', sent=CHUNKS), (400, "framing")),
    "TE with a vertical tab": (request(framing=b"Transfer-Encoding:\x0bchunked", sent=CHUNKS), (400, "malformed")),
    "TE with a space": (request(framing=b"Transfer-Encoding : chunked", sent=CHUNKS), (400, "malformed")),
    "TE folded": (request(framing=b"Transfer-Encoding:\r\n chunked", sent=CHUNKS), (400, "malformed")),
    "TE with a parameter": (request(framing=b"Transfer-Encoding: chunked;a=b", sent=CHUNKS), (400, "framing")),
    "TE: trailers": (request(framing=CHUNKED, more=(b"TE: trailers",), sent=CHUNKS), (400, "framing")),
    "trailers announced": (request(framing=CHUNKED, more=(b"Trailer: X-A",), sent=CHUNKS), (400, "framing")),
    "trailers": (request(framing=CHUNKED, sent=CHUNKS[:-2] + b"Host: x\r\n\r\n"), (400, "framing")),
    "a chunk size that is none": (request(framing=CHUNKED, sent=b"0x13\r\n" + CHUNKS[4:]), (400, "framing")),
    "a negative chunk": (request(framing=CHUNKED, sent=b"-1\r\n" + CHUNKS[4:]), (400, "framing")),
    "a chunk longer than said": (request(framing=CHUNKED, sent=b"12\r\n" + CHUNKS[4:]), (400, "framing")),
    "a chunk ended by a line feed": (request(framing=CHUNKED, sent=CHUNKS.replace(b"}\r\n", b"}\n")), (400, "framing")),
    "a chunk's extension": (request(framing=CHUNKED, sent=b"13;a=b\r\n" + CHUNKS[4:]), (400, "framing")),
    "a space after a chunk's size": (request(framing=CHUNKED, sent=b"13 \r\n" + CHUNKS[4:]), (400, "framing")),
    "an end of a bare line feed": (request(framing=CHUNKED, sent=CHUNKS[:-2] + b"\n"), (400, "framing")),
    "a huge chunk size": (request(framing=CHUNKED, sent=b"f" * 30 + b"\r\n" + CHUNKS[4:]), (400, "framing")),
    "pipelined": (request() + SMUGGLED, (400, "pipelined")),
    "pipelined behind chunks": (request(framing=CHUNKED, sent=CHUNKS + SMUGGLED), (400, "pipelined")),
    "CL.0": (request(b"", sent=SMUGGLED), (400, "pipelined")),
    "no length": (request(b"", framing=b"", sent=SMUGGLED), (400, "pipelined")),
    "a short body": (request(framing=b"Content-Length: 18"), (400, "pipelined")),
    "a declared big body": (request(framing=b"Content-Length: 4097"), (413, "body-size")),
    "a chunked big body": (request(framing=CHUNKED, sent=(b"400\r\n" + b"a" * 1024 + b"\r\n") * 9), (413, "body-size")),
    "a body of tiny chunks": (request(framing=CHUNKED, sent=b"1;" + b"e" * 900 + b"\r\na\r\n" * 40), (400, "framing")),
    "chunks that are mostly extension": (
        request(framing=CHUNKED, sent=(b"1;" + b"e" * 900 + b"\r\na\r\n") * 60),
        (413, "body-size"),
    ),
    "an endless chunk line": (request(framing=CHUNKED, sent=b"1;" + b"e" * 8000), (400, "framing")),
}


@pytest.mark.parametrize("name", FRAMED)
def test_a_body_whose_end_is_unclear_is_refused(name: str, gate: RunningGate) -> None:
    raw, expected = FRAMED[name]
    assert gate.reason(raw) == expected
    assert gate.gateway.requests == []


def test_what_comes_after_the_answer_is_never_a_request(gate: RunningGate) -> None:
    """The right request gets through; the one behind it, which arrives too late to spoil it, is never read."""
    with gate.connect() as connection:
        connection.sendall(request(b"late"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(request(b"another"))
        assert connection.recv(65536) == b""
    assert [raw.rpartition(b"\r\n\r\n")[2] for raw in gate.gateway.requests] == [b"late"]


SIGNATURES: dict[str, tuple[bytes, tuple[int, str]]] = {
    "none": (request(without=("X-Molthub-Signature",)), (401, "unsigned")),
    "no timestamp": (request(without=("X-Molthub-Timestamp",)), (401, "unsigned")),
    "another key": (request(key=STRANGER), (401, "signature")),
    "an empty key": (request(key=b""), (401, "signature")),
    "another body": (request(signed_body=b"{}"), (401, "signature")),
    "another path": (request(signed_path=b"/hooks/git_hub"), (401, "signature")),
    "old": (request(timestamp=NOW + 10 - 301), (401, "timestamp-old")),
    "future": (request(timestamp=NOW + 10 + 6), (401, "timestamp-future")),
    "before the start": (request(timestamp=NOW + 5), (401, "timestamp-before-start")),
    "slack's on a signed path": (request(mode=Mode.SLACK, key=SLACK_SECRET), (401, "unsigned")),
    "signed on slack's path": (request(target=b"/slack/events"), (401, "unsigned")),
    "slack with the hook's key": (
        request(target=b"/slack/events", mode=Mode.SLACK, key=KEY),
        (401, "signature"),
    ),
    "slack old": (
        request(target=b"/slack/events", mode=Mode.SLACK, key=SLACK_SECRET, timestamp=NOW - 291),
        (401, "timestamp-old"),
    ),
    "a bearer token instead": (
        request(without=("X-Molthub-Signature",), more=(b"Authorization: Bearer " + KEY,)),
        (401, "unsigned"),
    ),
    "another version": (request().replace(b"v1=", b"v0="), (401, "unsigned")),
    "upper case": (
        request(without=("X-Molthub-Signature",), more=(b"X-Molthub-Signature: V1=" + b"A" * 64,)),
        (401, "unsigned"),
    ),
    "short": (
        request(without=("X-Molthub-Signature",), more=(b"X-Molthub-Signature: v1=ab",)),
        (401, "unsigned"),
    ),
    "a timestamp with a fraction": (
        request(without=("X-Molthub-Timestamp",), more=(b"X-Molthub-Timestamp: 1790000010.0",)),
        (401, "unsigned"),
    ),
    "a timestamp with a leading zero": (
        request(without=("X-Molthub-Timestamp",), more=(b"X-Molthub-Timestamp: 01790000010",)),
        (401, "unsigned"),
    ),
    "a timestamp far away": (
        request(without=("X-Molthub-Timestamp",), more=(b"X-Molthub-Timestamp: 99999999999",)),
        (401, "timestamp-future"),
    ),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_signature_that_is_not_right_is_refused(name: str, gate: RunningGate) -> None:
    raw, expected = SIGNATURES[name]
    assert gate.reason(raw) == expected
    assert gate.gateway.requests == []


def test_the_previous_key_is_good_too_and_a_replay_with_the_other_is_seen(gate: RunningGate) -> None:
    assert gate.reason(request(b"rotated", key=PREVIOUS)) == (200, "")
    assert gate.reason(request(b"rotated", key=PREVIOUS)) == (401, "replay")
    assert gate.reason(request(b"rotated", key=KEY)) == (401, "replay")
    assert len(gate.gateway.requests) == 1


def test_a_replay_is_refused_while_its_timestamp_is_good(gate: RunningGate) -> None:
    raw = request(b"once", timestamp=NOW + 14)
    assert gate.reason(raw) == (200, "")
    for later in (10, 13, 314):
        gate.now = NOW + later
        assert gate.reason(raw) == (401, "replay")
    gate.now = NOW + 315
    assert gate.reason(raw) == (401, "timestamp-old")
    assert len(gate.gateway.requests) == 1


def test_a_replay_is_refused_after_a_restart() -> None:
    raw = request(b"before", timestamp=NOW + 15)
    with running_gate() as first:
        assert first.reason(raw) == (200, "")
    with running_gate(now=NOW + 11) as second:
        for later in (11, 15, 17, 200):
            second.now = NOW + later
            assert second.reason(raw) == (401, "timestamp-before-start")
        second.now = NOW + 17
        assert second.reason(request(b"after", timestamp=NOW + 17)) == (200, "")
    assert len(second.gateway.requests) == 1


def test_nothing_of_a_request_is_logged(gate: RunningGate) -> None:
    """Also not of the refused ones above: every line holds the fields there are, and words of our own."""
    gate.send(request(b"logged", more=(b"X-Secret: hidden",)))
    fields = {"time", "event", "path", "status", "reason", "ms", "received", "sent"}
    lines = [line for line in gate.log if line["event"] == "request"]
    assert lines
    assert all(line.keys() == fields for line in lines)
    assert {type(line["path"]) for line in lines} <= {int, type(None)}
    text = str(gate.log)
    for word in ("hidden", "logged", "hooks", "v1=", KEY.decode(), SLACK_SECRET.decode(), "bot.example.com"):
        assert word not in text
