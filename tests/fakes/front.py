"""A simulated listener as a real HTTP front: its rules decide as AWS's do, and what they let through really goes on.

    with running_front(client, listener_arn, {("10.0.3.4", 8080): ("127.0.0.1", 40123)}) as front:
        front.send(raw_request_bytes)      # → raw answer bytes
        front.address                      # a plain HTTP client may call it, too: ("127.0.0.1", port)

What AWS does, from the Application Load Balancer guide: rules are tried in the order of their priorities, and the first
whose every condition has one matching value decides; a host is compared without regard to case and without its port, a
path with it, byte for byte, before anything is decoded or normalised, without the query; `*` and `?` are wildcards in
both; methods are compared exactly. No rule: the listener's default action. X-Forwarded-For is appended to, -Proto and
-Port are set. No healthy target: 503. Bytes of the body go on as they came.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Address = tuple[str, int]
Client = Callable[[str], Any]
LONGEST_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes. target_group: its ARN; target: address and port of the one that gets it; status: what the
    load balancer answers by itself, None when it forwards."""

    rule: str | None
    target_group: str | None = None
    target: Address | None = None
    status: int | None = None


@dataclass(slots=True)
class Front:
    """One listener. local: target's address → where it really listens."""

    client: Client
    listener: str
    local: Mapping[Address, Address]
    address: Address = ("127.0.0.1", 0)
    routed: list[Route] = field(default_factory=list)

    def route(self, method: str, host: str, path: str) -> Route:
        """What the listener's rules say of a request. path: as on the wire, with its query if it has one."""
        elb = self.client("elbv2")
        rules = elb.describe_rules(ListenerArn=self.listener)["Rules"]
        ordered = sorted((r for r in rules if not r["IsDefault"]), key=lambda rule: int(rule["Priority"]))
        for rule in ordered:
            if all(_holds(item, method, host, path) for item in rule["Conditions"]):
                return self._act(rule["RuleArn"], rule["Actions"])
        (found,) = elb.describe_listeners(ListenerArns=[self.listener])["Listeners"]
        return self._act(None, found["DefaultActions"])

    def _act(self, rule: str | None, actions: list[dict[str, Any]]) -> Route:
        (action,) = actions
        if action["Type"] == "fixed-response":
            return Route(rule, status=int(action["FixedResponseConfig"]["StatusCode"]))
        group = action.get("TargetGroupArn") or action["ForwardConfig"]["TargetGroups"][0]["TargetGroupArn"]
        told = self.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        healthy = [item["Target"] for item in told if item["TargetHealth"]["State"] == "healthy"]
        if not healthy:
            return Route(rule, group, status=503)
        return Route(rule, group, (healthy[0]["Id"], healthy[0]["Port"]))

    def send(self, request: bytes) -> bytes:
        """One raw request's raw answer."""
        with socket.create_connection(self.address, timeout=30) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def serve(self, connection: socket.socket, caller: str) -> None:
        head, rest = _head_of(connection)
        line, *headers = head.split(b"\r\n")
        parts = line.split(b" ")
        if len(parts) != 3 or _header(headers, b"host") is None:
            connection.sendall(_answer(400))
            return
        method, path = parts[0].decode("latin-1"), parts[1].decode("latin-1")
        route = self.route(method, (_header(headers, b"host") or b"").decode("latin-1"), path)
        self.routed.append(route)
        local = self.local.get(route.target) if route.target else None
        if route.status is not None or local is None:
            connection.sendall(_answer(route.status or 502))
            return
        try:
            _pass_on(connection, local, b"\r\n".join([line, *_forwarded(headers, caller)]) + b"\r\n\r\n" + rest)
        except OSError:
            connection.sendall(_answer(502))


def _holds(condition: Mapping[str, Any], method: str, host: str, path: str) -> bool:
    field_, config = condition["Field"], {}
    for name in ("HostHeaderConfig", "PathPatternConfig", "HttpRequestMethodConfig"):
        config = condition.get(name) or config
    values = config.get("Values") or condition.get("Values") or []
    if field_ == "host-header":
        name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
        return any(_matches(value.lower(), name.lower()) for value in values)
    if field_ == "path-pattern":
        return any(_matches(value, path.partition("?")[0]) for value in values)
    if field_ == "http-request-method":
        return method in values
    raise NotImplementedError(f"the front knows no condition {field_}")


def _matches(pattern: str, text: str) -> bool:
    parts = ({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _head_of(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data and len(data) < LONGEST_HEAD:
        more = connection.recv(65536)
        if not more:
            break
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _header(headers: list[bytes], name: bytes) -> bytes | None:
    found = (line.partition(b":") for line in headers)
    return next((value.strip() for key, _, value in found if key.strip().lower() == name), None)


def _forwarded(headers: list[bytes], caller: str) -> list[bytes]:
    ours = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port")
    before = _header(headers, b"x-forwarded-for")
    kept = [line for line in headers if line.partition(b":")[0].strip().lower() not in ours]
    chain = b", ".join([*([before] if before else []), caller.encode()])
    return [*kept, b"X-Forwarded-For: " + chain, b"X-Forwarded-Proto: https", b"X-Forwarded-Port: 443"]


def _pass_on(connection: socket.socket, local: Address, request: bytes) -> None:
    """Both ways at once, until the target has said all."""
    with socket.create_connection(local, timeout=30) as target:
        target.sendall(request)
        pump = threading.Thread(target=_pump, args=(connection, target), daemon=True)
        pump.start()
        while answer := target.recv(65536):
            connection.sendall(answer)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)


def _answer(status: int) -> bytes:
    return f"HTTP/1.1 {status} \r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


@contextlib.contextmanager
def running_front(client: Client, listener: str, local: Mapping[Address, Address]) -> Iterator[Front]:
    """A front on a loopback port of its own. client: service → boto3 client of the simulator."""
    server = socket.create_server(("127.0.0.1", 0))
    front = Front(client, listener, local, server.getsockname())
    thread = threading.Thread(target=_accept, args=(server, front), daemon=True)
    thread.start()
    try:
        yield front
    finally:
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(timeout=10)


def _accept(server: socket.socket, front: Front) -> None:
    while True:
        try:
            connection, (caller, _) = server.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, front, caller), daemon=True).start()


def _serve(connection: socket.socket, front: Front, caller: str) -> None:
    with connection, contextlib.suppress(OSError):
        front.serve(connection, caller)
