"""Settings from the environment: what is given, what is refused, and that no key is repeated."""

from __future__ import annotations

import json

import pytest

from molthub.errors import InvalidInputError
from molthub.gate.settings import Limits, Settings, settings_from
from molthub.gate.signature import Mode

KEY = "k" * 32
PATHS = json.dumps([{"path": "/hooks/agent", "mode": "signed"}])
LEAST = {"MOLTHUB_GATE_PATHS": PATHS, "MOLTHUB_GATE_KEY": KEY}


def wrong(**changed: str) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        settings_from(LEAST | {f"MOLTHUB_GATE_{name}": value for name, value in changed.items()})
    return [f"{one.ref} {one.message}" for one in caught.value.diagnostics]


def test_the_least() -> None:
    assert settings_from(LEAST | {"PATH": "/bin"}) == Settings(
        paths={b"/hooks/agent": Mode.SIGNED}, keys=(KEY.encode(),), upstream_token=KEY.encode()
    )


def test_everything() -> None:
    paths = [{"path": "/hooks/a/b-c_d", "mode": "signed"}, {"path": "/slack/events", "mode": "slack"}]
    found = settings_from(
        {
            "MOLTHUB_GATE_PATHS": json.dumps(paths),
            "MOLTHUB_GATE_KEY": KEY,
            "MOLTHUB_GATE_KEY_PREVIOUS": "p" * 32,
            "MOLTHUB_GATE_SLACK_SIGNING_SECRET": "s" * 32,
            "MOLTHUB_GATE_UPSTREAM_TOKEN": "t" * 32,
            "MOLTHUB_GATE_LISTEN": "10.0.0.1:9000",
            "MOLTHUB_GATE_UPSTREAM": "http://[::1]:18790/",
            "MOLTHUB_GATE_UPSTREAM_HEALTH": "/startupz",
            "MOLTHUB_GATE_RATE": "0.5",
            "MOLTHUB_GATE_MAX_BODY_BYTES": "1000",
        }
    )
    assert found == Settings(
        paths={b"/hooks/a/b-c_d": Mode.SIGNED, b"/slack/events": Mode.SLACK},
        keys=(KEY.encode(), b"p" * 32),
        slack_secret=b"s" * 32,
        upstream_token=b"t" * 32,
        host="10.0.0.1",
        port=9000,
        upstream_host="::1",
        upstream_port=18790,
        upstream_health=b"/startupz",
        limits=Limits(rate=0.5, max_body_bytes=1000),
    )
    assert list(found.paths) == [b"/hooks/a/b-c_d", b"/slack/events"]


def test_slack_alone_needs_no_key() -> None:
    paths = json.dumps([{"path": "/slack/events", "mode": "slack"}])
    secret = {"MOLTHUB_GATE_SLACK_SIGNING_SECRET": "s" * 32, "MOLTHUB_GATE_KEY": "", "MOLTHUB_GATE_KEY_PREVIOUS": ""}
    assert settings_from({"MOLTHUB_GATE_PATHS": paths, **secret}).keys == ()


def only(path: str, mode: str = "signed") -> str:
    return json.dumps([{"path": path, "mode": mode}])


@pytest.mark.parametrize(
    "paths",
    [
        "",
        "[]",
        "{}",
        "null",
        "5",
        "/hooks/agent",
        '["/hooks/agent"]',
        '[{"path": "/hooks/agent"}]',
        '[{"path": "/hooks/agent", "mode": "open"}]',
        '[{"path": "/hooks/agent", "mode": "signed", "x": 1}]',
        '[{"path": 5, "mode": "signed"}]',
        json.dumps([{"path": f"/hooks/{name}", "mode": "signed"} for name in "abcd"]),
        json.dumps([{"path": "/hooks/a", "mode": "signed"}] * 2),
        "[" * 100_000,
        *map(only, ("/", "/hooks", "/hooks/", "/hooks/A", "/hooks/a/", "/hooks//a", "/hooks/a?b", "/hooks/..")),
        *map(only, ("/healthz", "/tools/invoke", "/terminal", "/v1/responses", "/slack/events", "/hooks/a\n")),
        only("/hooks/agent", "slack"),
    ],
)  # fmt: skip
def test_only_exact_paths_of_hooks_and_slack(paths: str) -> None:
    assert wrong(PATHS=paths) == ["MH-GATE-002 MOLTHUB_GATE_PATHS does not name the paths to let through"]


