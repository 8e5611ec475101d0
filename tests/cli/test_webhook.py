"""`molthub webhook url|sign|test`, the last against the real gate."""

from __future__ import annotations

import io
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from molthub.cli.commands.webhook.answers import Answer, problem
from molthub.errors import StallingError, TransientError
from molthub.gate.refusals import Refusal
from molthub.gate.signature import sign
from tests.builders import INGRESS, REMOVED, environment_dict, instance_dict
from tests.fakes.cli import Cli
from tests.fakes.gate import KEY, SLACK_SECRET, RunningGate, running_gate

WEBHOOK = {
    "secrets": [
        {"name": "ANTHROPIC_API_KEY", "key": "acme/prod/model#anthropic"},
        {"name": "HOOK_TOKEN", "key": "acme/prod/bot#hook"},
    ],
    "channels": {
        "webhook": {"token": {"secret": "HOOK_TOKEN"}, "paths": ["/hooks/agent", "/hooks/github"]},
        "telegram": REMOVED,
    },
    "network": {"inbound": "WEBHOOK"},
}
BODY = b'{"message":"hi"}\r\n'


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    path = tmp_path / "key"
    path.write_bytes(KEY + b"\n")
    return str(path)


@pytest.fixture
def gate(cli: Cli) -> Iterator[RunningGate]:
    with running_gate(now=cli.roots.now().timestamp() - 10) as running:
        yield running


def committed(cli: Cli, *, ingress: object = INGRESS, **spec: object) -> None:
    cli.repository.commit(
        environment_dict(spec={"ingress": ingress}),
        instance_dict(metadata={"name": "release-bot", "id": "first-name"}, spec=spec),
    )


def test_urls_are_the_id_below_the_domain(cli: Cli) -> None:
    committed(cli, **WEBHOOK)
    found = cli.run("webhook", "url", "release-bot")
    urls = ["https://first-name.bots.example.com/hooks/agent", "https://first-name.bots.example.com/hooks/github"]
    assert (found.code, found.out.splitlines(), found.err) == (0, urls, "")
    told = json.loads(cli.run("webhook", "url", "acme/prod/release-bot", "-o", "json").out)
    assert told == {
        "format": "molthub.dev/webhook-url/v1",
        "endpoints": [{"url": url, "mode": "signed"} for url in urls],
        "dns": None,
    }


def test_an_instance_that_takes_no_webhooks(cli: Cli) -> None:
    committed(cli)
    found = cli.run("webhook", "url", "release-bot")
    assert (found.code, found.out) == (1, "")
    assert "error: MH-GATE-017 acme/prod/release-bot takes no webhooks\n" in found.err


def test_an_environment_without_ingress(cli: Cli) -> None:
    committed(cli, ingress=REMOVED, **WEBHOOK)
    found = cli.run("webhook", "test", "release-bot")
    assert found.code == 1
    assert "MH-FLEET-010 network.inbound is WEBHOOK, but the environment acme/prod has no spec.ingress\n" in found.err


def expected(cli: Cli, body: bytes = BODY) -> dict[str, str]:
    return sign(KEY, timestamp=int(cli.roots.now().timestamp()), path=b"/hooks/agent", body=body)


def test_sign_prints_headers_that_curl_takes_and_never_the_key(cli: Cli, key_file: str, tmp_path: Path) -> None:
    body = tmp_path / "a body.json"
    body.write_bytes(BODY)
    url = "https://first-name.bots.example.com/hooks/agent"
    found = cli.run("webhook", "sign", url, "--body", str(body), "--key-file", key_file)
    headers = expected(cli)
    assert found.code == 0
    assert found.out == "".join(f"{name}: {value}\n" for name, value in headers.items())
    curl = found.err.split("\n\n")[1].replace(" \\\n ", "")
    assert curl.strip() == (
        f"curl {url} -H 'Content-Type: application/json' -H 'X-Molthub-Timestamp: {headers['X-Molthub-Timestamp']}' "
        f"-H 'X-Molthub-Signature: {headers['X-Molthub-Signature']}' --data-binary '@{body}'"
    )
    assert KEY.decode() not in found.out + found.err
    found = cli.run("webhook", "sign", "/hooks/agent", "--body", str(body), "--key-file", key_file, "-o", "json")
    told = json.loads(found.out)
    assert told["headers"] == headers
    assert told["curl"].startswith("curl https://HOST/hooks/agent ")


