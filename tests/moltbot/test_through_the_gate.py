"""The real gate in front of the real Moltbot, in one network namespace as in one task.

The Moltbot listens on that namespace's loopback and nowhere else, with the hooks config as rendered; the gate's log and
the Moltbot's statuses say what got through.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from molthub.gate.signature import Mode, sign
from tests.fakes.desired import rendered
from tests.fakes.gate import outcome
from tests.moltbot.image import Task, wait_until_healthy
from tests.moltbot.install import MOLTBOT_VERSIONS
from tests.moltbot.judge import dummy
from tests.moltbot.test_config_is_accepted import IMAGES
from tests.moltbot.test_it_runs import Launch, launch

pytestmark = pytest.mark.moltbot

__all__ = ["launch"]  # a fixture

SEND = """
import base64, json, socket, sys
answers = []
for raw in json.load(sys.stdin):
    with socket.create_connection(("127.0.0.1", 8080), timeout=40) as connection:
        connection.sendall(base64.b64decode(raw))
        answers.append(base64.b64encode(b"".join(iter(lambda: connection.recv(65536), b""))).decode())
print(json.dumps(answers))
"""
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: 10.0.1.5:8080\r\n\r\n"


def inside(gateway: subprocess.Popen[bytes], *command: str) -> list[str]:
    """A command of this machine in the task's network."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    path = f"PYTHONPATH={os.pathsep.join(sys.path)}"
    return [*prefix, "nsenter", f"--target={gateway.pid}", "--net", "env", "-i", path, *command]


@contextmanager
def gate(task: Task, gateway: subprocess.Popen[bytes], log: Path) -> Iterator[None]:
    """The rendered gate, with its rendered command and variables, by this machine's Python; ends clean at SIGTERM."""
    container = task.container("gate")
    values = {arn: task.secrets[name] for name, arn in task.container("gateway").secrets}
    secrets = {name: values.get(arn, dummy(name)) for name, arn in container.secrets}
    variables = [f"{name}={value}" for name, value in {**dict(container.environment), **secrets}.items()]
    assert container.entry_point is not None
    assert container.entry_point[0] == "python"
    with log.open("wb") as out:
        command = inside(gateway, *variables, sys.executable, *container.entry_point[1:])
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            for _ in range(100):
                if b'"event":"start"' in log.read_bytes():
                    break
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            assert process.wait(timeout=20) == 0


def wait_for_network(gateway: subprocess.Popen[bytes]) -> None:
    """Until the task has a network of its own, with a loopback that is up; before, a visitor is on this machine's."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    ours = Path("/proc/self/ns/net").readlink()
    for _ in range(100):
        theirs = subprocess.run([*prefix, "readlink", f"/proc/{gateway.pid}/ns/net"], capture_output=True, check=False)
        up = subprocess.run(inside(gateway, "ip", "-o", "link", "show", "lo", "up"), capture_output=True, check=False)
        if theirs.stdout.decode().strip() not in ("", str(ours)) and up.stdout:
            return
        time.sleep(0.1)
    raise AssertionError


def send(gateway: subprocess.Popen[bytes], raws: Sequence[bytes]) -> list[tuple[int, str]]:
    """Status and the gate's reason of each request, one after the other."""
    asked = json.dumps([base64.b64encode(raw).decode() for raw in raws])
    command = inside(gateway, sys.executable, "-c", SEND)
    done = subprocess.run(command, input=asked.encode(), capture_output=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return [outcome(base64.b64decode(answer)) for answer in json.loads(done.stdout)]


def request(target: str, body: bytes, *, key: str | None, mode: Mode = Mode.SIGNED, bearer: str = "") -> bytes:
    headers = {"Host": "bot.example.com", "Content-Type": "application/json", "Content-Length": str(len(body))}
    if key is not None:
        headers |= sign(key.encode(), timestamp=int(time.time()), path=target.encode(), body=body, mode=mode)
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


KEY, TOKEN = dummy("HOOK_TOKEN"), dummy("OPENCLAW_GATEWAY_TOKEN")
PREVIOUS, SLACK = dummy("MOLTHUB_GATE_KEY_PREVIOUS"), dummy("OUR_SIGNING_SECRET")
BODY = b'{"message": "hello"}'
CHALLENGE = b'{"type": "url_verification", "challenge": "hello"}'


def attempts() -> list[tuple[bytes, tuple[int, str]]]:
    """Requests as they are sent one after the other, and what each is answered: three of them get through."""
    signed = request("/hooks/agent", BODY, key=KEY)
    elsewhere = ["/tools/invoke", "/v1/chat/completions", "/hooks/agent/../../tools/invoke", "/hooks/github"]
    return [
        (HEALTH, (200, "")),
        (signed, (200, "")),
        (signed, (401, "replay")),
        (request("/hooks/agent", BODY, key=None), (401, "unsigned")),
        (request("/hooks/agent", BODY, key=None, bearer=KEY), (401, "unsigned")),
        (request("/hooks/agent", BODY, key="another-" + KEY), (401, "signature")),
        (request("/hooks/agent", b'{"message": "again"}', key=PREVIOUS), (200, "")),
        (request("/slack/events", CHALLENGE, key=SLACK, mode=Mode.SLACK), (200, "")),
        (request("/slack/events", CHALLENGE, key=SLACK, mode=Mode.SLACK), (401, "replay")),
        (request("/slack/events", CHALLENGE, key=KEY, mode=Mode.SLACK), (401, "signature")),
        *((request(path, BODY, key=KEY, bearer=TOKEN), (404, "not-found")) for path in elsewhere),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", (404, "not-found")),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", (400, "upgrade")),
    ]


def wait_until_routed(gateway: subprocess.Popen[bytes]) -> None:
    """Until the load balancer would send it requests."""
    for _ in range(120):
        if send(gateway, [HEALTH]) == [(200, "")]:
            return
        time.sleep(1)
    raise AssertionError


def test_a_signed_request_reaches_the_moltbot_and_nothing_else_does(launch: Launch, tmp_path: Path) -> None:
    image = IMAGES[MOLTBOT_VERSIONS[-1]]
    task = launch(MOLTBOT_VERSIONS[-1], rendered("webhook-rotated-and-slack", runtime={"image": image}))
    assert task.run("init", timeout=120) == 0, task.log("init")
    values = {arn: dummy(name) for name, arn in reversed(task.container("gateway").secrets)}
    task.secrets = {name: values[arn] for name, arn in task.container("gateway").secrets}
    gateway = task.start("gateway")
    wait_for_network(gateway)
    log = tmp_path / "gate.log"
    with gate(task, gateway, log):
        assert send(gateway, [HEALTH]) == [(503, "not-ready")]
        wait_until_healthy(task, gateway, timeout=150)
        wait_until_routed(gateway)
        asked = attempts()
        assert send(gateway, [raw for raw, _ in asked]) == [expected for _, expected in asked]
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    passed = [line["status"] for line in lines if line.get("reason") == "passed"]
    assert passed == [200] * 3, "from the moment it is routed to, it takes hooks"
    assert KEY not in text
    assert "hello" not in text
    assert [line["healthy"] for line in lines if line["event"] == "gateway"][-1] is True