def test_keys() -> None:
    unusable = "cannot be a key: it is shorter than 24 characters, or holds a space or a line's end"
    for name in ("KEY", "KEY_PREVIOUS", "SLACK_SIGNING_SECRET", "UPSTREAM_TOKEN"):
        for value in ("short", "x" * 32 + "\n", "x" * 16 + " " + "x" * 16, "ü" * 32):
            assert wrong(**{name: value}) == [f"MH-GATE-003 MOLTHUB_GATE_{name} {unusable}"]
    assert wrong(KEY="") == ["MH-GATE-003 MOLTHUB_GATE_KEY is not set, and a path of mode signed needs it"]
    assert wrong(PATHS=only("/slack/events", "slack")) == [
        "MH-GATE-003 MOLTHUB_GATE_SLACK_SIGNING_SECRET is not set, and a path of mode slack needs it"
    ]
    assert wrong(KEY_PREVIOUS=KEY) == ["MH-GATE-003 MOLTHUB_GATE_KEY_PREVIOUS is the same as MOLTHUB_GATE_KEY"]


@pytest.mark.parametrize(
    "value", ["", "8080", "example.com:80", "0.0.0.0:", "0.0.0.0:99999", "1.2.3:80", "0.0.0.0:80\n"]
)
def test_where_it_listens(value: str) -> None:
    assert wrong(LISTEN=value) == ["MH-GATE-004 MOLTHUB_GATE_LISTEN is no address to listen at"]


@pytest.mark.parametrize(
    "value",
    ["http://10.0.0.1:18789", "https://127.0.0.1:18789", "http://localhost:1", "http://127.0.0.1", "http://127.0.0.1:0",
     "http://127.0.0.1:1/x", "http://0.0.0.0:18789", "http://169.254.170.2:80"],
)  # fmt: skip
def test_only_the_loopback_is_asked(value: str) -> None:
    assert wrong(UPSTREAM=value) == ["MH-GATE-004 MOLTHUB_GATE_UPSTREAM is no http:// URL on the loopback"]


@pytest.mark.parametrize("value", ["", "startupz", "/", "/hooks/agent", "/a b", "/a\r\nX: y", "/%2e", "//x"])
def test_the_health_path_is_one_word(value: str) -> None:
    assert wrong(UPSTREAM_HEALTH=value) == ["MH-GATE-004 MOLTHUB_GATE_UPSTREAM_HEALTH is no health path"]


@pytest.mark.parametrize(
    ("name", "value"), [("RATE", "0"), ("RATE", "-1"), ("RATE", "nan"), ("BURST", "1.5"), ("AT_ONCE", "")]
)
def test_limits_are_numbers(name: str, value: str) -> None:
    assert wrong(**{name: value}) == [f"MH-GATE-005 MOLTHUB_GATE_{name} is no limit"]


def test_everything_wrong_is_said_at_once_and_no_key_is_repeated() -> None:
    secret = "a secret with spaces"
    with pytest.raises(InvalidInputError) as caught:
        settings_from({"MOLTHUB_GATE_KEY": secret, "MOLTHUB_GATE_KEY_PREVIOS": secret, "MOLTHUB_GATE_RATE": "x"})
    said = [str(one) for one in caught.value.diagnostics]
    assert [one.ref for one in caught.value.diagnostics] == ["MH-GATE-001", "MH-GATE-002", "MH-GATE-003", "MH-GATE-005"]
    assert "Did you mean MOLTHUB_GATE_KEY_PREVIOUS?" in said[0]
    assert secret not in "".join(said)
    assert KEY not in repr(settings_from(LEAST))