def test_body_and_key_come_from_pipes(cli: Cli, key_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stdin(content: bytes) -> None:
        read, write = os.pipe()
        os.write(write, content)
        os.close(write)
        monkeypatch.setattr("sys.stdin", os.fdopen(read, "r"))

    headers = "".join(f"{name}: {value}\n" for name, value in expected(cli).items())
    stdin(BODY)
    assert cli.run("webhook", "sign", "/hooks/agent", "--key-file", key_file).out == headers
    stdin(BODY)
    with Path(key_file).open("rb") as opened:
        assert cli.run("webhook", "sign", "/hooks/agent", "--key-fd", str(opened.fileno())).out == headers
    Path("body.json").write_bytes(BODY)
    stdin(KEY + b"\r\n")
    assert cli.run("webhook", "sign", "/hooks/agent", "--body", "body.json", "--key-file", "-").out == headers
    stdin(KEY)
    assert cli.run("webhook", "sign", "/hooks/agent", "--body", "body.json").out == headers


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["/hooks/agent", "--body", "body"], 1, "MH-GATE-010 nobody can be asked for the key without a terminal"),
        (
            ["/hooks/agent", "--body", "body", "--key-file", "no"],
            1,
            "MH-GATE-010 the key cannot be read from no: No such",
        ),
        (
            ["/hooks/agent", "--body", "body", "--key-fd", "99"],
            1,
            "the key cannot be read from file descriptor 99: Bad",
        ),
        (
            ["/hooks/agent", "--body", "body", "--key-file", "body"],
            1,
            "MH-GATE-010 that cannot be a key: it is shorter",
        ),
        (
            ["/hooks/agent", "--body", "no", "--key-file", "key"],
            1,
            "MH-GATE-011 the body cannot be read from no: No such",
        ),
        (["/hooks/agent", "--body", "big", "--key-file", "key"], 1, "MH-GATE-011 the body has more than 256 KiB"),
        (["/hooks/agent/", "--key-file", "key"], 1, "MH-GATE-012 '/hooks/agent/' is no path of a webhook"),
        (["https://h/tools/invoke", "--key-file", "key"], 1, "MH-GATE-012 '/tools/invoke' is no path of a webhook"),
        (
            ["http://h/hooks/agent", "--key-file", "key"],
            1,
            "MH-GATE-012 'http://h/hooks/agent' is no path of a webhook",
        ),
        (["/hooks/agent", "--key-file", "-"], 2, "stdin is the body already"),
        (["/hooks/agent", "--key-file", "key", "--key-fd", "3"], 2, "give the key once"),
    ],
)
def test_what_cannot_be_signed(
    arguments: list[str], code: int, said: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    for name, content in {"key": KEY, "body": BODY, "big": b"a" * (256 * 1024 + 1)}.items():
        Path(name).write_bytes(content)
    found = cli.run("webhook", "sign", *arguments)
    assert (found.code, found.out) == (code, "")
    assert said in " ".join(found.err.split())


def test_stdin_is_closed(cli: Cli, key_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert (
        "MH-GATE-011 the body cannot be read from -: Bad file descriptor"
        in cli.run("webhook", "sign", "/hooks/agent", "--key-file", key_file).err
    )
    assert "MH-GATE-010" in cli.run("webhook", "sign", "/hooks/agent", "--body", key_file).err
    assert "MH-GATE-010" in cli.run("webhook", "sign", "/hooks/agent", "--body", key_file, "--key-file", "-").err


def test_a_signed_test_passes_the_gate(cli: Cli, gate: RunningGate, key_file: str) -> None:
    url = f"http://127.0.0.1:{gate.port}/hooks/agent"
    found = cli.run("webhook", "test", "--url", url, "--key-file", key_file)
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith(f"{url} took it: 200 in 0.")
    assert found.out.endswith(' s {"runId":"r1"}\n')
    assert gate.gateway.requests[0].partition(b"\r\n\r\n")[2].startswith(b'{"message":"This is a test')
    again = cli.run("webhook", "test", "--url", url, "--key-file", key_file, "-o", "json")
    assert again.code == 1
    assert json.loads(again.out) | {"seconds": 0} == {
        "format": "molthub.dev/webhook-test/v1",
        "url": url,
        "status": 401,
        "gate": "replay",
        "taken": False,
        "seconds": 0,
        "body": '{"gate":"replay"}',
    }
    assert "error: MH-GATE-015 the gate answered 401: this very request was taken before\n" in again.err


def test_a_slack_path_is_tested_as_slack_would(cli: Cli, gate: RunningGate, tmp_path: Path) -> None:
    (tmp_path / "signing").write_bytes(SLACK_SECRET)
    url = f"http://127.0.0.1:{gate.port}/slack/events"
    found = cli.run("webhook", "test", "--url", url, "--key-file", str(tmp_path / "signing"))
    assert (found.code, found.err) == (0, "")
    head, _, body = gate.gateway.requests[0].partition(b"\r\n\r\n")
    assert b"\r\nx-slack-signature: v0=" in head
    assert json.loads(body)["type"] == "url_verification"


def test_a_refused_test_says_why(cli: Cli, gate: RunningGate, tmp_path: Path, key_file: str) -> None:
    url = f"http://127.0.0.1:{gate.port}/hooks/agent"
    (tmp_path / "other").write_bytes(b"another-key-" + b"x" * 20)
    found = cli.run("webhook", "test", "--url", url, "--key-file", str(tmp_path / "other"))
    assert found.code == 1
    assert "MH-GATE-015 the gate answered 401: the key is none of the instance's, or the body or the" in found.err
    assert "fix: Give the value of the secret that spec.channels.webhook.token names" in " ".join(found.err.split())
    gate.now += 1000
    assert (
        "the timestamp is older than five minutes"
        in cli.run("webhook", "test", "--url", url, "--key-file", key_file).err
    )


def test_nobody_there(cli: Cli, key_file: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/hooks/agent"
        found = cli.run("webhook", "test", "--url", url, "--key-file", key_file)
    assert found.code == 3
    assert "error: MH-GATE-013 127.0.0.1 was not reached: [Errno 111] Connection refused\n" in found.err


@pytest.mark.parametrize(
    "url",
    ["http://bot.example.com/hooks/agent", "ftp://x/hooks/agent", "https://x:99999/hooks/agent", "https://x/hooks/agent?a",
     "https://u:p@x/hooks/agent", "https:///hooks/agent", "x", "https://[x/hooks/agent"],
)  # fmt: skip
def test_what_is_no_url_of_a_webhook(url: str, cli: Cli, key_file: str) -> None:
    found = cli.run("webhook", "test", "--url", url, "--key-file", key_file)
    assert found.code == 1
    assert f"error: MH-GATE-012 {url!r} is no URL of a webhook\n" in found.err


def test_a_test_needs_an_instance_or_a_url_and_one_of_its_paths(cli: Cli) -> None:
    committed(cli, **WEBHOOK)
    assert "name an instance, or a URL with --url" in cli.run("webhook", "test").err
    found = cli.run("webhook", "test", "release-bot", "--path", "/hooks/wake")
    assert "MH-GATE-012 /hooks/wake is no path of release-bot (there are: /hooks/agent, /hooks/github)\n" in found.err


def test_every_refusal_of_a_well_formed_request_is_explained() -> None:
    unforced = {
        "malformed", "framing", "pipelined", "upgrade", "method", "slow", "encoding", "expect", "head-size", "version",
    }  # fmt: skip
    for refusal in Refusal:
        wrong = problem(Answer(refusal.status, "", refusal.body))
        assert wrong is not None
        assert ("the request is not what it takes" in wrong.diagnostic.message) == (refusal.reason in unforced)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (
            Answer(403, "awselb/2.0", b"<html>"),
            StallingError,
            "MH-GATE-014 the load balancer answered 403: none of its",
        ),
        (Answer(403, "", b""), StallingError, "MH-GATE-014 the load balancer answered 403: none of its rules"),
        (
            Answer(503, "awselb/2.0", b"<html>"),
            TransientError,
            "MH-GATE-014 the load balancer answered 503: no healthy",
        ),
        (Answer(502, "", b"<html>"), TransientError, "MH-GATE-014 the load balancer answered 502: no healthy task"),
        (Answer(400, "", b'{"error":"\x1b[31m"}'), StallingError, 'the Moltbot answered 400: {"error":"\\e[31m"}'),
        (Answer(503, "", b'{"status":"starting"}'), TransientError, "and the Moltbot answered 503"),
        (Answer(404, "", b'{"gate":5}'), StallingError, "MH-GATE-016"),
        (Answer(418, "", b'{"gate":"\x07new"}'), StallingError, "MH-GATE-016"),
        (Answer(418, "", b'{"gate":"new"}'), StallingError, "the request is not what it takes (new)"),
    ],
)
def test_who_answered(answer: Answer, kind: type[Exception], said: str) -> None:
    found = problem(answer)
    assert type(found) is kind
    assert said in str(found)


def test_what_was_taken_is_no_problem() -> None:
    assert problem(Answer(200, "", b"{}")) is None
    assert problem(Answer(202, "awselb/2.0", b"")) is None
